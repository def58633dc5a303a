// The messages of a chat on the screen: at most 300 rows, which follow the timeline and load more at both ends.
import { h, icon, keyed, setText, watch } from "../dom.js";
import { openLightbox } from "../media/lightbox.js";
import { createNear } from "../media/near.js";
import { describe } from "../text/describe.js";
import { onMidnight } from "../text/time.js";
import { createDivider } from "./divider.js";
import { entriesOf } from "./entries.js";
import { createQuotes } from "./quotes.js";
import { createRange } from "./range.js";
import { createRowActions } from "./row-actions.js";
import { createRow } from "./row.js";
import { createScroll } from "./scroll.js";
import { createSeparator } from "./separators.js";

/** More rows are shown when the end of the shown ones is so near, in pixels. */
const EDGE_PX = 900;
/** Nearer to the end, a button that leads there is of no use. */
const JUMP_PX = 80;
/** How many arrivals of one moment the live region says. */
const MAX_ANNOUNCED = 3;
const FLASH_MS = 1600;
/** Where the divider and a message that is jumped to stand, as a part of the height. */
const DIVIDER_PLACE = 0.2;
const JUMP_PLACE = 0.35;

/**
 * @param {any} ctx
 * @param {any} chat
 * @param {AbortSignal} signal
 * @param {any} actions what the composer does: `reply(item)`, `edit(item)`
 */
