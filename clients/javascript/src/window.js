// Messages around a place in a chat's past, apart from those at its end, which the state holds.

/** @import { ChatEvent, ChatId, Page, Seq } from "./api.js" */
/** @import { Store } from "./store.js" */
/** @import { Update } from "./engine/options.js" */
/** @import { HeldMessage } from "./state/message.js" */
import { listMessages } from "./calls.js";
import { withReactions } from "./state/message.js";

/** How many messages a page has at most. */
const MAX_PAGE_MESSAGES = 100;

/**
 * Messages of a chat without a gap, up to a place before its end. It hears of changes like the messages at the end, and
 * reads its pages again when it missed one.
 * @internal
 */
export class Window {
  /** @type {readonly HeldMessage[]} */
  messages = [];
  /** @type {Seq} */
  #from = 0;
  /** @type {Seq} */
  #to = 0;
  /** All changes up to this one are in the messages. */
  #rev = Infinity;
  hasOlder = false;
  hasNewer = false;
  /** @type {Store} */
  #store;
  /** @type {ChatId} */
  #chatId;

  /**
   * @param {Store} store
   * @param {ChatId} chatId
   */
  constructor(store, chatId) {
    this.#store = store;
    this.#chatId = chatId;
    /** @param {Update} update */
    this.onUpdate = (update) => {
      const event = update.type === "event" ? update.event : undefined;
      if (event ? "chatId" in event && event.chatId === chatId : update.type === "caughtUp") this.apply(event);
    };
  }

  /**
   * @param {{ before?: Seq, after?: Seq, around?: Seq }} position
   * @param {number} limit
   * @returns {Promise<Page>}
   */
  #read(position, limit) {
    return this.#store.request(listMessages(this.#chatId, { ...position, limit }));
  }

  /**
   * Takes a page. Of two states of a message, the one with the higher rev stays.
   * @param {Page} page
   * @param {boolean} [isRead] whether the pages are read again: what is not in the page is gone
   */
  #put({ messages, range, rev }, isRead) {
    const held = new Map(this.messages.map((message) => [message.seq, message]));
    if (isRead && range) for (const seq of held.keys()) if (range.from <= seq && seq <= range.to) held.delete(seq);
    for (const message of messages) {
      const before = held.get(message.seq);
      if (!before || before.rev <= message.rev) held.set(message.seq, message);
    }
    this.#rev = Math.min(this.#rev, rev);
    this.messages = [...held.values()].sort((a, b) => a.seq - b.seq);
  }

  /**
   * Loads the first page, on both sides of `seq`.
   * @param {Seq} seq
   * @param {number} limit
   */
  async load(seq, limit) {
    const page = await this.#read({ around: seq }, limit);
    this.#put(page);
    this.#from = page.range?.from ?? seq;
    this.#to = page.range?.to ?? seq;
    this.hasOlder = page.hasMoreBefore;
    this.hasNewer = page.hasMoreAfter;
  }

  /** @param {number} limit */
  async older(limit) {
    const page = await this.#read({ before: this.#from }, limit);
    this.hasOlder = page.hasMoreBefore;
    if (!page.range || page.range.to < this.#from - 1) return;
    this.#put(page);
    this.#from = page.range.from;
  }

  /** @param {number} limit */
  async newer(limit) {
    const page = await this.#read({ after: this.#to }, limit);
    this.hasNewer = page.hasMoreAfter;
    if (!page.range) return;
    this.#put(page);
    this.#to = page.range.to;
  }

  /** Reads all messages again. */
  async #refresh() {
    const before = this.#rev;
    this.#rev = Infinity;
    try {
      for (let after = this.#from - 1; after < this.#to; ) {
        const page = await this.#read({ after }, MAX_PAGE_MESSAGES);
        this.#put(page, true);
        if (!page.range) break;
        after = page.range.to;
      }
    } catch (error) {
      // The next change tries again.
      this.#rev = before;
      throw error;
    }
    // More may have changed meanwhile. If the pages were older than that, the next change tries again.
    if (this.#rev > before) this.apply();
  }

  /**
   * Gives the messages to the state, if they reach those that it holds. False if they do not.
   */
  join() {
    const { engine, state } = this.#store;
    const chat = state?.chat(this.#chatId);
    if (!chat || this.#to < chat.heldAbove) return false;
    const to = chat.heldAbove;
    const page = /** @type {Page} */ ({
      messages: this.messages.filter((message) => message.seq <= to),
      range: { from: this.#from, to },
      hasMoreBefore: this.hasOlder,
      hasMoreAfter: false,
      seq: chat.seq,
      rev: Math.min(this.#rev, chat.rev),
      floor: chat.floor,
    });
    engine.update((held) => {
      held.applyOlderPage(this.#chatId, page);
      return [];
    });
    return true;
  }

  /**
   * Applies a change. What did not come as an event is read again.
   * @param {ChatEvent} [event]
   */
  apply(event) {
    if (event && "rev" in event && event.rev === this.#rev + 1) {
      this.#rev = event.rev;
      if ("seq" in event) {
        this.messages = this.messages.flatMap((held) => {
          if (held.seq !== event.seq || held.rev >= event.rev) return held;
          if (event.event === "reaction.updated") {
            if (held.reactions?.some((reaction) => reaction.userIdsLimited)) this.#rev = event.rev - 1;
            return withReactions(held, event.rev, event.data);
          }
          return event.data.deletedFor.length ? [] : event.data;
        });
      }
    }
    const chat = this.#store.state?.chat(this.#chatId);
    if (!chat) return;
    if (this.messages[0] && this.messages[0].seq <= chat.floor)
      this.messages = this.messages.filter((held) => held.seq > chat.floor);
    if (chat.rev > this.#rev) this.#store.once(`refresh ${this.#chatId} ${this.#from}`, () => this.#refresh());
  }
}
