// The rows of the log that are no messages: days, the unread divider, what is above the first message.
import { button, h, put, setText } from "../dom.js";
import { chatAvatar } from "../avatar.js";
import { dayName } from "../text/time.js";

function createDay() {
  const time = h("time");
  return {
    node: h("li", { class: "day" }, time),
    update(/** @type {any} */ { time: at }) {
      setText(time, dayName(at));
      time.dateTime = at.slice(0, 10);
    },
  };
}

function createDividerRow() {
  const label = h("span", { dir: "auto" });
  return { node: h("li", { class: "divider" }, label), update: (/** @type {any} */ { text }) => setText(label, text) };
}

/** @param {() => void} retry */
function createLoader(retry) {
  const again = button("Could not load. Try again", retry, "text-button");
  const text = h("span", null, "Loading");
  const node = h("li", { class: "loader" }, text);
  return {
    node,
    update(/** @type {any} */ { failed }) {
      const shown = failed ? again : text;
      if (node.firstChild !== shown) put(node, shown);
    },
  };
}

/** What is above the first message. @param {any} ctx @param {any} chat */
function createStart(ctx, chat) {
  const node = h("li", { class: "start" });
  let shown = "";
  return {
    node,
    update() {
      const summary = chat.summary.get();
      const now = JSON.stringify([summary?.title, summary?.topic]);
      if (!summary || now === shown) return;
      shown = now;
      put(
        node,
        chatAvatar(ctx, summary, "large"),
        h("b", { dir: "auto" }, summary.title),
        summary.topic && h("p", { dir: "auto" }, summary.topic),
        h("p", null, summary.isGroup ? "This is the beginning of the group." : "This is the beginning of your chat."),
      );
    },
  };
}

/**
 * @param {any} ctx
 * @param {any} chat
 * @param {{ kind: string }} entry
 * @param {() => void} retry loads older messages again
 * @returns {{ node: HTMLElement, update(entry: any): void }}
 */
export function createSeparator(ctx, chat, { kind }, retry) {
  if (kind === "day") return createDay();
  if (kind === "divider") return createDividerRow();
  return kind === "loader" ? createLoader(retry) : createStart(ctx, chat);
}
