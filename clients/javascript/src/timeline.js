// The messages of a chat on the screen: those at its end with what is on its way, or those around a place in its past.

/** @import { Attachment, ChatId, ClientId, Seq, Time, UserId } from "./api.js" */
/** @import { OutboxEntry, Store } from "./store.js" */
/** @import { ChatError } from "./errors.js" */
/** @import { Draft } from "./outbox.js" */
/** @import { Readable } from "./readable.js" */
/** @import { Sending } from "./sending.js" */
/** @import { HeldMessage } from "./state/message.js" */
import { listMessages } from "./calls.js";
import { abortable } from "./store.js";
import { snapshot } from "./readable.js";
import { sendingOf } from "./sending.js";
import { Window } from "./window.js";

/** How many messages a page has if the caller names no number. */
const PAGE_MESSAGES = 50;

/**
 * A stored message.
 * @typedef {object} StoredItem
 * @property {string} key the same while the message is on its way and when it is stored: use it as the key of a row
 * @property {"message"} kind
 * @property {"stored"} state
 * @property {boolean} isOwn whether this user sent it
 * @property {Readonly<HeldMessage>} message
 * @property {readonly UserId[]} seenBy who has read it, its sender included; computed when it is read. `chat.members`
 *   changes when somebody reads
 */

/**
 * A message that is not stored yet.
 * @typedef {object} UnsentItem
 * @property {string} key its clientMessageId
 * @property {"message"} kind
 * @property {"waiting" | "uploading" | "sending" | "failed"} state
 * @property {true} isOwn
 * @property {UnsentMessage} message
 * @property {ChatError} [error] why it failed; undefined if it did not
 * @property {number} [progress] how much of the file is uploaded, 0 to 1; undefined without a file
 * @property {Blob} [file] the file, for a preview; undefined without one
 * @property {Readonly<Sending>} sending to retry or discard it
 */

/**
 * What is known of a message before it is stored. It has no place in the chat yet.
 * @typedef {{ readonly chatId: ChatId, readonly senderId: UserId, readonly clientMessageId: ClientId,
 *   readonly seq?: undefined, readonly createdAt: Time, readonly type: string, readonly content: string,
 *   readonly replyTo?: Seq, readonly mentions?: readonly UserId[], readonly custom?: Draft["custom"] }} UnsentMessage
 */

/** @typedef {Readonly<StoredItem> | Readonly<UnsentItem>} TimelineItem */

/**
 * What a timeline shows and loads.
 * @typedef {object} TimelineStatus
 * @property {boolean} hasOlder whether `older` can bring more
 * @property {boolean} hasNewer whether `newer` can bring more; false at the end of the chat
 * @property {boolean} isLive whether it shows the end of the chat; false after a jump
 * @property {boolean} isLoading
 * @property {ChatError} [error] why the last load failed; undefined if it did not
 */

/** @type {readonly TimelineItem[]} */
const NO_ITEMS = Object.freeze([]);
/** @type {Readonly<TimelineStatus>} */
const NO_STATUS = Object.freeze({ hasOlder: false, hasNewer: false, isLive: true, isLoading: false, error: undefined });

/**
 * Loads messages before the oldest one that the state holds of a chat. Resolves to whether there may be more.
 * @param {Store} store
 * @param {ChatId} chatId
 * @param {number} [limit]
 * @internal
 */
export const loadOlder = (store, chatId, limit = PAGE_MESSAGES) =>
  store.once(`older ${chatId}`, async () => {
    const chat = store.state?.chat(chatId);
    if (!chat?.hasOlder) return false;
    const page = await store.request(listMessages(chatId, { before: chat.oldestSeq, limit }));
    store.engine.update((state) => {
      state.applyOlderPage(chatId, page);
      return [];
    });
    return !!store.state?.chat(chatId)?.hasOlder;
  });

/**
 * The messages of a chat, oldest first. It shows the end of the chat, and behind it what is on its way. After `jumpTo` it
 * shows messages around another place, which get edits, deletions and reactions too, until `toLatest` or until `newer`
 * has reached the end. Nothing is loaded before one of the functions is called, or the chat is opened.
 */
export class Timeline {
  /** @type {Store} */
  #store;
  /** @type {ChatId} */
  #chatId;
  #id;
  /** @type {Window | undefined} */
  #window;
  /** @type {(() => void) | undefined} */
  #close;
  /** @type {ChatError | undefined} */
  #error;
  /** How many loads run. */
  #loading = 0;
  /** The last jump: an earlier one that is answered later does not count. */
  #jump = 0;
  /** @type {unknown[]} */
  #sources = [];

