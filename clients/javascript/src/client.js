// A client of one user: what it shows, and what this user does outside of a chat.

/** @import { Block, ChatId, Custom, EventName, EventOf, UnreadTotal, UserId } from "./api.js" */
/** @import { Call } from "./calls.js" */
/** @import { EngineOptions, Link, Update } from "./engine/options.js" */
/** @import { Engine } from "./store.js" */
/** @import { Readable } from "./readable.js" */
/** @import { RequestOptions } from "./chat.js" */
/** @import { ChatSummary, Person } from "./views.js" */
import * as calls from "./calls.js";
import { Chat } from "./chat.js";
import { Store } from "./store.js";
import { EMPTY, snapshot } from "./readable.js";
import { readUpdates } from "./updates.js";

/**
 * What a listener gets, by the name that it listens to: the events of the system, and what the client itself reports.
 * @typedef {{ [Name in EventName]: EventOf<Name> } & { [Name in Exclude<Update["type"], "event" | "link">]:
 *   Extract<Update, { type: Name }> } & { link: Readonly<Link> }} ClientEvents
 */

/**
 * A chat to create: the private chat with another user, or a group with its name and the other participants.
 * @typedef {{ with: UserId } | { name: string, participants: UserId[], topic?: string, custom?: Custom,
 *   clientChatId?: string }} ChatDraft
 */

/** @type {Readonly<Link>} */
const STOPPED = Object.freeze({ status: "stopped", isCaughtUp: false });

/**
 * A client of one user. It does nothing before `start`. Then it stays connected, holds the user's chats, and sends
 * messages until they are stored. The functions that ask the system reject with a `ChatError`, before `start` with the
 * code `stopped`.
 */
export class Client {
  /** @type {Store} */
  #store;
  /** @type {Map<ChatId, Chat>} */
  #chats = new Map();
  /** How many callers of `start` did not stop yet. */
  #starts = 0;

  /**
   * @param {Engine} engine
   * @param {Partial<EngineOptions>} [options]
   * @internal
   */
  constructor(engine, options = {}) {
    const store = (this.#store = new Store(engine, options));
    /**
     * Whether the client is connected, and why not. `isCaughtUp`: the other values are complete.
     * @type {Readable<Readonly<Link>>}
     */
    this.link = store.readable(STOPPED, (before) => snapshot(before, { ...engine.link }));
    /**
     * This user; undefined before the first token. Their name comes when the client is caught up.
     * @type {Readable<Readonly<Person> | undefined>}
     */
    this.me = store.readable(/** @type {Readonly<Person> | undefined} */ (undefined), () =>
      engine.me ? store.person(engine.me).get() : undefined,
    );
    /**
     * The chats that are not archived: pinned ones first, then newest activity first.
     * @type {Readable<readonly Readonly<ChatSummary>[]>}
     */
    this.chats = store.readable(/** @type {readonly Readonly<ChatSummary>[]} */ (EMPTY), (before) => {
      // An archived chat may come back when its mute ends.
      this.archived.get();
      return this.#list(before, engine.state?.inbox(store.now));
    });
    /**
     * The archived chats, in the same order.
     * @type {Readable<readonly Readonly<ChatSummary>[]>}
     */
    this.archived = store.readable(/** @type {readonly Readonly<ChatSummary>[]} */ (EMPTY), (before) =>
      this.#list(before, engine.state?.archived(store.now)),
    );
    /**
     * How many messages this user has not read, in chats that are neither muted nor archived.
     * @type {Readable<number>}
     */
    this.unreadTotal = store.readable(0, () =>
      this.chats.get().reduce((sum, { muted, unread }) => sum + (muted ? 0 : unread), 0),
    );
    engine.subscribe(({ type }) => {
      // Only the document of this user has `notifyOnMention`, and no event brings it at the start.
      if (type === "caughtUp" && this.me.get()?.notifyOnMention === undefined)
        store.once("me", () => engine.request(calls.getMe()));
    });
  }

  /**
   * @param {readonly Readonly<ChatSummary>[]} before
   * @param {readonly { chatId: ChatId }[]} [chats]
   */
  #list(before, chats = []) {
    const summaries = chats.map(({ chatId }) => this.chat(chatId).summary.get());
    return snapshot(before, /** @type {Readonly<ChatSummary>[]} */ (summaries));
  }

