// The number of unread messages in the title, and a dot on the icon of the page.
import { watch } from "../dom.js";

const SIZE = 32;
/** From so many messages on, the title does not count. */
const MAX_COUNT = 999;

/** The icon with a dot, drawn once. @returns {string} */
function dotted() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.fillStyle = "#a4471f";
  pen.beginPath();
  pen.roundRect(2, 5, 28, 19, 5);
  pen.fill();
  pen.fillStyle = "#ffffff";
  pen.beginPath();
  pen.arc(23, 23, 9, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = "#d9342b";
  pen.beginPath();
  pen.arc(23, 23, 7, 0, 2 * Math.PI);
  pen.fill();
  return canvas.toDataURL();
}

/** @param {any} ctx @param {AbortSignal} signal */
export function followTitle({ client }, signal) {
  const link = /** @type {HTMLLinkElement | null} */ (document.querySelector('link[rel="icon"]'));
  const plain = link?.href ?? "";
  /** @type {string | undefined} */
  let dot;
  watch(
    client.unreadTotal,
    (/** @type {number} */ unread) => {
      document.title = unread ? `(${unread > MAX_COUNT ? MAX_COUNT + "+" : unread}) Chats` : "Chats";
      if (link) link.href = unread ? (dot ??= dotted()) : plain;
    },
    signal,
  );
}