  /**
   * @param {Store} store
   * @param {ChatId} chatId
   * @param {() => readonly HeldMessage[]} sent stored messages of this user that do not follow the held ones yet
   * @internal
   */
  constructor(store, chatId, sent) {
    this.#store = store;
    this.#chatId = chatId;
    this.#id = store.timelines++;
    /**
     * The messages, oldest first: those that are stored by seq, then those on their way. Empty before the chat is known.
     * @type {Readable<readonly TimelineItem[]>}
     */
    this.items = store.readable(NO_ITEMS, (before) => this.#view(before, sent()));
    /**
     * Whether there is more, and whether something loads.
     * @type {Readable<Readonly<TimelineStatus>>}
     */
    this.status = store.readable(NO_STATUS, (before) => {
      const shown = this.#window ?? store.state?.chat(chatId);
      return snapshot(before, {
        hasOlder: !!shown?.hasOlder,
        hasNewer: !!this.#window,
        isLive: !this.#window,
        isLoading: this.#loading > 0 || store.isRunning(`older ${chatId}`),
        error: this.#error,
      });
    });
  }

  /**
   * Loads a page of older messages. While one loads, another call waits for the same page.
   * @param {number} [limit] 1 to 100
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<boolean>} whether there may be more. Rejects with a {@link ChatError}, which is in `status` too
   */
  older(limit = PAGE_MESSAGES, { signal } = {}) {
    const window = this.#window;
    const { hasOlder } = this.status.get();
    return this.#load("older", signal, async () => {
      if (!window) return loadOlder(this.#store, this.#chatId, limit);
      if (hasOlder) await window.older(limit);
      return window.hasOlder;
    });
  }

  /**
   * Loads a page of newer messages after a jump. When it reaches the end of the chat, the timeline shows the end again.
   * @param {number} [limit] 1 to 100
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<boolean>} whether there may be more. Rejects with a {@link ChatError}, which is in `status` too
   */
  newer(limit = PAGE_MESSAGES, { signal } = {}) {
    const window = this.#window;
    return this.#load("newer", signal, async () => {
      await window?.newer(limit);
      if (window && window === this.#window && window.join()) this.toLatest();
      return !!this.#window;
    });
  }

  /**
   * Shows the messages around a place. They are loaded if the chat's end as it is held does not have it.
   * @param {Seq} seq
   * @param {{ limit?: number, signal?: AbortSignal }} [options] `limit`: how many messages to load, 1 to 100
   * @returns {Promise<void>} Rejects with a {@link ChatError}, which is in `status` too
   */
  jumpTo(seq, { limit = PAGE_MESSAGES, signal } = {}) {
    return this.#load(`jump ${seq}`, signal, async () => {
      const jump = ++this.#jump;
      const store = this.#store;
      const chat = store.state?.chat(this.#chatId);
      if (chat && seq >= chat.oldestSeq) return this.toLatest();
      const window = new Window(store, this.#chatId);
      await window.load(seq, limit);
      if (jump !== this.#jump) return;
      this.toLatest();
      if (window.join()) return;
      this.#window = window;
      this.#close = store.listen(window.onUpdate, true);
    });
  }

  /** Shows the end of the chat again. */
  toLatest() {
    this.#jump++;
    this.#close?.();
    this.#window = this.#close = undefined;
    this.#store.source.change();
  }

  /**
   * @template T
   * @param {string} name
   * @param {AbortSignal | undefined} signal
   * @param {() => Promise<T>} task
   */
  #load(name, signal, task) {
    return abortable(
      this.#store.once(`${name} ${this.#id}`, async () => {
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
      }),
      signal,
    );
  }

  /**
   * @param {readonly TimelineItem[]} before
   * @param {readonly HeldMessage[]} sent
   */
  #view(before, sent) {
    const { engine, state } = this.#store;
    const window = this.#window;
    const { messages = NO_ITEMS } = window ?? state?.chat(this.#chatId) ?? {};
    const sources = [messages, sent, engine.outbox];
    // Most changes are not about this chat.
    if (sources.every((source, index) => source === this.#sources[index])) return before;
    this.#sources = sources;
    const stored = /** @type {readonly HeldMessage[]} */ (messages).map((message) => this.#viewStored(message));
    if (window) return snapshot(before, stored);
    stored.push(...sent.map((message) => this.#viewStored(message)));
    const unsent = engine.outbox.filter((entry) => entry.chatId === this.#chatId);
    if (!unsent.length) return snapshot(before, stored);
    const keys = new Set(stored.map((item) => item.key));
    const known = new Map(before.map((item) => [item.key, item]));
    const waiting = unsent.filter((entry) => !keys.has(entry.clientMessageId));
    return snapshot(before, [...stored, ...waiting.map((entry) => this.#viewUnsent(entry, known.get(entry.clientMessageId)))]);
  }

  /** @param {HeldMessage} message */
  #viewStored(message) {
    const { items, engine } = this.#store;
    let item = items.get(message);
    if (!item) {
      const { chatId, senderId, clientMessageId, messageId } = message;
      const isOwn = senderId === engine.me;
      item = Object.freeze({
        key: (isOwn && clientMessageId) || messageId,
        kind: "message",
        state: "stored",
        isOwn,
        message: Object.freeze(message),
        get seenBy() {
          return engine.state?.chat(chatId)?.seenBy(message) ?? message.seenBy;
        },
      });
      items.set(message, item);
    }
    return item;
  }

  /**
   * @param {OutboxEntry} entry
   * @param {TimelineItem | undefined} before
   */
  #viewUnsent({ chatId, clientMessageId, draft, state, error, progress, file, createdAt }, before) {
    const item = /** @type {UnsentItem | undefined} */ (before);
    return snapshot(item, {
      key: clientMessageId,
      kind: "message",
      state,
      isOwn: true,
      message: snapshot(item?.message, {
        chatId,
        clientMessageId,
        senderId: this.#store.engine.me ?? "",
        createdAt: new Date(createdAt).toISOString(),
        type: "text",
        content: "",
        ...draft,
      }),
      error,
      progress,
      file,
      sending: sendingOf(this.#store, clientMessageId),
    });
  }
}
