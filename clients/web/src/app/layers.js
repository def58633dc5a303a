// What lies above the page: menus, dialogs, short notices. Each gives the focus back to where it was.
import { button, h, icon, iconButton } from "../dom.js";
import { explain } from "../text/errors.js";

const TOAST_MS = 6000;
/** More notices would hide the page: the oldest goes. */
const MAX_TOASTS = 4;
/** The distance between a menu and its button, and the edge of the window. */
const GAP = 6;

/**
 * @typedef {{ label: string, icon?: any, run(): unknown, danger?: boolean } | "rule" | false | undefined} MenuItem
 */

/** @param {HTMLElement} root where the layers are put */
export function createLayers(root) {
  const toasts = h("div", { class: "toasts", role: "status" });
  root.append(toasts);

  /** The element with the focus, also in a shadow root. */
  const focused = () => /** @type {HTMLElement | null} */ (/** @type {any} */ (root.getRootNode()).activeElement);

  /** Whether the focus is lost. It is not, if it is elsewhere in a page that has a chat window. */
  const isNowhere = () => (focused() ?? document.activeElement ?? document.body) === document.body;

  /** The dialog that is above everything else. A modal dialog hides what is below it. */
  const openDialog = () => /** @type {HTMLElement[]} */ ([...root.querySelectorAll("dialog[open]")]).at(-1);

  /**
   * Gives a lost focus back. If what had it is gone, the reader goes on in the dialog, or where the chat is.
   * @param {HTMLElement | null} [before] what had the focus
   */
  function giveBack(before) {
    if (!isNowhere()) return;
    if (before?.isConnected) before.focus({ preventScroll: true });
    const place = openDialog() ?? root.querySelector("main");
    if (!place || !isNowhere()) return;
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
    // A click beside the messages is not meant for it.
    place.addEventListener("blur", () => place.removeAttribute("tabindex"), { once: true });
  }

  /**
   * Shows a layer beside an element until Escape, a click elsewhere, or `close`.
   * @param {HTMLElement} layer
   * @param {HTMLElement | { x: number, y: number }} at
   * @param {{ onclose?(): void }} [options]
   */
  function popover(layer, at, { onclose } = {}) {
    const before = focused();
    layer.popover = "auto";
    // Beside its button: what is outside of an open dialog cannot be used, and a landmark should be around it.
    const place = at instanceof HTMLElement ? at.closest("dialog, nav, main") : undefined;
    (place ?? root.querySelector("main") ?? root).append(layer);
    layer.showPopover();
    const anchor = at instanceof HTMLElement ? at.getBoundingClientRect() : new DOMRect(at.x, at.y, 0, 0);
    const { width, height } = layer.getBoundingClientRect();
    const isRtl = getComputedStyle(root).direction === "rtl";
    const x = isRtl ? anchor.left : anchor.right - width;
    const below = anchor.bottom + GAP + height <= innerHeight || anchor.top < height + GAP;
    layer.style.left = `${Math.max(GAP, Math.min(x, innerWidth - width - GAP))}px`;
    layer.style.top = `${Math.max(GAP, Math.min(below ? anchor.bottom + GAP : anchor.top - height - GAP, innerHeight - height - GAP))}px`;
    if (at instanceof HTMLElement) at.setAttribute("aria-expanded", "true");
    let isClosed = false;
    const close = () => {
      if (isClosed) return;
      isClosed = true;
      if (at instanceof HTMLElement) at.setAttribute("aria-expanded", "false");
      layer.remove();
      onclose?.();
      giveBack(before);
    };
    layer.addEventListener("toggle", (/** @type {any} */ event) => event.newState === "closed" && close());
    layer.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      close();
    });
    return close;
  }

  /**
   * @param {HTMLElement | { x: number, y: number }} at
   * @param {MenuItem[]} items
   * @param {string} label
   */
  function menu(at, items, label) {
    const node = h("div", { class: "menu", role: "menu", "aria-label": label });
    let isLastRule = true;
    for (const item of items) {
      if (!item) continue;
      if (item === "rule") {
        if (!isLastRule) node.append(h("hr", { role: "separator" }));
        isLastRule = true;
        continue;
      }
      isLastRule = false;
      const run = () => {
        close();
        item.run();
      };
      node.append(
        h(
          "button",
          { role: "menuitem", tabindex: -1, class: item.danger && "danger", onclick: run },
          item.icon && icon(item.icon),
          item.label,
        ),
      );
    }
    const close = popover(node, at);
    const buttons = /** @type {HTMLElement[]} */ ([...node.querySelectorAll("button")]);
    buttons[0]?.focus();
    node.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const index = buttons.indexOf(/** @type {any} */ (focused()));
      const steps = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: buttons.length - 1 };
      const step = steps[/** @type {keyof typeof steps} */ (event.key)];
      if (event.key === "Tab") close();
      if (step === undefined) return;
      event.preventDefault();
      buttons[(step + buttons.length) % buttons.length].focus();
    });
  }

  /**
   * Shows a dialog with a title until it is closed.
   * @param {string} title
   * @param {(close: () => void, signal: AbortSignal) => any} fill makes the content
   */
  function dialog(title, fill) {
    const before = focused();
    const controller = new AbortController();
    const id = "title-" + Math.random().toString(36).slice(2);
    const node = h("dialog", { class: "panel", "aria-labelledby": id });
    const close = () => node.close();
    node.append(
      h("header", null, h("h2", { id }, title), iconButton("close", "Close", close)),
      h("div", { class: "content" }, fill(close, controller.signal)),
    );
    node.addEventListener("close", () => {
      controller.abort();
      node.remove();
      giveBack(before);
    });
    // A click beside it closes it.
    node.addEventListener("mousedown", (/** @type {MouseEvent} */ event) => event.target === node && close());
    root.append(node);
    node.showModal();
    const first = node.querySelector("[autofocus]");
    if (first) first.focus();
    return close;
  }

  /**
   * Asks before something that cannot be taken back.
   * @param {{ title: string, text: string, action: string, run(): unknown }} question
   */
  const confirm = ({ title, text, action, run }) =>
    dialog(title, (close) => [
      h("p", null, text),
      h(
        "div",
        { class: "buttons" },
        button("Cancel", close),
        h("button", { class: "button danger", autofocus: true, onclick: () => (close(), run()) }, action),
      ),
    ]);

  /** Shows a short notice. @param {string} text */
  function toast(text) {
    const node = h("p", { class: "toast" }, text);
    (openDialog() ?? root).append(toasts);
    toasts.append(node);
    if (toasts.children.length > MAX_TOASTS) toasts.firstChild?.remove();
    setTimeout(() => {
      node.remove();
      if (!toasts.children.length) root.append(toasts);
    }, TOAST_MS);
  }

  /** Says why something failed. @param {any} error */
  const fail = (error) => toast(explain(error));

  return { popover, menu, dialog, confirm, toast, fail, focused, giveBack };
}
