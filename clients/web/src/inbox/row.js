// One chat in the list: who, when, the last message, what is unread.
import { h, icon, iconButton, put, setText } from "../dom.js";
import { avatarKey, chatAvatar } from "../avatar.js";
import { chatMenu } from "../chat/chat-menu.js";
import { chatHref } from "../router.js";
import { describe } from "../text/describe.js";
import { fullDate, shortTime } from "../text/time.js";

/** People whose name was asked for. @type {Set<string>} */
const asked = new Set();

/** @param {any} ctx @param {{ key: string }} entry */
export function createChatRow(ctx, { key: id }) {
  const { client } = ctx;
  const chat = client.chat(id);
  const name = h("span", { class: "name", dir: "auto" });
  const time = h("time");
  const preview = h("span", { class: "preview", dir: "auto" });
  const badge = h("span", { class: "badge", hidden: true });
  const marks = h("span", { class: "marks" });
  const picture = h("span");
  const link = h(
    "a",
    { href: chatHref(id), tabindex: -1 },
    picture,
    h("div", null, h("div", { class: "top" }, name, time), h("div", { class: "bottom" }, preview, marks, badge)),
  );
  const more = iconButton(
    "more",
    "Chat actions",
    () => ctx.layers.menu(more, chatMenu(ctx, chat, more), "Chat actions"),
    {
      class: "small more",
      "aria-haspopup": "menu",
      tabindex: -1,
    },
  );
  const node = h("li", { class: "chat-row", "data-chat": id }, link, more);
  let shownPicture = "";
  let shownMarks = "";
  /** @type {Map<string, () => void>} */
  const people = new Map();
  const offTyping = chat.typing.subscribe(() => render());
  /** @type {any} */
  let summary;
  let isCurrent = false;

  node.addEventListener("contextmenu", (/** @type {MouseEvent} */ event) => {
    event.preventDefault();
    const at = { x: event.clientX, y: event.clientY };
    ctx.layers.menu(at, chatMenu(ctx, chat, at), "Chat actions");
  });
  link.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "ContextMenu" && !(event.shiftKey && event.key === "F10")) return;
    event.preventDefault();
    ctx.layers.menu(link, chatMenu(ctx, chat, link), "Chat actions");
  });

  /** @param {string | undefined} user */
  function follow(user) {
    if (!user || people.has(user)) return;
    people.set(
      user,
      client.person(user).subscribe(() => render()),
    );
    // The list has no names of the senders in groups.
    if (client.person(user).get().name !== user || asked.has(user) || user === ctx.me()) return;
    asked.add(user);
    client.loadPerson(user).catch(() => {});
  }

  function showPreview() {
    const typing = chat.typing.get();
    const draft = isCurrent ? undefined : ctx.drafts.get(id);
    const { lastMessage: last } = summary;
    if (typing.length)
      return put(
        preview,
        h("span", { class: "typing" }, summary.isGroup ? `${typing[0].name} is typing …` : "typing …"),
      );
    if (draft?.text.trim())
      return put(preview, h("span", { class: "draft" }, "Draft: "), draft.text.trim().slice(0, 100));
    if (!last) return setText(preview, summary.topic ?? "");
    const isOwn = last.senderId === ctx.me();
    const sender = isOwn ? "You" : summary.isGroup ? client.person(last.senderId).get().name : "";
    setText(preview, sender ? `${sender}: ${describe(last)}` : describe(last));
  }

  function render() {
    if (!summary) return;
    const { title, unread, markedUnread, muted, pinned, activeAt, lastMessage } = summary;
    follow(summary.otherUserId);
    follow(lastMessage?.senderId);
    setText(name, title);
    const at = lastMessage?.createdAt ?? activeAt;
    setText(time, shortTime(at));
    time.dateTime = at;
    time.title = fullDate(at);
    const now = avatarKey(ctx, summary);
    if (now !== shownPicture) {
      shownPicture = now;
      put(picture, chatAvatar(ctx, summary));
    }
    showPreview();
    const isUnread = unread > 0 || markedUnread;
    node.classList.toggle("unread", isUnread);
    node.classList.toggle("muted", muted);
    badge.hidden = !isUnread;
    badge.classList.toggle("muted", muted);
    put(
      badge,
      unread > 0 ? String(unread) : "\u00A0",
      h("span", { class: "visually-hidden" }, unread > 0 ? " unread" : "marked as unread"),
    );
    const marked = `${muted} ${pinned}`;
    if (marked !== shownMarks) {
      shownMarks = marked;
      put(
        marks,
        muted && [icon("mute", "small"), h("span", { class: "visually-hidden" }, "muted")],
        pinned && [icon("pin", "small"), h("span", { class: "visually-hidden" }, "pinned")],
      );
    }
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    more.setAttribute("aria-label", `Actions for ${title}`);
  }

  return {
    node,
    /** @param {any} entry */
    update(entry) {
      summary = entry.summary;
      isCurrent = entry.isCurrent;
      render();
    },
    remove() {
      offTyping();
      for (const off of people.values()) off();
    },
  };
}
