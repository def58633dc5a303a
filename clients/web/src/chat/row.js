// One message of the log. Its node stays the same from the moment it is sent until it is stored, edited or deleted.
import { button, drawing, h, put, setText } from "../dom.js";
import { personAvatar } from "../avatar.js";
import { createAudio, createFile, createPicture } from "../media/views.js";
import { describe } from "../text/describe.js";
import { explain } from "../text/errors.js";
import { isEmojiOnly, richText } from "../text/links.js";
import { fullDate, timeOfDay } from "../text/time.js";

const MEDIA = { image: createPicture, audio: createAudio, file: createFile };
const ONE_TICK = "M3 6l3 3 6-8";
const TWO_TICKS = "M1 6l3 3 6-8M6.500 8.500l.5.5 6-8";
const MARK = "M6 1.500v5.500M6 10v.01";
const CLOCK = "M6 11a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM6 3.500V6l1.800 1.200";

/** The drawing and the look of a state; that of the others is a clock. */
const TICKS = { seen: [TWO_TICKS, "seen"], stored: [ONE_TICK, ""], failed: [MARK, "failed"] };

/** What is told about a message that is not stored yet. */
const STATES = { waiting: "Waiting to be sent", uploading: "Uploading", sending: "Sending", failed: "Not sent" };

/**
 * The custom data of something, folded.
 * @param {Record<string, unknown> | undefined} custom
 */
export function customData(custom) {
  if (!custom || !Object.keys(custom).length) return;
  return h(
    "details",
    { class: "custom" },
    h("summary", null, "Data"),
    h(
      "dl",
      null,
      Object.entries(custom).map(([name, value]) => [
        h("dt", { dir: "auto" }, name),
        h("dd", { dir: "auto" }, typeof value === "string" ? value : JSON.stringify(value)),
      ]),
    ),
  );
}

/**
 * @param {any} log what the log gives its rows
 * @param {any} entry
 */