  /**
   * Connects, and stays connected until the function that is returned is called as often as this one. A start right
   * after a stop keeps the connection.
   * @returns {() => void}
   * @throws {TypeError} there is no WebSocket, as in Node.js 20: hand one in
   */
  start() {
    const { engine, options } = this.#store;
    engine.start();
    this.#starts++;
    let isStopped = false;
    return () => {
      if (isStopped) return;
      isStopped = true;
      this.#starts--;
      options.setTimeout(() => this.#starts || engine.stop(), 0);
    };
  }

  /**
   * A chat by its id: the same object each time, also for a chat that is not held (yet).
   * @param {ChatId} id
   */
  chat(id) {
    let chat = this.#chats.get(id);
    if (!chat) this.#chats.set(id, (chat = new Chat(this.#store, id)));
    return chat;
  }

  /**
   * A user by their id: the same `Readable` each time. Somebody who is not known has their id as a name.
   * @param {UserId} id
   * @returns {Readable<Readonly<Person>>}
   */
  person(id) {
    return this.#store.person(id);
  }

  /**
   * Loads a user who shares a chat with this user. People of a chat on the screen are loaded by themselves.
   * @param {UserId} id
   * @param {RequestOptions} [options]
   * @returns {Promise<Readonly<Person>>}
   */
  async loadPerson(id, options) {
    await this.#request(id === this.#store.engine.me ? calls.getMe() : calls.getUser(id), options);
    return this.person(id).get();
  }

  /**
   * Creates a chat, or finds it if it exists.
   * @param {ChatDraft} draft
   * @param {RequestOptions} [options]
   */
  async createChat(draft, options) {
    /** @type {Parameters<typeof calls.createChat>[0]} */
    const body = "with" in draft ? { isGroup: false, participants: [draft.with] } : { isGroup: true, ...draft };
    const { chat } = await this.#request(calls.createChat(body), options);
    return this.chat(chat.chatId);
  }

  /**
   * Calls `listener` for each event with this name, in order and once, whether a push, a reply or a sync brought it.
   * Beside the events of the system: `sent`, `notSent` and `discarded` about messages on their way, `link`, `caughtUp`,
   * `outbox`, `changed`, and `failed` about what the client does in the background. What a listener throws goes to the
   * logger.
   * @template {keyof ClientEvents} Name
   * @param {Name} name
   * @param {(event: ClientEvents[Name]) => void} listener
   * @param {RequestOptions} [options] `signal` ends it
   * @returns {() => void} ends it
   */
  on(name, listener, { signal } = {}) {
    if (signal?.aborted) return () => {};
    const off = this.#store.engine.subscribe((update) => {
      const { type, event, link } = /** @type {any} */ (update);
      if ((event?.event ?? type) === name) listener(event ?? link ?? update);
    });
    signal?.addEventListener("abort", off, { once: true });
    return off;
  }

  /**
   * All updates from now on, in order and each once. It ends when `signal` is aborted. If more than 10,000 wait, it
   * throws a `ChatError` with the code `updates_overflow`: read what the client holds, and begin again.
   * @param {RequestOptions} [options]
   * @returns {AsyncIterable<Update>}
   */
  updates({ signal } = {}) {
    return readUpdates(this.#store.engine, signal);
  }

  /**
   * @template A
   * @param {Call<A>} call
   * @param {RequestOptions} [options]
   */
  #request(call, options) {
    return this.#store.engine.request(call, options);
  }

  /**
   * @param {Parameters<typeof calls.updateMe>[0]} change
   * @param {RequestOptions} [options]
   */
  #updateMe(change, options) {
    return this.#request(calls.updateMe(change), options);
  }

  /**
   * Changes this user's name.
   * @param {string | null} nickname null takes it back
   * @param {RequestOptions} [options]
   */
  setNickname(nickname, options) {
    return this.#updateMe({ nickname }, options);
  }

  /**
   * Says whether a mention notifies this user in a chat that they muted.
   * @param {boolean} notifyOnMention
   * @param {RequestOptions} [options]
   */
  setNotifyOnMention(notifyOnMention, options) {
    return this.#updateMe({ notifyOnMention }, options);
  }

  /**
   * Replaces this user's custom data, at most 512 bytes of JSON that everybody sees who sees the user.
   * @param {Custom | null} custom null removes it
   * @param {RequestOptions} [options]
   */
  setCustom(custom, options) {
    return this.#updateMe({ custom }, options);
  }

  /**
   * Blocks a user: nothing goes through the private chat with them.
   * @param {UserId} user
   * @param {RequestOptions} [options]
   */
  block(user, options) {
    return this.#request(calls.blockUser(user), options);
  }

  /**
   * Ends the block of a user.
   * @param {UserId} user
   * @param {RequestOptions} [options]
   */
  unblock(user, options) {
    return this.#request(calls.unblockUser(user), options);
  }

  /**
   * The users whom this user blocks.
   * @param {RequestOptions} [options]
   * @returns {Promise<Block[]>}
   */
  async blocks(options) {
    return (await this.#request(calls.listBlocks(), options)).blocks;
  }

  /**
   * The unread messages as the system counts them. `unreadTotal` follows by itself.
   * @param {RequestOptions & { all?: boolean }} [options] `all`: muted and archived chats count too
   * @returns {Promise<UnreadTotal>}
   */
  countUnread(options) {
    return this.#request(calls.countUnread(options?.all), options);
  }
}
