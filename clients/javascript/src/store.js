// What the parts of one client share: the engine, the values that follow from it, and who hears of its updates.

/** @import { Attachment, ChatId, ClientId, Seq, UserId } from "./api.js" */
/** @import { Call } from "./calls.js" */
/** @import { EngineOptions, Link, Update } from "./engine/options.js" */
/** @import { ChatError } from "./errors.js" */
/** @import { Draft } from "./outbox.js" */
/** @import { NewAttachment, Sending } from "./sending.js" */
/** @import { HeldMessage } from "./state/message.js" */
/** @import { State } from "./state/state.js" */
/** @import { StoredItem } from "./timeline.js" */
/** @import { Person } from "./views.js" */
import { Readable, Source } from "./readable.js";
import { viewPerson } from "./views.js";

/**
 * A message in the outbox.
 * @typedef {object} OutboxEntry
 * @property {ClientId} clientMessageId
 * @property {ChatId} chatId
 * @property {Draft} draft
 * @property {"waiting" | "uploading" | "sending" | "failed"} state
 * @property {number} createdAt when it was written, in ms
 * @property {ChatError} [error] why it failed
 * @property {number} [progress] how much of its file is uploaded, 0 to 1
 * @property {Blob} [file]
 */

/**
 * What a client needs of its engine.
 * @typedef {object} Engine
 * @property {() => void} start
 * @property {() => void} stop
 * @property {UserId | undefined} me
 * @property {State | undefined} state undefined before the first token
 * @property {Link} link
 * @property {readonly OutboxEntry[]} outbox another list when something in it changed
 * @property {<A>(call: Call<A>, options?: { signal?: AbortSignal }) => Promise<A>} request
 * @property {(change: (state: State) => unknown) => unknown} update
 * @property {(chat: ChatId, draft: Draft, options: { clientMessageId?: ClientId, file?: Blob,
 *   attachment?: NewAttachment }) => ClientId} send
 * @property {(id: ClientId) => void} retry
 * @property {(id: ClientId) => void} discard
 * @property {(action: string, fields: object) => void} sendFrame
 * @property {(chat: ChatId, attachment: NewAttachment, file: Blob, options?: TransferOptions) => Promise<Attachment>} upload
 * @property {(chat: ChatId, seq: Seq, options?: TransferOptions) => Promise<{ attachment: Attachment, blob: Blob }>} download
 * @property {(listener: (update: Update) => void) => () => void} subscribe
 */

/** @typedef {{ signal?: AbortSignal, onProgress?: (progress: number) => void }} TransferOptions */
/** @typedef {Pick<EngineOptions, "now" | "setTimeout" | "clearTimeout" | "logger">} StoreOptions */

/**
 * What the parts of one client share.
 * @internal
 */
export class Store {
  /** @type {Map<UserId, Readable<Person>>} */
  #people = new Map();
  /**
   * The requests that run, by what they load: who asks again while one runs gets the same answer.
   * @type {Map<string, Promise<unknown>>}
   */
  #loads = new Map();
  /**
   * Who hears of each update, in the order in which they came. A listener that was dropped is forgotten.
   * @type {Set<{ deref(): ((update: Update) => void) | undefined }>}
   */
  #listeners = new Set();
  /**
   * The messages on their way that the application holds, by clientMessageId, and who hears what became of them.
   * @type {Map<ClientId, { sending: Readonly<Sending>, settle: (update: Update) => void }>}
   */
  sendings = new Map();
  /**
   * The chats that the application holds: each hears of its events, of its sent messages, and when all is caught up.
   * @type {Map<ChatId, (update: Update) => void>}
   */
  chatListeners = new Map();
  /** How many timelines there are. */
  timelines = 0;
  /**
   * What a timeline shows of a stored message.
   * @type {WeakMap<HeldMessage, StoredItem>}
   */
  items = new WeakMap();
  /**
   * The chats on the screen, the last one that was opened at the end.
   * @type {Set<ChatId>}
   */
  open = new Set();