export function createRow(log, { key }) {
  const { ctx } = log;
  const node = h("li", { class: "message", tabindex: -1, "data-key": key });
  const avatarPlace = h("span", { hidden: true });
  const author = h("p", { class: "author", dir: "auto", hidden: true });
  const content = h("div", { class: "content" });
  const time = h("time");
  const edited = h("span", { hidden: true }, "edited");
  const ticks = h("span", { class: "tick-place", hidden: true });
  const meta = h("span", { class: "meta" }, edited, time, ticks);
  const bubble = h("div", { class: "bubble" });
  const reactions = h("div", { class: "reactions", hidden: true });
  const failure = h("div", { class: "failure", hidden: true });
  const line = h("div", { class: "bubble-line" }, bubble);
  const body = h("div", { class: "body" }, author, line, reactions, failure);
  put(node, body);
  /** @type {any} */
  let media;
  /** @type {any} */
  let item;
  let shownContent = "";
  let shownTicks = "";
  let shownAvatar = "";
  /** @type {any} */
  let shownReactions;
  let shownFailure = "";

  /** @param {any} entry */
  function showContent({ quote }) {
    const { message } = item;
    const { type, content: text, deletedAt, mentions = [], custom, replyTo } = message;
    const names = mentions.map((/** @type {string} */ id) => ctx.client.person(id).get().name);
    const now = JSON.stringify([type, text, deletedAt, names, custom, replyTo, quote]);
    if (now === shownContent) return media?.update(item);
    shownContent = now;
    const kind = deletedAt ? undefined : MEDIA[/** @type {keyof typeof MEDIA} */ (type)];
    if (!kind) {
      media?.stop?.();
      media = undefined;
    } else media ??= kind(log, item);
    media?.update(item);
    const shown = deletedAt ? "Message deleted" : text;
    node.classList.toggle("emoji-only", !deletedAt && type === "text" && !replyTo && isEmojiOnly(text));
    const quoted =
      !deletedAt &&
      replyTo &&
      h(
        "button",
        { class: "quote", onclick: () => log.jumpTo(replyTo) },
        h("b", { dir: "auto" }, quote?.name ?? "Earlier message"),
        h("span", { dir: "auto" }, quote?.text ?? "Show it"),
      );
    node.classList.toggle("with-picture", kind === createPicture);
    node.classList.toggle("with-file", !!kind && kind !== createPicture && !shown);
    node.classList.toggle("without-text", !shown);
    put(content, quoted, media?.node, !deletedAt && customData(custom));
    put(bubble, content, meta);
    if (shown) {
      const rich = h("span", { class: "text", dir: "auto" }, deletedAt ? shown : richText(shown, names));
      bubble.insertBefore(rich, meta);
    }
  }

  /** @param {any} entry */
  function showMeta({ seen }) {
    const { message, state, isOwn } = item;
    setText(time, timeOfDay(message.createdAt));
    if (time.dateTime !== message.createdAt) {
      time.dateTime = message.createdAt;
      time.title = fullDate(message.createdAt);
    }
    edited.hidden = !message.editedAt || !!message.deletedAt;
    const now = !isOwn || message.deletedAt ? "" : state !== "stored" ? state : seen ? "seen" : "stored";
    if (now === shownTicks) return;
    shownTicks = now;
    ticks.hidden = !now;
    if (!now) return put(ticks);
    const [d, look] = TICKS[/** @type {keyof typeof TICKS} */ (now)] ?? [CLOCK, "waiting"];
    const text =
      now === "seen" ? "Seen" : now === "stored" ? "Sent" : STATES[/** @type {keyof typeof STATES} */ (state)];
    put(
      ticks,
      drawing(d === CLOCK || d === MARK ? "0 0 12 12" : "0 0 15 11", `ticks ${look}`, d),
      h("span", { class: "visually-hidden" }, text),
    );
    ticks.title = text;
  }

  function showReactions() {
    const list = item.message.deletedAt ? undefined : item.message.reactions;
    if (list === shownReactions) return;
    shownReactions = list;
    reactions.hidden = !list?.length;
    const me = ctx.me();
    put(
      reactions,
      (list ?? []).map((/** @type {any} */ { emoji, count, userIds }) => {
        const isMine = userIds.includes(me);
        const names = userIds
          .map((/** @type {string} */ id) => (id === me ? "you" : ctx.client.person(id).get().name))
          .join(", ");
        return h(
          "button",
          {
            class: "reaction",
            "aria-pressed": String(isMine),
            title: names,
            "aria-label": `${emoji}, ${count}: ${names}`,
            onclick: () => log.react(item, emoji),
          },
          h("span", null, emoji),
          ` ${count}`,
        );
      }),
    );
  }

  function showFailure() {
    const { state, error, sending } = item;
    const now = state === "failed" ? explain(error) : "";
    if (now === shownFailure) return;
    shownFailure = now;
    failure.hidden = !now;
    node.classList.toggle("failed", !!now);
    const hadFocus = failure.contains(ctx.layers.focused());
    put(
      failure,
      now && h("span", null, `Not sent. ${now}`),
      now && button("Retry", () => sending.retry(), "text-button"),
      now && button("Discard", () => sending.discard(), "text-button"),
    );
    if (hadFocus) node.focus({ preventScroll: true });
  }

  return {
    node,
    /** What the toolbar lies beside. */
    line,
    get item() {
      return item;
    },
    /** @param {any} entry */
    update(entry) {
      const { isFirst, isLast, showAuthor } = entry;
      const isNew = item !== entry.item;
      item = entry.item;
      const { message, isOwn } = item;
      const { classList } = node;
      classList.toggle("own", isOwn);
      classList.toggle("first", isFirst);
      classList.toggle("last", isLast);
      classList.toggle("deleted", !!message.deletedAt);
      classList.toggle("mentions-me", !isOwn && (message.mentions ?? []).includes(ctx.me()));
      if (message.seq) node.dataset.seq = String(message.seq);
      node.dataset.state = item.state;
      const person = ctx.client.person(message.senderId).get();
      if (!isOwn) {
        const now = isFirst ? `${person.name}\n${person.avatarUrl}` : "none";
        if (now !== shownAvatar) {
          shownAvatar = now;
          const next = isFirst ? personAvatar(person, "small") : avatarPlace;
          if (node.firstElementChild !== body) node.firstElementChild.remove();
          if (isFirst) node.prepend(next);
        }
        author.hidden = !(isFirst && showAuthor);
        if (!author.hidden) setText(author, person.name);
      }
      showContent(entry);
      showMeta(entry);
      showReactions();
      showFailure();
      if (isNew)
        node.setAttribute(
          "aria-label",
          `${isOwn ? "You" : person.name}, ${timeOfDay(message.createdAt)}: ${describe(message)}`,
        );
    },
    remove() {
      media?.stop?.();
    },
  };
}
