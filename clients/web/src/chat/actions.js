// What can be done with a message.
import { h } from "../dom.js";
import { personAvatar } from "../avatar.js";
import { describe } from "../text/describe.js";
import { fullDate } from "../text/time.js";

/** The system lets a message be edited for so long. */
const EDIT_WINDOW_MS = 15 * 60_000;

/** @param {any} item */
export const canEdit = ({ isOwn, state, message }) =>
  isOwn && state === "stored" && !message.deletedAt && Date.now() - Date.parse(message.createdAt) < EDIT_WINDOW_MS;

/**
 * @param {any} ctx
 * @param {any} chat
 * @param {any} item
 * @param {any} at
 * @param {{ reply(item: any): void, edit(item: any): void, react(): void }} actions
 */
export function messageMenu(ctx, chat, item, at, { reply, edit, react }) {
  const { message, isOwn } = item;
  const { layers } = ctx;
  const isAdmin = chat.summary.get()?.isAdmin;
  const remove = (/** @type {boolean} */ forEveryone) => chat.delete(message.seq, { forEveryone }).catch(layers.fail);
  layers.menu(
    at,
    [
      { label: "Reply", icon: "reply", run: () => reply(item) },
      { label: "React", icon: "smile", run: react },
      canEdit(item) && { label: "Edit", icon: "edit", run: () => edit(item) },
      !!message.content && {
        label: "Copy text",
        icon: "copy",
        run: () =>
          navigator.clipboard.writeText(message.content).then(
            () => layers.toast("Copied."),
            () => layers.toast("The browser does not allow copying. Select the text instead."),
          ),
      },
      isOwn && { label: "Seen by", icon: "eye", run: () => showSeenBy(ctx, chat, item) },
      "rule",
      {
        label: "Delete for me",
        icon: "trash",
        danger: true,
        run: () =>
          layers.confirm({
            title: "Delete for me",
            text: "You will not see this message any more. The others still see it.",
            action: "Delete for me",
            run: () => remove(false),
          }),
      },
      (isOwn || isAdmin) && {
        label: "Delete for everyone",
        icon: "trash",
        danger: true,
        run: () =>
          layers.confirm({
            title: "Delete for everyone",
            text: "Nobody will see this message any more. That it was deleted stays visible.",
            action: "Delete for everyone",
            run: () => remove(true),
          }),
      },
    ],
    "Message actions",
  );
}

/** @param {any} ctx @param {any} chat @param {any} item */
function showSeenBy(ctx, chat, item) {
  const { message } = item;
  ctx.layers.dialog("Seen by", () => {
    const seen = item.seenBy.filter((/** @type {string} */ id) => id !== message.senderId);
    const others = chat.members
      .get()
      .filter((/** @type {any} */ { id }) => id !== message.senderId && !seen.includes(id));
    const people = (/** @type {string[]} */ ids) =>
      h(
        "ul",
        { class: "people" },
        ids.map((id) => {
          const person = ctx.client.person(id).get();
          return h("li", null, personAvatar(person, "small"), h("span", { class: "name", dir: "auto" }, person.name));
        }),
      );
    return [
      h("p", { class: "hint", dir: "auto" }, `${describe(message)} · ${fullDate(message.createdAt)}`),
      h(
        "section",
        null,
        h("h3", null, `Seen by ${seen.length}`),
        seen.length ? people(seen) : h("p", { class: "hint" }, "Nobody yet."),
      ),
      others.length > 0 &&
        h("section", null, h("h3", null, "Not yet"), people(others.map((/** @type {any} */ { id }) => id))),
    ];
  });
}
