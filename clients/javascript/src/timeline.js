// The messages of a chat on the screen: those at its end with what is on its way, or those around a place in its past.

/** @import { ChatEvent, ChatId, Page, Rev, Seq } from "./api.js" */
/** @import { Update } from "./engine/options.js" */
/** @import { ChatError } from "./errors.js" */
/** @import { Readable } from "./readable.js" */
/** @import { StoredItem, TimelineItem } from "./items.js" */
/** @import { Position } from "./state/readers.js" */
/** @import { Store } from "./store.js" */
import { listMessages } from "./calls.js";
import { viewStored, viewUnsent } from "./items.js";
import { EMPTY, snapshot } from "./readable.js";
import { putOlder } from "./state/answers.js";
import { ChatState } from "./state/chat.js";
import { applyEvent } from "./state/events.js";

/** How many messages a page has if the caller names no number. */
const PAGE_MESSAGES = 50;
/** How many messages a page has at most. */
const MAX_PAGE_MESSAGES = 100;

/**
 * What a timeline shows and loads.
 * @typedef {object} TimelineStatus
 * @property {boolean} hasOlder whether `older` can bring more
 * @property {boolean} hasNewer whether `newer` can bring more; false at the end of the chat
 * @property {boolean} isLoading
 * @property {ChatError} [error] why the last load failed; undefined if it did not
 */

/**
 * Loads messages before the oldest one that is held at the end of a chat.
 * @param {Store} store
 * @param {ChatId} chatId
 * @param {number} [limit]
 * @param {{ signal?: AbortSignal }} [options]
 */
const loadOlder = (store, chatId, limit = PAGE_MESSAGES, options) =>
  store.once(
    "older " + chatId,
    async () => {
      const { oldestSeq: before, hasOlder } = store.chat(chatId) ?? {};
      if (!hasOlder) return;
      const page = await store.engine.request(listMessages(chatId, { before, limit }), options);
      store.engine.update((state) => state.applyOlderPage(chatId, page));
    },
    true,
  );

/**
 * Loads the first page of older messages, unless a page came or the live messages are as many.
 * @param {Store} store
 * @param {ChatId} chatId
 * @internal
 */
export async function loadFirst(store, chatId) {
  const chat = store.chat(chatId);
  if (chat && chat.heldAbove >= chat.begunSeq && chat.messages.length < PAGE_MESSAGES) await loadOlder(store, chatId);
}

/**
 * Hands the updates to a timeline until the application drops it, or the function that is returned is called. A function
 * of its own, because a closure holds everything around it.
 * @param {Store} store
 * @param {Timeline} timeline
 */
function listen({ engine }, timeline) {
  const weak = new WeakRef(timeline);
  const off = engine.subscribe((update) => {
    const held = weak.deref();
    held ? held.onUpdate(update) : off();
  });
  return off;
}

/**
 * The messages of a chat, oldest first. It shows the end of the chat, and behind it what is on its way. After `jumpTo`
 * it shows messages around another place, which get edits, deletions and reactions too, until `toLatest` or until
 * `newer` has reached the end. Nothing is loaded before one of the functions is called, or the chat is opened. What
 * fails to load is in `status`, so nobody has to look at the promises.
 */
export class Timeline {
  /** @type {Store} */
  #store;
  /** @type {ChatId} */
  #chatId;
  #id;
  /**
   * The messages around a place, like a chat that ends there.
   * @type {ChatState | undefined}
   */
  #window;
  /** The rev of the chat for which the window was read again: once, as the pages may be older. */
  #refreshedRev = -1;
  #off = () => {};
  /** How many loads run. */
  #loading = 0;
  /** @type {ChatError | undefined} */
  #error;
  /** The last jump: an earlier one that is answered later does not count. */
  #jump = 0;
  /**
   * What the items were computed from.
   * @type {readonly unknown[]}
   */
  #sources = EMPTY;
  /**
   * Who had read the chat up to where when the items were computed.
   * @type {Map<string, Position>}
   */
  #positions = new Map();