export function createLog(ctx, chat, signal, { reply, edit, urls }) {
  const timeline = chat.timeline();
  const list = h("ol", { class: "rows", "aria-label": "Messages" });
  const scroller = h("div", { class: "log", role: "group", "aria-label": "Messages" }, list);
  const jumpText = h("span", { dir: "auto" });
  const jump = h("button", { class: "jump", hidden: true, onclick: () => toLatest() }, icon("down", "small"), jumpText);
  const node = h("div", { class: "log-place" }, scroller, jump);
  const summaryNow = () => chat.summary.get();

  const range = createRange();
  const divider = createDivider();
  let isPlaced = false;
  let isOpening = true;
  /** Whether the first unread message was looked for: once, also if it could not be loaded. */
  let isSought = false;
  /** The senders whose names are followed. @type {Set<string>} */
  const watched = new Set();

  const quoteOf = createQuotes(ctx, chat, signal, { bySeq: range.bySeq, onLoad: () => render() });
  const rows = keyed(list, (/** @type {any} */ entry) =>
    entry.kind === "message" ? createRow(tools, entry) : createSeparator(ctx, chat, entry, older),
  );
  const { react, setFocus, keepCurrent } = createRowActions(ctx, chat, list, {
    parts: rows.parts,
    reply,
    edit,
  });
  /** What rows need. */
  const tools = {
    ctx,
    urls,
    near: createNear(scroller, signal),
    /** @param {any} item */
    openPicture: (item) =>
      openLightbox(
        ctx,
        urls,
        range.items.filter(
          ({ state, message }) => state === "stored" && message.type === "image" && !message.deletedAt,
        ),
        item,
        ctx.layerRoot,
      ),
    jumpTo,
    react,
  };

  const scroll = createScroll(scroller, list, {
    isAnchor: (child) => child.classList.contains("message"),
    canPin: () => range.isAtEnd && !timeline.status.get().hasNewer,
    onMove() {
      extend();
      showJump();
      markSeen();
    },
  });

  /** How far the others have read: of any of them, a tick turns into two. */
  function othersReadSeq() {
    const me = ctx.me();
    let most = 0;
    for (const { id, readSeq } of chat.members.get()) if (id !== me && readSeq > most) most = readSeq;
    return most;
  }

  function renderRows() {
    for (const { message } of range.items.slice(range.from, range.to)) watchPerson(message.senderId);
    const { hasOlder, error } = timeline.status.get();
    const about = { isGroup: !!summaryNow()?.isGroup, seenSeq: othersReadSeq(), hasOlder, failed: !!error, quoteOf };
    scroll.keep(() => rows.render(entriesOf(range, divider, about)));
  }

  /** @param {string} id */
  function watchPerson(id) {
    if (watched.has(id)) return;
    watched.add(id);
    const off = ctx.client.person(id).subscribe(() => render());
    signal.addEventListener("abort", off, { once: true });
  }

  /** Follows the timeline. @param {readonly any[]} next */
  function take(next) {
    const wasAtEnd = range.isAtEnd;
    const newest = range.items.at(-1)?.message.seq ?? 0;
    range.follow(next, scroll.isPinned);
    const { hasOlder, hasNewer } = timeline.status.get();
    if (isPlaced && wasAtEnd && !hasNewer && newest > 0) {
      const arrived = range.items.filter(({ isOwn, message }) => !isOwn && message.seq > newest);
      if (arrived.length) announce(arrived);
    }
    divider.place(range.items, hasOlder);
    render();
    if (!isPlaced) place();
  }

  /** Says what arrived, and begins a divider if the reader does not look. @param {any[]} arrived */
  function announce(arrived) {
    for (const { message } of arrived.slice(-MAX_ANNOUNCED))
      ctx.live.say(`${ctx.client.person(message.senderId).get().name}: ${describe(message)}`);
    if (!isLooking()) divider.begin(range.items, arrived[0], summaryNow()?.readSeq ?? 0);
  }

  function render() {
    if (signal.aborted) return;
    const focused = ctx.layers.focused();
    const hadFocus = list.contains(focused);
    renderRows();
    keepCurrent();
    // The row with the focus is gone: it was discarded, or it is not loaded any more.
    if (hadFocus && !focused?.isConnected) setFocus(list.querySelector('.message[tabindex="0"]'));
    showJump();
    markSeen();
    queueMicrotask(extend);
  }

  /** Where the chat opens: at the divider, else at its end. */
  async function place() {
    if (!summaryNow() || isOpening || isPlaced || !range.items.length) return;
    const seq = divider.missingSeq;
    if (!isSought && seq !== undefined && timeline.status.get().hasOlder && range.items[0].message.seq > seq) {
      isOpening = isSought = true;
      await timeline.jumpTo(seq, { signal }).catch(() => {});
      isOpening = false;
      if (signal.aborted) return;
      take(timeline.items.get());
    }
    if (isPlaced) return;
    isPlaced = true;
    const row = rows.parts.get("divider");
    if (row) scroll.show(row.node, DIVIDER_PLACE);
    else if (!timeline.status.get().hasNewer) scroll.toEnd();
    node.classList.add("placed");
    render();
  }

  /** Shows more rows where the end of the shown ones is near, and loads more where there are none. */
  function extend() {
    if (signal.aborted || !range.items.length || isOpening) return;
    const { hasOlder, hasNewer, isLoading, error } = timeline.status.get();
    const canLoad = !isLoading && !error;
    if (scroller.scrollTop < EDGE_PX) {
      if (range.from > 0) {
        range.growOlder();
        return render();
      }
      if (hasOlder && canLoad) older();
    }
    if (scroll.distance() < EDGE_PX) {
      if (!range.isAtEnd) {
        range.growNewer();
        return render();
      }
      if (hasNewer && canLoad) timeline.newer(undefined, { signal }).catch(() => {});
    }
  }

  function older() {
    timeline.older(undefined, { signal }).catch(() => {});
  }

  const isLooking = () => document.visibilityState === "visible" && document.hasFocus();

  /** What is on the screen was seen, if somebody looks at the end of the chat. */
  function markSeen() {
    const summary = summaryNow();
    const isAtEnd = scroll.isPinned && range.isAtEnd && !timeline.status.get().hasNewer;
    if (!isPlaced || !summary || !isAtEnd || !isLooking()) return;
    const seq = range.items.findLast(({ message }) => message.seq !== undefined)?.message.seq ?? 0;
    const upTo = Math.max(seq, summary.seq);
    if (seq && (summary.readSeq < upTo || summary.markedUnread)) chat.markSeen(upTo).catch(() => {});
  }

  function showJump() {
    const isAtEnd =
      !timeline.status.get().hasNewer && (scroll.isPinned || (range.isAtEnd && scroll.distance() < JUMP_PX));
    const unread = summaryNow()?.unread ?? 0;
    jump.hidden = !isPlaced || isAtEnd;
    setText(jumpText, unread ? `Jump to latest (${unread})` : "Jump to latest");
  }

  /** Shows the end of the chat. */
  function toLatest() {
    if (timeline.status.get().hasNewer) timeline.toLatest();
    const next = timeline.items.get();
    if (next !== range.items) take(next);
    range.toEnd();
    renderRows();
    scroll.toEnd();
    isPlaced = true;
    render();
    if (jump === ctx.layers.focused()) setFocus(list.lastElementChild);
  }

  /** Shows a message, and lets it stand out for a moment. @param {number} seq */
  async function jumpTo(seq) {
    if (!range.bySeq(seq)) {
      try {
        await timeline.jumpTo(seq, { signal });
      } catch (error) {
        return ctx.layers.fail(error);
      }
      if (timeline.items.get() !== range.items) take(timeline.items.get());
    }
    const index = range.items.findIndex(({ message }) => message.seq === seq);
    if (index < 0) return ctx.layers.toast("The message is not there any more.");
    if (range.show(index)) renderRows();
    const row = rows.parts.get(range.items[index].key);
    if (!row) return;
    scroll.show(row.node, JUMP_PLACE);
    row.node.classList.add("flash");
    setTimeout(() => row.node.classList.remove("flash"), FLASH_MS);
    setFocus(row.node);
  }

  watch(chat.members, () => range.items.length && render(), signal);
  for (const off of [timeline.status.subscribe(render), timeline.items.subscribe(take)])
    signal.addEventListener("abort", off);
  watch(
    chat.summary,
    (/** @type {any} */ summary) => {
      if (!summary) return;
      if (isOpening && !isPlaced && !divider.isNeeded) {
        divider.open(summary);
        isOpening = false;
      }
      take(timeline.items.get());
      showJump();
    },
    signal,
  );
  addEventListener("focus", markSeen, { signal });
  document.addEventListener("visibilitychange", markSeen, { signal });
  onMidnight(render, signal);
  signal.addEventListener("abort", () => {
    scroll.destroy();
    timeline.toLatest();
    rows.clear();
  });

  return {
    node,
    toLatest,
    jumpTo,
    /** The last own message that can be edited now. */
    lastOwn: () =>
      range.items.findLast(
        ({ isOwn, state, message }) => isOwn && state === "stored" && message.type === "text" && !message.deletedAt,
      ),
    itemBySeq: range.bySeq,
  };
}
