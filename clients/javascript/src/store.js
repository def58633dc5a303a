// What the parts of one client share: the engine, and the values that follow from it.

/** @import { Attachment, ChatId, ClientId, Seq, UserId } from "./api.js" */
/** @import { Call } from "./calls.js" */
/** @import { EngineOptions, Link, Update } from "./engine/options.js" */
/** @import { ChatError } from "./errors.js" */
/** @import { Draft } from "./outbox.js" */
/** @import { NewAttachment, Sending } from "./sending.js" */
/** @import { HeldMessage } from "./state/message.js" */
/** @import { State } from "./state/state.js" */
/** @import { StoredItem } from "./items.js" */
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
 * @property {NewAttachment} [attachment] what the file is declared with
 */

/** @typedef {{ signal?: AbortSignal, onProgress?: (progress: number) => void }} TransferOptions */

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
 * @property {(chat: ChatId, attachment: NewAttachment, file: Blob, options?: TransferOptions) =>
 *   Promise<Attachment>} upload
 * @property {(chat: ChatId, seq: Seq, options?: TransferOptions) =>
 *   Promise<{ attachment: Attachment, blob: Blob }>} download
 * @property {(listener: (update: Update) => void) => () => void} subscribe
 */

/**
 * What the parts of one client share.
 * @internal
 */
export class Store extends Source {
  /** @type {Map<UserId, Readable<Person>>} */
  #people = new Map();
  /**
   * The tasks that run, by name.
   * @type {Map<string, Promise<any>>}
   */
  tasks = new Map();
  /**
   * The messages on their way that the application holds, by clientMessageId.
   * @type {Map<ClientId, Readonly<Sending>>}
   */
  sendings = new Map();
  /**
   * What a timeline shows of a stored message.
   * @type {WeakMap<HeldMessage, StoredItem>}
   */
  items = new WeakMap();
  /**
   * What each chat does at its events, and when the client is caught up.
   * @type {Map<ChatId, (update: Update) => void>}
   */
  chatListeners = new Map();
  /** How many timelines there are. */
  timelines = 0;
  /**
   * The chats on the screen, the last one that was opened at the end.
   * @type {Set<ChatId>}
   */
  open = new Set();

  /**
   * @param {Engine} engine
   * @param {Partial<EngineOptions>} options
   */
  constructor(engine, options) {
    super(options);
    this.engine = engine;
    engine.subscribe((update) => {
      this.change();
      if (update.type === "caughtUp") for (const listener of this.chatListeners.values()) listener(update);
      this.chatListeners.get(/** @type {any} */ (update).event?.chatId)?.(update);
    });
  }

  /**
   * A chat that the client holds.
   * @param {ChatId} id
   */
  chat(id) {
    return this.engine.state?.chat(id);
  }

  /** The time as the documents write it. */
  get now() {
    return new Date(this.options.now()).toISOString();
  }

  /** The id of this user; empty before the first token. */
  get me() {
    return this.engine.me ?? "";
  }

  /**
   * A value of this client that changes.
   * @template T
   * @param {T} initial
   * @param {(before: T) => T} compute
   */
  readable(initial, compute) {
    return new Readable(this, initial, compute);
  }

  /**
   * @param {UserId} id
   * @returns {Readable<Person>}
   */
  person(id) {
    let person = this.#people.get(id);
    if (!person) {
      const compute = (/** @type {Person | undefined} */ before) =>
        viewPerson(id, this.engine.state?.person(id), before);
      this.#people.set(id, (person = this.readable(compute(undefined), compute)));
    }
    return person;
  }

  /**
   * Runs a task unless one with this name runs: then its result is that of both. Nobody has to look at it.
   * @template T
   * @param {string} name
   * @param {() => Promise<T>} task
   * @param {boolean} [isShown] whether a value says that it runs
   * @returns {Promise<T>}
   */
  once(name, task, isShown) {
    let running = this.tasks.get(name);
    if (!running) {
      running = task().finally(() => {
        this.tasks.delete(name);
        if (isShown) this.change();
      });
      running.catch(() => {});
      this.tasks.set(name, running);
      if (isShown) this.change();
    }
    return running;
  }

  /** Tells the engine which chats are on the screen. */
  setVisible() {
    this.engine.update((state) => state.setVisible([...this.open].reverse()));
  }
}