  /**
   * @param {Store} store
   * @param {ChatId} chatId
   * @internal
   */
  constructor(store, chatId) {
    this.#store = store;
    this.#chatId = chatId;
    this.#id = store.timelines++;
    /**
     * The messages, oldest first: those that are stored, then those on their way. Empty before the chat is known.
     * @type {Readable<readonly TimelineItem[]>}
     */
    this.items = store.readable(/** @type {readonly TimelineItem[]} */ (EMPTY), (before) => this.#view(before));
    /**
     * Whether there is more, and whether something loads.
     * @type {Readable<Readonly<TimelineStatus>>}
     */
    this.status = store.readable(this.#viewStatus(), (before) => this.#viewStatus(before));
  }

  /** What is shown. */
  get #shown() {
    return this.#window ?? this.#live;
  }

  /** The end of the chat. */
  get #live() {
    return this.#store.chat(this.#chatId);
  }

  /**
   * Loads a page of older messages. While one loads, another call waits for the same page.
   * @param {number} [limit] 1 to 100
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<boolean>} whether there may be more. Rejects with a {@link ChatError}, which is in `status` too
   */
  older(limit, options) {
    return this.#load("older", async () => {
      const window = this.#window;
      if (!window) await loadOlder(this.#store, this.#chatId, limit, options);
      else if (window.hasOlder)
        putOlder(window, this.#store.me, await this.#read({ before: window.oldestSeq, limit }, options));
      return !!this.#shown?.hasOlder;
    });
  }

