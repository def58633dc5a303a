// The messages of a chat on the screen: at most 300 rows, which follow the timeline and load more at both ends.
import { button, h, icon, iconButton, keyed, put, setText, watch } from "../dom.js";
import { chatAvatar } from "../avatar.js";
import { pickEmoji } from "../app/emoji-picker.js";
import { openLightbox } from "../media/lightbox.js";
import { describe } from "../text/describe.js";
import { dayName, dayOf, untilMidnight } from "../text/time.js";
import { messageMenu } from "./actions.js";
import { createRow } from "./row.js";
import { createScroll } from "./scroll.js";

/** More rows are slow: the far side is trimmed. */
export const MAX_ROWS = 300;
/** How many rows are added at an end at once. */
const STEP_ROWS = 50;
/** More rows are shown when the end of the shown ones is so near, in pixels. */
const EDGE_PX = 900;
/** Messages of one sender that are closer in time belong together. */
const GROUP_MS = 5 * 60_000;
const FLASH_MS = 1600;

/**
 * @param {any} ctx
 * @param {any} chat
 * @param {AbortSignal} signal
 * @param {any} actions what the composer does: `reply(item)`, `edit(item)`
 */
export function createLog(ctx, chat, signal, { reply, edit, urls, sizes }) {
  const timeline = chat.timeline();
  const list = h("ol", { class: "rows", "aria-label": "Messages" });
  const scroller = h("div", { class: "log", role: "group", "aria-label": "Messages" }, list);
  const jumpText = h("span");
  const jump = h("button", { class: "jump", hidden: true, onclick: () => toLatest() }, icon("down", "small"), jumpText);
  const node = h("div", { class: "log-place" }, scroller, jump);
  const summaryNow = () => chat.summary.get();

  /** @type {readonly any[]} */
  let items = [];
  /** The shown items: from `from` up to, and without, `to`. */
  let from = 0;
  let to = 0;
  let isPlaced = false;
  /** Up to where the reader had read when the chat was opened; undefined without unread messages. */
  let readSeq = /** @type {number | undefined} */ (undefined);
  let unreadAtOpen = 0;
  /** The message after the divider: it stays for the visit. */
  let dividerKey = "";
  let isOpening = true;
  /** @type {Map<number, any>} */
  let bySeq = new Map();
  /** What is quoted and not loaded. @type {Map<number, any>} */
  const quotes = new Map();
  /** @type {Set<string>} */
  const watched = new Set();
  /** @type {HTMLElement | undefined} */
  let current;

  const seenObserver = new IntersectionObserver(
    (changes) => {
      for (const { isIntersecting, target } of changes)
        if (isIntersecting) {
          seenObserver.unobserve(target);
          loaders.get(target)?.();
        }
    },
    { root: scroller, rootMargin: "600px 0px" },
  );
  /** @type {WeakMap<Element, () => void>} */
  const loaders = new WeakMap();

  const tools = {
    ctx,
    urls,
    sizes,
    /** Calls `load` when a node comes near. @param {Element} target @param {() => void} load */
    near(target, load) {
      loaders.set(target, load);
      seenObserver.observe(target);
    },
    /** @param {any} item */
    openPicture: (item) =>
      openLightbox(
        ctx,
        urls,
        items.filter(({ state, message }) => state === "stored" && message.type === "image" && !message.deletedAt),
        item,
        ctx.layerRoot,
      ),
    jumpTo,
    react,
  };

  const rows = keyed(list, (/** @type {any} */ entry) => {
    if (entry.kind === "message") return createRow(tools, entry);
    if (entry.kind === "day") {
      const time = h("time");
      return {
        node: h("li", { class: "day" }, time),
        update({ time: at }) {
          setText(time, dayName(at));
          time.dateTime = at.slice(0, 10);
        },
      };
    }
    if (entry.kind === "divider") {
      const text = h("span");
      const update = () =>
        setText(
          text,
          unreadAtOpen === 1 ? "1 new message" : unreadAtOpen ? `${unreadAtOpen} new messages` : "New messages",
        );
      return { node: h("li", { class: "divider" }, text), update };
    }
    if (entry.kind === "loader") {
      const retry = button("Could not load. Try again", () => older(), "text-button");
      const text = h("span", null, "Loading");
      return {
        node: h("li", { class: "loader" }, text),
        update({ failed }) {
          const shown = failed ? retry : text;
          if (this.node.firstChild !== shown) put(this.node, shown);
        },
      };
    }
    return createStart();
  });

  /** What is above the first message. */
  function createStart() {
    const node = h("li", { class: "start" });
    let shown = "";
    return {
      node,
      update() {
        const summary = summaryNow();
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

  const scroll = createScroll(scroller, list, {
    isAnchor: (child) => child.classList.contains("message"),
    canPin: () => to === items.length && !timeline.status.get().hasNewer,
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

  /** What a message quotes. @param {any} message */
  function quoteOf({ replyTo, deletedAt }) {
    if (!replyTo || deletedAt) return;
    const message = bySeq.get(replyTo)?.message ?? quotes.get(replyTo);
    if (!message) {
      if (!quotes.has(replyTo) && replyTo > 0) {
        quotes.set(replyTo, undefined);
        loadQuote(replyTo);
      }
      return;
    }
    const isOwn = message.senderId === ctx.me();
    return { name: isOwn ? "You" : ctx.client.person(message.senderId).get().name, text: describe(message) };
  }

  /** @param {number} seq */
  async function loadQuote(seq) {
    const other = chat.timeline();
    try {
      await other.jumpTo(seq, { limit: 1, signal });
      const found = other.items.get().find((/** @type {any} */ { message }) => message.seq === seq);
      quotes.set(seq, found?.message ?? { senderId: "", content: "It is not there any more", type: "text" });
      if (found) render();
    } catch {
      // The quote can be clicked all the same.
    } finally {
      other.toLatest();
    }
  }

  /** @param {any} a @param {any} b */
  const belong = (a, b) =>
    a.message.senderId === b.message.senderId &&
    Math.abs(Date.parse(b.message.createdAt) - Date.parse(a.message.createdAt)) < GROUP_MS &&
    dayOf(a.message.createdAt) === dayOf(b.message.createdAt);

  function entries() {
    const { hasOlder, error } = timeline.status.get();
    const isGroup = !!summaryNow()?.isGroup;
    const upTo = othersReadSeq();
    /** @type {any[]} */
    const shown = [];
    if (from === 0)
      shown.push(hasOlder ? { key: "loader", kind: "loader", failed: !!error } : { key: "start", kind: "start" });
    for (let index = from; index < to; index++) {
      const item = items[index];
      const before = items[index - 1];
      const after = items[index + 1];
      const { key, message } = item;
      const isNewDay = !before || dayOf(before.message.createdAt) !== dayOf(message.createdAt);
      if (isNewDay) shown.push({ key: `day ${key}`, kind: "day", time: message.createdAt });
      if (key === dividerKey) shown.push({ key: "divider", kind: "divider" });
      if (!watched.has(message.senderId)) watchPerson(message.senderId);
      shown.push({
        key,
        kind: "message",
        item,
        isFirst: isNewDay || key === dividerKey || !belong(before, item),
        isLast: !after || after.key === dividerKey || !belong(item, after),
        showAuthor: isGroup,
        seen: item.isOwn && message.seq !== undefined && message.seq <= upTo,
        quote: quoteOf(message),
      });
    }
    return shown;
  }

  /** @param {string} id */
  function watchPerson(id) {
    watched.add(id);
    const off = ctx.client.person(id).subscribe(() => render());
    signal.addEventListener("abort", off, { once: true });
  }

  /** The divider comes before the first message that was not read when the chat was opened. */
  function placeDivider() {
    if (dividerKey || readSeq === undefined) return;
    const first = items.findIndex(({ message, isOwn }) => !isOwn && message.seq > /** @type {number} */ (readSeq));
    // What comes before it must be there, or be nothing.
    if (first < 0 || (first === 0 && timeline.status.get().hasOlder && items[0].message.seq > readSeq + 1)) return;
    dividerKey = items[first].key;
  }

  /** Follows the timeline. @param {readonly any[]} next */
  function take(next) {
    const before = items;
    const wasAtEnd = to === before.length;
    const shownKeys = before.slice(from, to).map(({ key }) => key);
    const newest = before.at(-1)?.message.seq ?? 0;
    items = next.some(({ message }) => message.deletedFor?.length)
      ? next.filter(({ message }) => !message.deletedFor?.length)
      : next;
    bySeq = new Map(items.map((item) => [item.message.seq, item]));
    const places = new Map(items.map((item, index) => [item.key, index]));
    const kept = shownKeys.map((key) => places.get(key)).filter((place) => place !== undefined);
    if (!kept.length) {
      to = items.length;
      from = Math.max(0, to - STEP_ROWS);
    } else {
      from = /** @type {number} */ (kept[0]);
      to = wasAtEnd ? items.length : /** @type {number} */ (kept.at(-1)) + 1;
      if (to - from > MAX_ROWS) {
        if (scroll.isPinned) from = to - MAX_ROWS;
        else to = from + MAX_ROWS;
      }
    }
    if (isPlaced) {
      const arrived = items.filter(({ isOwn, message }) => !isOwn && message.seq > newest && newest > 0);
      if (arrived.length && wasAtEnd && !timeline.status.get().hasNewer) announce(arrived);
    }
    placeDivider();
    render();
    if (!isPlaced) place();
  }

  /** Says what arrived, and begins a divider if the reader does not look. @param {any[]} arrived */
  function announce(arrived) {
    for (const { message } of arrived.slice(-3))
      ctx.live.say(`${ctx.client.person(message.senderId).get().name}: ${describe(message)}`);
    if (isLooking()) return;
    // Where the reader stopped: before what arrived, unless something before it is unread too.
    const read = summaryNow()?.readSeq ?? 0;
    if (items.find(({ isOwn, message }) => !isOwn && message.seq > read) === arrived[0]) {
      unreadAtOpen = 0;
      dividerKey = arrived[0].key;
    }
  }

  function render() {
    if (signal.aborted) return;
    scroll.keep(() => rows.render(entries()));
    if (!current?.isConnected) setCurrent(/** @type {HTMLElement} */ ([...list.querySelectorAll(".message")].at(-1)));
    showJump();
    markSeen();
    queueMicrotask(extend);
  }

  /** Where the chat opens: at the divider, else at its end. */
  async function place() {
    const summary = summaryNow();
    if (!summary || isOpening || isPlaced || !items.length) return;
    if (readSeq !== undefined && !dividerKey) {
      if (timeline.status.get().hasOlder && items[0].message.seq > readSeq + 1) {
        isOpening = true;
        await timeline.jumpTo(readSeq + 1, { signal }).catch(() => {});
        isOpening = false;
        if (signal.aborted) return;
        placeDivider();
        take(timeline.items.get());
      }
    }
    if (isPlaced) return;
    isPlaced = true;
    const divider = rows.parts.get("divider");
    if (divider) scroll.show(divider.node, 0.2);
    else if (!timeline.status.get().hasNewer) scroll.toEnd();
    node.classList.add("placed");
    render();
  }

  /** Shows more rows where the end of the shown ones is near, and loads more where there are none. */
  function extend() {
    if (signal.aborted || !items.length || isOpening) return;
    const { hasOlder, hasNewer, isLoading, error } = timeline.status.get();
    if (scroller.scrollTop < EDGE_PX) {
      if (from > 0) return grow(-STEP_ROWS);
      if (hasOlder && !isLoading && !error) older();
    }
    if (scroll.distance() < EDGE_PX) {
      if (to < items.length) return grow(STEP_ROWS);
      if (hasNewer && !isLoading && !error) timeline.newer(undefined, { signal }).catch(() => {});
    }
  }

  function older() {
    timeline.older(undefined, { signal }).catch(() => {});
  }

  /** Shows more rows at an end, and trims the other one. @param {number} step */
  function grow(step) {
    if (step < 0) {
      from = Math.max(0, from + step);
      to = Math.min(to, from + MAX_ROWS);
    } else {
      to = Math.min(items.length, to + step);
      from = Math.max(from, to - MAX_ROWS);
    }
    render();
  }

  const isLooking = () => document.visibilityState === "visible" && document.hasFocus();

  /** What is on the screen was seen, if somebody looks at the end of the chat. */
  function markSeen() {
    const summary = summaryNow();
    if (
      !isPlaced ||
      !summary ||
      !isLooking() ||
      !scroll.isPinned ||
      timeline.status.get().hasNewer ||
      to !== items.length
    )
      return;
    const seq = items.findLast(({ message }) => message.seq !== undefined)?.message.seq ?? 0;
    const upTo = Math.max(seq, summary.seq);
    if (seq && (summary.readSeq < upTo || summary.markedUnread)) chat.markSeen(upTo).catch(() => {});
  }

  function showJump() {
    const hasNewer = timeline.status.get().hasNewer;
    const isHidden =
      !isPlaced || (scroll.isPinned && !hasNewer) || (!hasNewer && to === items.length && scroll.distance() < 80);
    const unread = summaryNow()?.unread ?? 0;
    jump.hidden = isHidden;
    setText(jumpText, unread ? `Jump to latest (${unread})` : "Jump to latest");
  }

  /** Shows the end of the chat. */
  function toLatest() {
    if (timeline.status.get().hasNewer) timeline.toLatest();
    const next = timeline.items.get();
    if (next !== items) take(next);
    to = items.length;
    from = Math.max(0, to - STEP_ROWS);
    scroll.keep(() => rows.render(entries()));
    scroll.toEnd();
    isPlaced = true;
    render();
    if (jump === ctx.layers.focused()) setFocus(list.lastElementChild);
  }

  /** Shows a message, and lets it stand out for a moment. @param {number} seq */
  async function jumpTo(seq) {
    if (!bySeq.has(seq)) {
      try {
        await timeline.jumpTo(seq, { signal });
      } catch (error) {
        return ctx.layers.fail(error);
      }
      if (timeline.items.get() !== items) take(timeline.items.get());
    }
    const index = items.findIndex(({ message }) => message.seq === seq);
    if (index < 0) return ctx.layers.toast("The message is not there any more.");
    if (index < from || index >= to) {
      from = Math.max(0, index - STEP_ROWS);
      to = Math.min(items.length, index + STEP_ROWS);
      scroll.keep(() => rows.render(entries()));
    }
    const row = rows.parts.get(items[index].key);
    if (!row) return;
    scroll.show(row.node, 0.35);
    row.node.classList.add("flash");
    setTimeout(() => row.node.classList.remove("flash"), FLASH_MS);
    setFocus(row.node);
  }

  /** Adds or takes back a reaction. @param {any} item @param {string} emoji */
  async function react({ message }, emoji) {
    const me = ctx.me();
    const mine = (message.reactions ?? [])
      .filter((/** @type {any} */ { userIds }) => userIds.includes(me))
      .map((/** @type {any} */ reaction) => reaction.emoji);
    const plain = (/** @type {string} */ text) => text.replaceAll("\uFE0F", "");
    const isTaken = mine.some((/** @type {string} */ known) => plain(known) === plain(emoji));
    const next = isTaken
      ? mine.filter((/** @type {string} */ known) => plain(known) !== plain(emoji))
      : [...mine, emoji];
    await chat.react(message.seq, next).catch(ctx.layers.fail);
  }

  // One toolbar goes to the row under the pointer or with the focus.
  const react1 = iconButton("smile", "React", () => chooseReaction(react1));
  const reply1 = iconButton("reply", "Reply", () => withRow((item) => reply(item)));
  const more1 = iconButton("more", "More actions", () => openMenu(more1), { "aria-haspopup": "menu" });
  const toolbar = h(
    "div",
    { class: "toolbar", role: "toolbar", "aria-label": "Message actions" },
    react1,
    reply1,
    more1,
  );
  /** @param {HTMLElement | null | undefined} row */
  function showToolbar(row) {
    const part = row && rows.parts.get(row.dataset.key ?? "");
    const item = part && /** @type {any} */ (part).item;
    if (!row || !item || item.state !== "stored" || item.message.deletedAt) {
      if (!toolbar.contains(ctx.layers.focused())) toolbar.remove();
      return;
    }
    const { line } = /** @type {any} */ (part);
    if (toolbar.parentElement !== line) line.append(toolbar);
  }
  /** @param {(item: any, row: HTMLElement) => void} run */
  function withRow(run) {
    const row = /** @type {HTMLElement | null} */ (toolbar.closest(".message"));
    const part = /** @type {any} */ (row && rows.parts.get(row.dataset.key ?? ""));
    if (row && part) run(part.item, row);
  }
  const chooseReaction = (/** @type {HTMLElement} */ at) =>
    withRow((item) => pickEmoji(ctx, at, (emoji) => react(item, emoji), { withQuick: true }));
  /** @param {any} at */
  function openMenu(at) {
    withRow((item, row) =>
      messageMenu(ctx, chat, item, at, {
        reply,
        edit,
        react: () => pickEmoji(ctx, row, (emoji) => react(item, emoji), { withQuick: true }),
      }),
    );
  }
  const rowOf = (/** @type {any} */ event) => /** @type {HTMLElement | null} */ (event.target.closest?.(".message"));
  list.addEventListener(
    "pointerover",
    (/** @type {PointerEvent} */ event) => event.pointerType !== "touch" && showToolbar(rowOf(event)),
  );
  list.addEventListener("pointerleave", () => showToolbar(ctx.layers.focused()?.closest?.(".message")));
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
  list.addEventListener("click", (/** @type {PointerEvent} */ event) => {
    const row = rowOf(event);
    if (
      event.pointerType === "touch" &&
      row &&
      /** @type {Element} */ (event.target).closest(".bubble") &&
      !(/** @type {Element} */ (event.target).closest("a, button, input, summary"))
    )
      openFor(row, event);
  });
  /** @param {HTMLElement} row @param {MouseEvent} event */
  function openFor(row, event) {
    const item = /** @type {any} */ (rows.parts.get(row.dataset.key ?? ""))?.item;
    if (item?.state !== "stored" || item.message.deletedAt) return;
    event.preventDefault();
    showToolbar(row);
    openMenu({ x: event.clientX, y: event.clientY });
  }

  /** The row that Tab reaches. @param {HTMLElement | undefined} row */
  function setCurrent(row) {
    if (row === current) return;
    if (current) current.tabIndex = -1;
    current = row;
    if (current) current.tabIndex = 0;
  }
  /** @param {any} row */
  function setFocus(row) {
    setCurrent(row);
    row?.focus({ preventScroll: true });
  }
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

  watch(chat.members, () => items.length && render(), signal);
  for (const off of [timeline.status.subscribe(render), timeline.items.subscribe(take)])
    signal.addEventListener("abort", off);
  watch(
    chat.summary,
    (/** @type {any} */ summary) => {
      if (!summary) return;
      if (isOpening && !isPlaced && readSeq === undefined) {
        if (summary.unread > 0) {
          readSeq = summary.readSeq;
          unreadAtOpen = summary.unread;
        }
        isOpening = false;
      }
      take(timeline.items.get());
      showJump();
    },
    signal,
  );
  const look = () => markSeen();
  addEventListener("focus", look, { signal });
  document.addEventListener("visibilitychange", look, { signal });
  /** @type {any} */
  let midnight;
  const nextDay = () => {
    midnight = setTimeout(() => {
      render();
      nextDay();
    }, untilMidnight() + 1000);
  };
  nextDay();
  signal.addEventListener("abort", () => {
    clearTimeout(midnight);
    scroll.destroy();
    seenObserver.disconnect();
    timeline.toLatest();
    rows.clear();
  });

  return {
    node,
    toLatest,
    jumpTo,
    /** The last own message that can be edited now. */
    lastOwn: () =>
      items.findLast(
        ({ isOwn, state, message }) => isOwn && state === "stored" && message.type === "text" && !message.deletedAt,
      ),
    itemBySeq: (/** @type {number} */ seq) => bySeq.get(seq),
    focusLast: () => setFocus(current),
  };
}
