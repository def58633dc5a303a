// One chat: what it shows, and what this user does in it.

/** @import { ChatEvent, ChatId, Custom, Member as MemberDocument, NotifyLevel, Seq, Time, UserId } from "./api.js" */
/** @import { Call } from "./calls.js" */
/** @import { Store } from "./store.js" */
/** @import { Update } from "./engine/options.js" */
/** @import { Readable } from "./readable.js" */
/** @import { FileOptions, Sending, TextDraft } from "./sending.js" */
/** @import { ChatSummary, Member, Person } from "./views.js" */
import * as calls from "./calls.js";
import { EMPTY, snapshot } from "./readable.js";
import { newAttachment, sendingOf } from "./sending.js";
import { Timeline, loadFirst } from "./timeline.js";
import { viewChat, viewMembers } from "./views.js";

/** How often the others are told at most that this user types. */
const TYPING_INTERVAL_MS = 3000;
/** How long somebody types after an event without `timeoutMs`. */
const TYPING_TIMEOUT_MS = 6000;

/**
 * What a request accepts.
 * @typedef {{ signal?: AbortSignal }} RequestOptions
 */

/**
 * A draft or a change with its text where messages have it.
 * @template {{ text?: string }} T
 * @param {string | T} draft
 */
const withContent = (draft) => {
  const { text, ...rest } = /** @type {T} */ (typeof draft === "string" ? { text: draft } : draft);
  return { content: text, ...rest };
};

/**
 * One chat of this user. A chat that the client does not hold (yet) can be used too: then its values are empty. The
 * functions that ask the system reject with a `ChatError`.
 */
export class Chat {
  /** @type {Store} */
  #store;
  /**
   * When the users who type stop, unless they go on, by `options.clock`.
   * @type {Map<UserId, number>}
   */
  #typing = new Map();
  /** When the others were told last that this user types, by `options.clock`. */
  #typingSentAt = -Infinity;
  /** How often the chat is on the screen. */
  #opens = 0;
  #isLoaded = false;
  /** Up to where this user has seen the chat. */
  #seen = 0;