  /**
   * Loads a page of newer messages after a jump. When it reaches the end of the chat, the timeline shows the end again.
   * @param {number} [limit] 1 to 100
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<boolean>} whether there may be more. Rejects with a {@link ChatError}, which is in `status` too
   */
  newer(limit, options) {
    return this.#load("newer", async () => {
      const window = this.#window;
      if (window) this.#append(window, await this.#read({ after: window.seq, limit }, options));
      this.#join();
      return !!this.#window;
    });
  }

  /**
   * Shows the messages around a place. They are loaded if the end of the chat, as it is held, does not have it.
   * @param {Seq} seq
   * @param {{ limit?: number, signal?: AbortSignal }} [options] `limit`: how many messages to load, 1 to 100
   * @returns {Promise<void>} Rejects with a {@link ChatError}, which is in `status` too
   */
  jumpTo(seq, options) {
    return this.#load("jump " + seq, async () => {
      const jump = ++this.#jump;
      const live = this.#live;
      const isHeld = live && seq >= live.oldestSeq;
      const page = !isHeld && (await this.#read({ around: seq, limit: options?.limit }, options));
      if (jump !== this.#jump) return;
      this.toLatest();
      // Without a range, nothing can be seen there.
      if (!page || !page.range) return;
      this.#window = this.#append(undefined, page);
      this.#off = listen(this.#store, this);
      this.#join();
    });
  }

  /** Shows the end of the chat again. */
  toLatest() {
    this.#jump++;
    this.#off();
    this.#window = undefined;
    this.#refreshedRev = -1;
    this.#store.change();
  }

  /**
   * @template T
   * @param {string} name
   * @param {() => Promise<T>} task
   */
  #load(name, task) {
    return this.#store.once(
      name + " in " + this.#id,
      async () => {
        this.#loading++;
        this.#error = undefined;
        try {
          return await task();
        } catch (error) {
          this.#error = /** @type {ChatError} */ (error);
          throw error;
        } finally {
          this.#loading--;
        }
      },
      true,
    );
  }

  /**
   * @param {NonNullable<Parameters<typeof listMessages>[1]>} query
   * @param {{ signal?: AbortSignal }} [options]
   */
  #read({ limit = PAGE_MESSAGES, ...query }, options) {
    return this.#store.engine.request(listMessages(this.#chatId, { ...query, limit }), options);
  }

  /**
   * Adds a page behind a window. Without a window, makes one.
   * @param {ChatState | undefined} window
   * @param {Page} page
   */
  #append(window, page) {
    const { rev, floor, range, messages } = page;
    const { me } = this.#store;
    if (!window) {
      const document = /** @type {any} */ ({ ...this.#live?.document, seq: range?.to, rev, floor });
      putOlder((window = new ChatState(document, true)), me, page);
    }
    for (const message of messages) window.put(me, message);
    window.seq = range?.to ?? window.seq;
    window.rev = Math.min(window.rev, rev);
    return window;
  }

  /** Gives the window to the state if it reaches the messages that the state holds. */
  #join() {
    const window = this.#window;
    const live = this.#live;
    if (!window || !live || window.seq < live.heldAbove) return;
    const { hasOlder: hasMoreBefore, rev, oldestSeq: from } = window;
    const { seq, floor, heldAbove: to } = live;
    const messages = /** @type {Page["messages"]} */ (window.messages.filter((message) => message.seq <= to));
    const page = /** @type {Page} */ ({ messages, range: { from, to }, hasMoreBefore, seq, rev, floor });
    this.#store.engine.update((state) => state.applyOlderPage(this.#chatId, page));
    this.toLatest();
  }

  /**
   * @param {Update} update
   * @internal
   */
  onUpdate(update) {
    const window = this.#window;
    // What could not be read again is tried once more.
    if (update.type === "caughtUp") this.#refreshedRev = -1;
    if (!window || update.type !== "event") return;
    const { event } = update;
    if (!("rev" in event) || event.chatId !== this.#chatId) return;
    // A change after the window changes nothing in it.
    if ("seq" in event && event.seq > window.seq && event.rev === window.rev + 1) window.rev++;
    else applyEvent(window, this.#store.me, event);
  }

  /**
   * Reads the window again: changes came without events.
   * @param {ChatState} window
   * @param {Rev} rev that of the chat
   */
  async #refresh(window, rev) {
    this.#refreshedRev = rev;
    /** @type {ChatState | undefined} */
    let next;
    for (let after = window.heldAbove; after < window.seq; after = next.seq) {
      const page = await this.#read({ after, limit: Math.min(window.seq - after, MAX_PAGE_MESSAGES) });
      if (!page.range) break;
      next = this.#append(next, page);
    }
    if (this.#window === window) this.#window = next;
  }

  /** @param {TimelineStatus} [before] */
  #viewStatus(before) {
    return snapshot(before, {
      hasOlder: !!this.#shown?.hasOlder,
      hasNewer: !!this.#window,
      isLoading: this.#loading > 0 || this.#store.tasks.has("older " + this.#chatId),
      error: this.#error,
    });
  }

  /** @param {readonly TimelineItem[]} before */
  #view(before) {
    const { engine, me } = this.#store;
    const window = this.#window;
    const live = this.#live;
    if (window && live && live.rev > Math.max(window.rev, this.#refreshedRev)) {
      const refresh = () => this.#refresh(window, live.rev);
      this.#store.once("refresh " + this.#id, refresh, true);
    }
    const { messages = EMPTY, waiting = EMPTY } = this.#shown ?? {};
    const positions = new Map(live && [...live.readers.positions, ...live.readers.past]);
    // Somebody may have read messages after `from`, up to `to`; after somebody was forgotten, it may be any message.
    let from = positions.size < this.#positions.size ? 0 : Infinity;
    let to = from ? 0 : Infinity;
    for (const [user, { joinedSeq, readSeq }] of positions) {
      const known = this.#positions.get(user);
      const start = known?.joinedSeq === joinedSeq ? known.readSeq : 0;
      if (start < readSeq) [from, to] = [Math.min(from, start), Math.max(to, readSeq)];
    }
    this.#positions = positions;
    const sources = snapshot(this.#sources, [messages, waiting.length, engine.outbox, window]);
    // Most changes are not about this chat.
    if (from >= to && sources === this.#sources) return before;
    this.#sources = sources;
    const shown = new Set(before);
    const isCurrent = (/** @type {StoredItem} */ item) =>
      shown.has(item) && !(from < item.message.seq && item.message.seq <= to);
    /** @type {TimelineItem[]} */
    const items = messages.map((message) => viewStored(this.#store, message, isCurrent));
    if (window) return snapshot(before, items);
    // An own message that is stored may still wait for the messages before it.
    for (const { event, data } of /** @type {ChatEvent[]} */ (waiting))
      if (event === "message.created" && data.senderId === me) items.push(viewStored(this.#store, data, isCurrent));
    const unsent = engine.outbox.filter((entry) => entry.chatId === this.#chatId);
    if (unsent.length) {
      const keys = new Set(items.map((item) => item.key));
      const known = new Map(before.map((item) => [item.key, item]));
      for (const entry of unsent)
        if (!keys.has(entry.clientMessageId))
          items.push(viewUnsent(this.#store, entry, known.get(entry.clientMessageId)));
    }
    return snapshot(before, items);
  }
}