  /**
   * @param {Engine} engine
   * @param {StoreOptions} options
   */
  constructor(engine, options) {
    this.engine = engine;
    /** @param {unknown} error */
    this.report = (error) => (options.logger ?? globalThis.console)?.warn?.("a listener failed", error);
    this.source = new Source(options, this.report);
    engine.subscribe((update) => this.#onUpdate(update));
  }

  /** @param {Update} update */
  #onUpdate(update) {
    const { chatListeners } = this;
    this.source.change();
    if (update.type === "caughtUp") {
      // Nothing is visible before the first token.
      this.setVisible();
      for (const listener of chatListeners.values()) listener(update);
    } else if (update.type === "event" && "chatId" in update.event) {
      // A chat that was forgotten is not visible any more when it comes back.
      if (update.event.event === "chat.created") this.setVisible();
      chatListeners.get(update.event.chatId)?.(update);
    } else if ("clientMessageId" in update) {
      if (update.type === "sent") chatListeners.get(update.message.chatId)?.(update);
      this.sendings.get(update.clientMessageId)?.settle(update);
    }
    for (const entry of [...this.#listeners]) {
      const listener = entry.deref();
      if (listener) this.call(listener, update);
      else this.#listeners.delete(entry);
    }
  }

  /** What the client holds; undefined before the first token. */
  get state() {
    return this.engine.state;
  }

  /** The time now as the documents write it. */
  get now() {
    return new Date(this.source.now()).toISOString();
  }

  /**
   * Calls a listener of the application. What it throws is reported, and stops nobody else.
   * @template T
   * @param {(value: T) => void} listener
   * @param {T} value
   */
  call(listener, value) {
    try {
      listener(value);
    } catch (error) {
      this.report(error);
    }
  }

  /**
   * Hears of each update until the function that is returned is called, or, if `isWeak`, until the listener is dropped.
   * @param {(update: Update) => void} listener
   * @param {boolean} [isWeak]
   */
  listen(listener, isWeak) {
    const entry = isWeak && typeof WeakRef === "function" ? new WeakRef(listener) : { deref: () => listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /**
   * A value of this client that changes.
   * @template T
   * @param {T} initial
   * @param {(before: T) => T} compute
   */
  readable(initial, compute) {
    return new Readable(this.source, initial, compute);
  }

  /** @param {UserId} id */
  person(id) {
    let person = this.#people.get(id);
    if (!person) {
      const compute = (/** @type {Person | undefined} */ before) => viewPerson(id, this.state?.person(id), before);
      this.#people.set(id, (person = this.readable(compute(undefined), compute)));
    }
    return person;
  }

  /**
   * Sends a request. What its answer changes shows at once.
   * @type {Engine["request"]}
   */
  async request(call, options) {
    try {
      return await this.engine.request(call, options);
    } finally {
      this.source.change();
    }
  }

  /**
   * Runs a task unless one with this name runs. Nobody has to look at the result.
   * @template T
   * @param {string} name
   * @param {() => Promise<T>} task
   * @returns {Promise<T>}
   */
  once(name, task) {
    let load = /** @type {Promise<T> | undefined} */ (this.#loads.get(name));
    if (!load) {
      load = task().finally(() => {
        this.#loads.delete(name);
        this.source.change();
      });
      load.catch(() => {});
      this.#loads.set(name, load);
      this.source.change();
    }
    return load;
  }

  /**
   * Whether a task with this name runs.
   * @param {string} name
   */
  isRunning(name) {
    return this.#loads.has(name);
  }

  /** Tells the engine which chats are on the screen. */
  setVisible() {
    const { engine, open } = this;
    if (!engine.state) return;
    engine.update((state) => {
      state.setVisible([...open].reverse());
      return [];
    });
  }
}

/**
 * The promise, or a rejection with the signal's reason as soon as it is aborted. Nobody has to look at it.
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 * @internal
 */
export function abortable(promise, signal) {
  if (!signal) return promise;
  const either = new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
  either.catch(() => {});
  return either;
}
