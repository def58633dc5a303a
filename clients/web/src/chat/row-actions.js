// What is done with a row of the log by pointer, touch and keyboard: its toolbar, its menu, the focus in the list.
import { h, iconButton } from "../dom.js";
import { pickEmoji } from "../app/emoji-picker.js";
import { messageMenu } from "./actions.js";

/** Emojis are the same with and without the mark that asks for their picture. @param {string} text */
const plain = (text) => text.replaceAll("\uFE0F", "");

/** What Tab stops at by itself. */
const STOPS = "a, button, summary, input, audio";
/**
 * Whether Tab stops at what is in an element, and at the element.
 * @param {Element} root
 * @param {boolean} isStop
 */
function setStops(root, isStop) {
  for (const node of /** @type {Iterable<HTMLElement>} */ ([root, ...root.querySelectorAll(STOPS)]))
    if (node.matches(STOPS))
      if (isStop) node.removeAttribute("tabindex");
      else node.tabIndex = -1;
}

/**
 * @param {any} ctx
 * @param {any} chat
 * @param {HTMLElement} list
 * @param {{ parts: Map<string, any>, reply(item: any): void, edit(item: any): void }} log
 */
export function createRowActions(ctx, chat, list, { parts, reply, edit }) {
  const { layers } = ctx;
  /** The row that Tab reaches. @type {HTMLElement | undefined} */
  let current;
  const partOf = (/** @type {HTMLElement | null | undefined} */ row) => row && parts.get(row.dataset.key ?? "");
  /** Whether something can be done with it. @param {any} item */
  const isUsable = (item) => item?.state === "stored" && !item.message.deletedAt;

  /** Adds or takes back a reaction. @param {any} item @param {string} emoji */
  async function react({ message }, emoji) {
    const me = ctx.me();
    const mine = (message.reactions ?? [])
      .filter((/** @type {any} */ { userIds }) => userIds.includes(me))
      .map((/** @type {any} */ reaction) => reaction.emoji);
    const others = mine.filter((/** @type {string} */ known) => plain(known) !== plain(emoji));
    const next = others.length < mine.length ? others : [...mine, emoji];
    await chat.react(message.seq, next).catch(layers.fail);
  }
  /** @param {any} item @param {any} at */
  const chooseReaction = (item, at) =>
    pickEmoji(ctx, at, (/** @type {string} */ emoji) => react(item, emoji), { withQuick: true });

  // One toolbar goes to the row under the pointer or with the focus.
  const smile = iconButton("smile", "React", () => withRow((item) => chooseReaction(item, smile)));
  const answer = iconButton("reply", "Reply", () => withRow(reply));
  const more = iconButton("more", "More actions", () => openMenu(more), { "aria-haspopup": "menu" });
  const toolbar = h("div", { class: "toolbar", role: "toolbar", "aria-label": "Message actions" }, smile, answer, more);

  /** @param {HTMLElement | null | undefined} row */
  function showToolbar(row) {
    const part = partOf(row);
    if (!isUsable(part?.item)) {
      if (!toolbar.contains(layers.focused())) toolbar.remove();
    } else if (toolbar.parentElement !== part.line) part.line.append(toolbar);
  }
  /** @param {(item: any, row: HTMLElement) => void} run */
  function withRow(run) {
    const row = /** @type {HTMLElement | null} */ (toolbar.closest(".message"));
    const part = partOf(row);
    if (row && part) run(part.item, row);
  }
  /** @param {any} at */
  function openMenu(at) {
    withRow((item, row) => messageMenu(ctx, chat, item, at, { reply, edit, react: () => chooseReaction(item, row) }));
  }
  /** @param {HTMLElement} row @param {MouseEvent} event */
  function openFor(row, event) {
    if (!isUsable(partOf(row)?.item)) return;
    event.preventDefault();
    showToolbar(row);
    openMenu({ x: event.clientX, y: event.clientY });
  }

  /** @param {HTMLElement | undefined} row */
  function setCurrent(row) {
    if (row === current) return;
    if (current) {
      current.tabIndex = -1;
      setStops(current, false);
    }
    current = row;
    if (!current) return;
    current.tabIndex = 0;
    setStops(current, true);
  }
  // The log is one stop for Tab, with what is in that row: not with each link of each row.
  new MutationObserver((records) => {
    for (const { addedNodes } of records)
      for (const node of /** @type {Iterable<any>} */ (addedNodes)) {
        const row = node.closest?.(".message");
        if (row) setStops(node, row === current);
      }
  }).observe(list, { childList: true, subtree: true });
  /** @param {any} row */
  function setFocus(row) {
    setCurrent(row);
    row?.focus({ preventScroll: true });
  }

  const rowOf = (/** @type {any} */ event) => /** @type {HTMLElement | null} */ (event.target.closest?.(".message"));
  list.addEventListener(
    "pointerover",
    (/** @type {PointerEvent} */ event) => event.pointerType !== "touch" && showToolbar(rowOf(event)),
  );
  list.addEventListener("pointerleave", () => showToolbar(layers.focused()?.closest?.(".message")));
  list.addEventListener("focusin", (/** @type {any} */ event) => {
    const row = rowOf(event);
    if (row) setCurrent(row);
    if (row && (row.matches(":focus-visible") || toolbar.contains(event.target))) showToolbar(row);
  });
  list.addEventListener("contextmenu", (/** @type {MouseEvent} */ event) => {
    const row = rowOf(event);
    if (!row || /** @type {Element} */ (event.target).closest("a") || String(getSelection())) return;
    openFor(row, event);
  });
  list.addEventListener("click", (/** @type {any} */ event) => {
    const row = rowOf(event);
    const { target, pointerType } = event;
    if (pointerType === "touch" && row && target.closest(".bubble") && !target.closest("a, button, input, summary"))
      openFor(row, event);
  });
  list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const row = rowOf(event);
    if (!row || event.target !== row) return;
    const messages = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".message")]);
    const index = messages.indexOf(row);
    const steps = { ArrowUp: index - 1, ArrowDown: index + 1, Home: 0, End: messages.length - 1 };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step !== undefined) {
      const next = messages[Math.max(0, Math.min(step, messages.length - 1))];
      setCurrent(next);
      next.focus();
    } else if (event.key === "Enter" || event.key === "ContextMenu") {
      showToolbar(row);
      openMenu(/** @type {HTMLElement} */ (row.querySelector(".bubble")));
    } else return;
    event.preventDefault();
  });

  return {
    react,
    setFocus,
    /** The last row is the one that Tab reaches, if there is none. */
    keepCurrent() {
      if (!current?.isConnected) setCurrent(/** @type {HTMLElement} */ ([...list.querySelectorAll(".message")].at(-1)));
    },
  };
}
