// A chat on the screen: who it is with, the log, and where a message is written.
import { h, iconButton, nothing, put, setText, watch } from "../dom.js";
import { avatarKey, chatAvatar } from "../avatar.js";
import { createUrls } from "../media/urls.js";
import { lastSeen } from "../text/time.js";
import { chatMenu } from "./chat-menu.js";
import { createComposer } from "./composer.js";
import { openInfo } from "./info.js";
import { createLog } from "./log.js";

/**
 * Says that the user is not in a chat, instead of showing it.
 * @param {any} ctx
 * @param {HTMLElement} place
 * @param {any} view the chat that is shown there, if it is
 * @param {Element} [action] what the reader can do
 */
export function showNoChat({ layers }, place, view, action) {
  const hadFocus = place.contains(layers.focused());
  view?.destroy();
  put(
    place,
    nothing("This chat is not there", "You are not in it any more, or the address is wrong.", action),
  );
  if (hadFocus) layers.giveBack();
}

/**
 * @param {any} ctx
 * @param {string} chatId
 * @param {{ hasInbox?: boolean }} [options] `hasInbox`: there is an inbox to go back to
 */
export function createChatView(ctx, chatId, { hasInbox = true } = {}) {
  const controller = new AbortController();
  const { signal } = controller;
  const chat = ctx.client.chat(chatId);
  const close = chat.open();
  const title = h("h2", { dir: "auto" });
  const state = h("p", { class: "state" });
  const picture = h("span");
  const who = h(
    "button",
    { class: "who", onclick: () => openInfo(ctx, chat) },
    h("span", { class: "visually-hidden" }, "Details of "),
    picture,
    h("div", null, title, state),
  );
  const more = iconButton(
    "more",
    "More",
    () => ctx.layers.menu(more, chatMenu(ctx, chat, more, { withDetails: true }), "Chat actions"),
    { "aria-haspopup": "menu" },
  );
  const header = h(
    "header",
    null,
    hasInbox && iconButton("back", "Back to chats", () => ctx.router.home(), { class: "back" }),
    who,
    more,
  );
  const node = h("section", { class: "chat", "aria-label": "Chat" }, header);
  const urls = createUrls(chat);
  /** @type {any} */
  let log;
  const composer = createComposer(ctx, chat, signal, { getLog: () => log, dropPlace: node });
  log = createLog(ctx, chat, signal, { reply: composer.reply, edit: composer.edit, urls });
  node.append(log.node, composer.node);
  composer.begin();

  let isWatched = false;
  let shownPicture = "";
  const showHeader = () => {
    const summary = chat.summary.get();
    if (!summary) return;
    setText(title, summary.title);
    const now = avatarKey(ctx, summary);
    if (now !== shownPicture) {
      shownPicture = now;
      put(picture, chatAvatar(ctx, summary, "small"));
    }
    composer.update(summary);
    if (!summary.isGroup) {
      const { status, lastSeen: at } = ctx.client.person(summary.otherUserId ?? "").get();
      setText(state, status === "online" ? "online" : at ? lastSeen(at) : "");
      return;
    }
    const online = chat.members.get().filter((/** @type {any} */ { person }) => person.status === "online").length;
    setText(state, summary.topic ?? `${summary.participantCount} members${online > 1 ? `, ${online} online` : ""}`);
  };
  watch(chat.members, showHeader, signal);
  watch(
    chat.summary,
    (/** @type {any} */ summary) => {
      showHeader();
      if (summary && !summary.isGroup && !signal.aborted && !isWatched) {
        isWatched = true;
        watch(ctx.client.person(summary.otherUserId), showHeader, signal);
      }
    },
    signal,
  );
  watch(chat.typing, composer.showTyping, signal);

  return {
    node,
    composer,
    destroy() {
      controller.abort();
      close();
      urls.clear();
    },
  };
}
