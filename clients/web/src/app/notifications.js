// A notification per message, whichever tab shows it. A tab in which the message can be seen claims it.
import { describe } from "../text/describe.js";

/** Older messages come from catching up: they do not notify. */
const MAX_AGE_MS = 60_000;
/** How long a tab waits for another one in which the message can be seen. */
const CLAIM_WAIT_MS = 300;
/** How many claimed messages are remembered. */
const MAX_CLAIMS = 100;
const KEY = "lambda-chat/notified";

/** Asks the reader. To be called in a click. @returns {Promise<boolean>} */
export async function askForNotifications() {
  if (!("Notification" in globalThis)) return false;
  return (await Notification.requestPermission()) === "granted";
}

/**
 * Whether this tab is the first to claim a message.
 * @param {string} id
 */
function claim(id) {
  const take = () => {
    try {
      /** @type {string[]} */
      const claims = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      if (claims.includes(id)) return false;
      localStorage.setItem(KEY, JSON.stringify([...claims, id].slice(-MAX_CLAIMS)));
    } catch {
      // The browser refuses: each tab notifies. With the same tag, the browser shows one notification.
    }
    return true;
  };
  return navigator.locks ? navigator.locks.request(KEY, take) : Promise.resolve(take());
}

/** Whether a message notifies. @param {any} message @param {any} summary @param {any} me */
function notifies(message, summary, me) {
  const isMention = (message.mentions ?? []).includes(me.id);
  if (summary.muted) return isMention && me.notifyOnMention === true;
  return summary.notify !== "mentions" || isMention;
}

/** @param {any} ctx @param {AbortSignal} signal */
export function followMessages(ctx, signal) {
  const { client, settings, router } = ctx;
  const isSeen = (/** @type {string} */ chatId) =>
    document.visibilityState === "visible" && document.hasFocus() && router.route.chatId === chatId;
  client.on(
    "message.created",
    async (/** @type {any} */ { chatId, data: message }) => {
      const me = client.me.get();
      if (message.senderId === me?.id || message.deletedAt || Date.now() - Date.parse(message.createdAt) > MAX_AGE_MS)
        return;
      if (isSeen(chatId)) return void claim(message.messageId);
      if (!settings.get().notifications || globalThis.Notification?.permission !== "granted") return;
      await new Promise((resolve) => setTimeout(resolve, CLAIM_WAIT_MS));
      const summary = client.chat(chatId).summary.get();
      if (!summary || summary.archived || !notifies(message, summary, me) || summary.readSeq >= message.seq) return;
      if (!(await claim(message.messageId))) return;
      const name = client.person(message.senderId).get().name;
      const notification = new Notification(summary.isGroup ? `${name} in ${summary.title}` : name, {
        body: describe(message),
        tag: message.messageId,
      });
      notification.onclick = () => {
        focus();
        router.openChat(chatId);
        notification.close();
      };
    },
    { signal },
  );
}
