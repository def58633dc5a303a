// What can be done with a chat, from the list and from the chat itself.
import { openInfo } from "./info.js";

const HOUR_MS = 3_600_000;

/** @param {any} ctx @param {any} chat */
export const ask = (ctx, chat) => (/** @type {Promise<any>} */ request) => request.catch(ctx.layers.fail);

/**
 * @param {any} ctx
 * @param {any} chat
 * @param {any} at what the menu is beside
 * @param {{ withDetails?: boolean }} [options]
 */
export function chatMenu(ctx, chat, at, { withDetails } = {}) {
  const summary = chat.summary.get();
  if (!summary) return [];
  const tell = ask(ctx, chat);
  const { layers, router } = ctx;
  const muteFor = (/** @type {number | undefined} */ hours) =>
    tell(chat.mute(hours && new Date(Date.now() + hours * HOUR_MS)));
  return [
    withDetails && {
      label: summary.isGroup ? "Group details" : "Details",
      icon: "info",
      run: () => openInfo(ctx, chat),
    },
    { label: summary.pinned ? "Unpin" : "Pin", icon: "pin", run: () => tell(chat.pin(!summary.pinned)) },
    summary.muted
      ? { label: "Unmute", icon: "bell", run: () => tell(chat.unmute()) }
      : {
          label: "Mute",
          icon: "mute",
          run: () =>
            layers.menu(
              at,
              [
                { label: "For 1 hour", run: () => muteFor(1) },
                { label: "For 8 hours", run: () => muteFor(8) },
                { label: "For a week", run: () => muteFor(7 * 24) },
                { label: "Until I unmute it", run: () => muteFor(undefined) },
              ],
              "Mute",
            ),
        },
    {
      label: summary.markedUnread || summary.unread ? "Mark as read" : "Mark as unread",
      icon: "unread",
      run: () => {
        if (summary.markedUnread || summary.unread) return tell(chat.markSeen());
        if (router.route.chatId === chat.id) router.home();
        tell(chat.markUnread());
      },
    },
    {
      label: summary.archived ? "Move to chats" : "Archive",
      icon: "archive",
      run: () => {
        tell(chat.archive(!summary.archived));
        if (!summary.archived && router.route.chatId === chat.id) router.home();
      },
    },
    "rule",
    {
      label: "Clear history",
      icon: "broom",
      danger: true,
      run: () =>
        layers.confirm({
          title: "Clear history",
          text: "All messages so far are hidden from you. The others still see them.",
          action: "Clear history",
          run: () => tell(chat.clear()),
        }),
    },
    summary.isGroup
      ? {
          label: "Leave group",
          icon: "leave",
          danger: true,
          run: () =>
            layers.confirm({
              title: `Leave ${summary.title}`,
              text: "You will not get its messages any more. A member can add you again.",
              action: "Leave",
              run: () => tell(chat.leave().then(() => router.route.chatId === chat.id && router.home())),
            }),
        }
      : summary.blocked
        ? { label: "Unblock", icon: "block", run: () => tell(ctx.client.unblock(summary.otherUserId)) }
        : {
            label: `Block ${summary.title}`,
            icon: "block",
            danger: true,
            run: () =>
              layers.confirm({
                title: `Block ${summary.title}`,
                text: "Neither of you can write to the other in this chat until you end the block.",
                action: "Block",
                run: () => tell(ctx.client.block(summary.otherUserId)),
              }),
          },
  ];
}