  /**
   * @param {Store} store
   * @param {ChatId} id
   * @internal
   */
  constructor(store, id) {
    this.#store = store;
    /**
     * The id of the chat.
     * @readonly
     */
    this.id = id;
    /**
     * What a list of chats shows of it; undefined while the chat is not held: before the inbox came, or if this user is
     * not in it.
     * @type {Readable<Readonly<ChatSummary> | undefined>}
     */
    this.summary = store.readable(
      /** @type {Readonly<ChatSummary> | undefined} */ (undefined),
      (before) => this.#state && viewChat(store, this.#state, before),
    );
    /**
     * The participants, sorted by id. Those of a large group may be cut: `loadMembers` has all.
     * @type {Readable<readonly Readonly<Member>[]>}
     */
    this.members = store.readable(/** @type {readonly Readonly<Member>[]} */ (EMPTY), (before) =>
      this.#state ? viewMembers(store, this.#state, before) : EMPTY,
    );
    /**
     * Who types now.
     * @type {Readable<readonly Readonly<Person>[]>}
     */
    this.typing = store.readable(/** @type {readonly Readonly<Person>[]} */ (EMPTY), (before) => {
      for (const [user, until] of this.#typing) {
        const left = until - store.options.clock();
        if (left > 0) store.wakeAfter(left);
        else this.#typing.delete(user);
      }
      return snapshot(
        before,
        [...this.#typing.keys()].map((user) => store.person(user).get()),
      );
    });
    store.chatListeners.set(id, (update) => this.#onUpdate(update));
  }

  get #state() {
    return this.#store.chat(this.id);
  }

  /** @param {Update} update an event of this chat, or that the client is caught up */
  #onUpdate(update) {
    // Nothing is visible before the first token.
    if (update.type === "caughtUp") {
      this.#show();
      if (this.#seen) this.markSeen(this.#seen);
      return;
    }
    const { event, data } = /** @type {Extract<ChatEvent, { chatId: ChatId }>} */ (/** @type {any} */ (update).event);
    if (event === "typing") {
      if (data.state === "start")
        this.#typing.set(data.userId, this.#store.options.clock() + (data.timeoutMs ?? TYPING_TIMEOUT_MS));
      else this.#typing.delete(data.userId);
      return;
    }
    if (event === "message.created") this.#typing.delete(data.senderId);
    if (event === "chat.created") {
      // A chat that was forgotten is not visible any more when it comes back.
      this.#isLoaded = false;
      this.#show();
    } else if (this.#isLoaded) this.#load();
  }

  /** Says that the chat is on the screen, if it is, and loads what it needs. */
  #show() {
    if (!this.#opens) return;
    this.#store.setVisible();
    this.#load();
  }

  /** Loads what the screen needs: the members, a first page of messages, and who appears in the messages. */
  #load() {
    const { id } = this;
    const store = this.#store;
    if (!this.#opens || !this.#state) return;
    // What fails is loaded again when the client is caught up.
    store.once("load " + id, async () => {
      // One look for all events of a task.
      await undefined;
      if (!this.#isLoaded) {
        this.#isLoaded = true;
        try {
          await store.engine.request(calls.getChat(id));
          await loadFirst(store, id);
        } catch (error) {
          this.#isLoaded = false;
          throw error;
        }
      }
      for (let users; (users = store.engine.state?.unknownPeople(id))?.length;)
        await store.engine.request(calls.listUsers(id, users));
    });
  }

  /**
   * The chat is on the screen: its members and a first page of messages are loaded, its read positions are kept up to
   * date, and a long silence is checked. At most 5 chats, those that were opened last.
   * @returns {() => void} the chat is not on the screen any more
   */
  open() {
    const { open } = this.#store;
    let isOpen = true;
    // Its read positions may have moved since it was open.
    if (!this.#opens++) this.#isLoaded = false;
    open.delete(this.id);
    open.add(this.id);
    this.#show();
    return () => {
      if (!isOpen) return;
      isOpen = false;
      if (--this.#opens) return;
      open.delete(this.id);
      this.#store.setVisible();
    };
  }

  /**
   * The messages at the end of the chat, or around the message `around`. Each call makes a timeline of its own.
   * @param {{ around?: Seq }} [options]
   */
  timeline({ around } = {}) {
    const timeline = new Timeline(this.#store, this.id);
    if (around) timeline.jumpTo(around);
    return timeline;
  }

  /**
   * Sends a message, now or as soon as there is a connection. It is in the outbox when this returns.
   * @param {string | TextDraft} draft
   * @returns {Readonly<Sending>}
   * @throws {import("./errors.js").ChatError} `outbox_full`, `duplicate_message_id`, or it is too long to be sent
   */
  send(draft) {
    const { clientMessageId, ...rest } = withContent(draft);
    return this.#send({ type: "text", ...rest }, { clientMessageId });
  }

  /**
   * Uploads a file and sends it in a message. The file is kept in the outbox until then.
   * @param {Blob} file
   * @param {FileOptions} [options]
   * @returns {Readonly<Sending>}
   * @throws {import("./errors.js").ChatError} as `send`
   */
  sendFile(file, options = {}) {
    const { caption: content = "", replyTo, mentions, custom, clientMessageId, signal, onProgress } = options;
    const attachment = newAttachment(file, options);
    const draft = { type: attachment.type, content, replyTo, mentions, custom };
    const sending = this.#send(draft, { clientMessageId, file, attachment }, onProgress);
    if (signal?.aborted) sending.discard();
    signal?.addEventListener("abort", sending.discard, { once: true });
    return sending;
  }

  /**
   * @param {object} draft
   * @param {object} options
   * @param {(progress: number) => void} [onProgress]
   */
  #send(draft, options, onProgress) {
    this.#typingSentAt = -Infinity;
    return sendingOf(this.#store, this.#store.engine.send(this.id, draft, options), onProgress);
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
   * @template {{ message: any }} A
   * @param {Call<A>} call
   * @param {RequestOptions} [options]
   * @returns {Promise<A["message"]>}
   */
  #change(call, options) {
    return this.#request(call, options).then(({ message }) => message);
  }

  /**
   * Edits an own message, for 15 min after it was sent. What is left out stays; `custom: null` removes it.
   * @param {Seq} seq
   * @param {string | { text?: string, mentions?: UserId[], custom?: Custom | null }} change a string: the new text
   * @param {RequestOptions} [options]
   */
  edit(seq, change, options) {
    return this.#change(calls.editMessage(this.id, seq, withContent(change)), options);
  }

  /**
   * Deletes a message for this user, or for everyone: the sender and admins of the group may.
   * @param {Seq} seq
   * @param {RequestOptions & { forEveryone?: boolean }} [options]
   * @throws {TypeError} `options` has something else than `forEveryone` and `signal`
   */
  delete(seq, options) {
    // An option that is taken for another one would delete for this user alone, and nothing would say so.
    if (options && (typeof options !== "object" || Object.keys(options).some((name) => !/^(forEveryone|signal)$/.test(name))))
      throw new TypeError("delete: use { forEveryone: true }");
    return this.#change(calls.deleteMessage(this.id, seq, options?.forEveryone ? "everyone" : "me"), options);
  }

  /**
   * Replaces this user's reactions to a message.
   * @param {Seq} seq
   * @param {string | string[]} emojis one or several; `[]` removes them
   * @param {RequestOptions} [options]
   */
  react(seq, emojis, options) {
    return this.#change(calls.reactToMessage(this.id, seq, [emojis].flat()), options);
  }

  /**
   * This user has seen the chat, up to its last message if `seq` is left out. The position never goes back. One request
   * runs at a time, and takes the latest `seq`. What fails is sent again with the next call, or after a reconnect.
   * @param {Seq} [seq]
   * @returns {Promise<void>} nobody has to look at it
   */
  markSeen(seq = this.#state?.seq ?? 0) {
    this.#seen = Math.max(this.#seen, seq);
    return this.#store.once(`seen ${this.id}`, async () => {
      for (;;) {
        const upTo = this.#seen;
        const { me } = this.#store;
        const chat = this.#state;
        if (!chat) return;
        if (!(upTo > chat.readSeqOf(me) || chat.isMarkedUnread(me))) break;
        await this.#request(calls.markSeen(this.id, upTo));
        if (upTo === this.#seen) break;
      }
      this.#seen = 0;
    });
  }

  /**
   * @param {Parameters<typeof calls.updateMember>[1]} change
   * @param {RequestOptions} [options]
   */
  #set(change, options) {
    return this.#request(calls.updateMember(this.id, change), options);
  }

  /**
   * Says which messages notify this user: all, those that mention them, or none.
   * @param {NotifyLevel} notify
   * @param {RequestOptions} [options]
   */
  setNotify(notify, options) {
    return this.#set({ notify }, options);
  }

  /**
   * Mutes the chat for this user.
   * @param {Time | Date} [until] without it, the mute has no end
   * @param {RequestOptions} [options]
   */
  mute(until, options) {
    const muteUntil = until && new Date(until).toISOString();
    return this.#set({ notify: "none", muteUntil }, options);
  }

  /**
   * Ends the mute: all messages notify.
   * @param {RequestOptions} [options]
   */
  unmute(options) {
    return this.setNotify("all", options);
  }

  /**
   * Puts the chat first in the list, or back to its place.
   * @param {boolean} [pinned]
   * @param {RequestOptions} [options]
   */
  pin(pinned = true, options) {
    return this.#set({ pinned }, options);
  }

  /**
   * Moves the chat to the archive, or back. A message brings it back, unless it is muted.
   * @param {boolean} [archived]
   * @param {RequestOptions} [options]
   */
  archive(archived = true, options) {
    return this.#set({ archived }, options);
  }

  /**
   * Marks the chat as unread, or takes the mark back. The read position stays.
   * @param {boolean} [markedUnread]
   * @param {RequestOptions} [options]
   */
  markUnread(markedUnread = true, options) {
    return this.#set({ markedUnread }, options);
  }

  /**
   * @param {Parameters<typeof calls.updateChat>[1]} change
   * @param {RequestOptions} [options]
   */
  #update(change, options) {
    return this.#request(calls.updateChat(this.id, change), options);
  }

  /**
   * Renames a group.
   * @param {string} name
   * @param {RequestOptions} [options]
   */
  rename(name, options) {
    return this.#update({ name }, options);
  }

  /**
   * Sets the topic of a group.
   * @param {string | null} topic null removes it
   * @param {RequestOptions} [options]
   */
  setTopic(topic, options) {
    return this.#update({ topic }, options);
  }

  /**
   * Replaces the custom data of a group.
   * @param {Custom | null} custom null removes it
   * @param {RequestOptions} [options]
   */
  setCustom(custom, options) {
    return this.#update({ custom }, options);
  }

  /**
   * Uploads an image and makes it the avatar of a group; null removes the avatar.
   * @param {Blob | null} image
   * @param {FileOptions} [options] `width`, `height` and `blurHash` are needed
   */
  async setAvatar(image, options = {}) {
    const { engine } = this.#store;
    const uploaded =
      image && (await engine.upload(this.id, newAttachment(image, { type: "image", ...options }), image, options));
    return this.#update({ avatar: uploaded && uploaded.attachmentId }, options);
  }

  /**
   * The avatar of the group, and a URL that serves it for about an hour.
   * @param {RequestOptions} [options]
   */
  avatar(options) {
    return this.#request(calls.getAvatar(this.id), options);
  }

  /**
   * The attachment of a message, and a URL that serves it for about an hour, for an `<img>` or a link.
   * @param {Seq} seq
   * @param {RequestOptions} [options]
   */
  attachment(seq, options) {
    return this.#request(calls.getAttachment(this.id, seq), options);
  }

  /**
   * Downloads the attachment of a message, and checks that the bytes are those that were sent.
   * @param {Seq} seq
   * @param {RequestOptions & { onProgress?: (progress: number) => void }} [options]
   */
  download(seq, options) {
    return this.#store.engine.download(this.id, seq, options);
  }

  /**
   * Adds users to a group.
   * @param {UserId[]} users
   * @param {RequestOptions} [options]
   */
  add(users, options) {
    return this.#request(calls.addParticipants(this.id, users), options);
  }

  /**
   * Removes a user from a group.
   * @param {UserId} user
   * @param {RequestOptions} [options]
   */
  remove(user, options) {
    return this.#request(calls.removeParticipant(this.id, user), options);
  }

  /**
   * Leaves a group.
   * @param {RequestOptions} [options]
   */
  leave(options) {
    return this.remove(this.#store.me, options);
  }

  /**
   * Makes a participant an admin of the group, or takes that back.
   * @param {UserId} user
   * @param {boolean} isAdmin
   * @param {RequestOptions} [options]
   */
  setAdmin(user, isAdmin, options) {
    return this.#request(calls.setAdmin(this.id, user, isAdmin), options);
  }

  /**
   * Hides all messages so far from this user. The others still see them.
   * @param {RequestOptions} [options]
   */
  clear(options) {
    return this.#request(calls.clearChat(this.id), options);
  }

  /**
   * A page of all members with their users, sorted by id.
   * @param {string} [cursor] that of the page before; without it, the first page
   * @param {RequestOptions} [options]
   * @returns {Promise<{ members: MemberDocument[], cursor?: string }>} without `cursor`, it is the last page
   */
  loadMembers(cursor, options) {
    return this.#request(calls.listMembers(this.id, cursor), options);
  }

  /**
   * Tells the others that this user types, or stopped. Call it with each key: they are told every 3 s at most. Nobody
   * is told while there is no connection.
   * @param {boolean} [isTyping]
   */
  setTyping(isTyping = true) {
    const now = this.#store.options.clock();
    if (isTyping ? now - this.#typingSentAt < TYPING_INTERVAL_MS : this.#typingSentAt === -Infinity) return;
    this.#typingSentAt = isTyping ? now : -Infinity;
    this.#store.engine.sendFrame("typing", { chatId: this.id, state: isTyping ? "start" : "stop" });
  }
}
