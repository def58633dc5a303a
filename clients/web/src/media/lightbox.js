// Shows the pictures of a chat one at a time, in a dialog.
import { h, iconButton, put, setText } from "../dom.js";
import { explain } from "../text/errors.js";
import { fullDate } from "../text/time.js";

/**
 * @param {any} ctx
 * @param {any} urls
 * @param {any[]} items the pictures, oldest first
 * @param {any} first the one to begin with
 * @param {HTMLElement} root
 */
export function openLightbox(ctx, urls, items, first, root) {
  const before = ctx.layers.focused();
  let index = Math.max(0, items.indexOf(first));
  const about = h("p", { dir: "auto" });
  const place = h("div");
  const node = h("dialog", { class: "lightbox", "aria-label": "Photo" });
  const previous = iconButton("back", "Previous photo", () => show(index - 1));
  const next = iconButton("next", "Next photo", () => show(index + 1));
  /** @param {number} to */
  async function show(to) {
    if (to < 0 || to >= items.length) return;
    index = to;
    const { key, message } = items[index];
    const name = ctx.client.person(message.senderId).get().name;
    previous.disabled = index === 0;
    next.disabled = index === items.length - 1;
    setText(about, [name, fullDate(message.createdAt), message.content].filter(Boolean).join(" · "));
    const img = h("img", { alt: message.content || message.attachment?.fileName || "Photo" });
    put(place, img);
    try {
      img.src = await urls.get(key, message.seq);
    } catch (error) {
      put(place, h("p", null, explain(error)));
    }
  }
  const save = iconButton("download", "Download photo", async () => {
    const { key, message } = items[index];
    h("a", {
      href: await urls.get(key, message.seq),
      download: message.attachment?.fileName ?? "photo",
      target: "_blank",
      rel: "noopener noreferrer",
    }).click();
  });
  place.className = "frame";
  node.append(
    h(
      "header",
      null,
      about,
      save,
      iconButton("close", "Close", () => node.close(), { autofocus: true }),
    ),
    h("div", { class: "stage" }, previous, place, next),
  );
  node.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const rtl = getComputedStyle(node).direction === "rtl" ? -1 : 1;
    if (event.key === "ArrowLeft") show(index - rtl);
    else if (event.key === "ArrowRight") show(index + rtl);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(items.length - 1);
  });
  node.addEventListener("close", () => {
    node.remove();
    ctx.layers.giveBack(before);
  });
  root.append(node);
  show(index);
  node.showModal();
}
