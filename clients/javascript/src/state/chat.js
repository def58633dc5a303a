// One chat as a client holds it.

/** @import { Chat, ChatEvent, Group, OwnMember, PrivateChat, Rev, Seq, Time, UserId } from "../api.js" */
/** @import { HeldMessage } from "./message.js" */
/** @import { OlderUnread } from "./unread.js" */
import { withText } from "./order.js";
import { Readers } from "./readers.js";
import { countUnread } from "./unread.js";

/**
 * The document of a chat, with the fields that only groups have.
 * @typedef {Chat & Partial<Omit<Group, keyof PrivateChat>>} HeldChat
 */

/**
 * One chat as a client holds it: its document, the latest messages without a gap, and the read positions. Read it; only
 * {@link import("./state.js").State} changes it.
 */
export class ChatState {
  /**
   * @type {Map<Seq, HeldMessage>}
   * @internal
   */
  held = new Map();
  /**
   * The held messages by seq, until one changes.
   * @type {readonly HeldMessage[] | undefined}
   */
  #sorted;
  /**
   * The last message as the inbox showed it, while the message itself is not held.
   * @type {HeldMessage | undefined}
   * @internal
   */
  preview;
  /** @internal */
  readers = new Readers();
  /**
   * This user's view, and their read position at the same moment.
   * @type {OwnMember}
   * @internal
   */
  own = { readSeq: 0, unreadCount: 0, settings: { memberRev: 0, notify: "all" } };
  /**
   * Events that came before the events that they follow.
   * @type {ChatEvent[]}
   * @internal
   */
  waiting = [];
  /**
   * @type {OlderUnread}
   * @internal
   */
  older = { count: 0, asOf: 0, lastDeletion: 0, isUnknown: false };
  /** Whether this user blocks the other participant of this private chat. If the other one blocks, nothing says so. */
  blocked = false;

  /**
   * A chat that begins at its floor, so that all of its messages are to come; or at its end: earlier messages are loaded
   * by pages, when the user wants to see them.
   * @param {HeldChat} document
   * @param {boolean} [atEnd]
   */
  constructor(document, atEnd) {
    /** The chat's document. Its `seq`, `rev` and `floor` may be out of date: use those of this object. */
    this.document = document;
    /**
     * The messages up to this seq are hidden from this user.
     * @type {Seq}
     */
    this.floor = document.floor;
    /**
     * The rev of the last change that is applied.
     * @type {Rev}
     */
    this.rev = document.rev;
    /**
     * The seq of the document that the chat began with. Its rev has changes of the messages up to it, which an event that
     * was made before them lacks. So these messages come by pages and by sync alone.
     * @type {Seq}
     * @internal
     */
    this.begunSeq = document.seq;
    /**
     * All messages above it are held, up to `seq`.
     * @type {Seq}
     */
    this.heldAbove = atEnd ? Math.max(document.seq, this.floor) : this.floor;
    /**
     * The seq of the last message; 0 if there is none.
     * @type {Seq}
     */
    this.seq = this.heldAbove;
  }

  /** The chat's id. */
  get chatId() {
    return this.document.chatId;
  }

  /** Whether this user can see older messages than those that are held. */
  get hasOlder() {
    return this.heldAbove > this.floor;
  }

  /**
   * Older messages are those below this seq. It is the seq of the oldest message that is held; if none is, the seq of the
   * next message.
   */
  get oldestSeq() {
    return this.heldAbove + 1;
  }

  /** Whether events wait for the events before them. */
  get hasGap() {
    return this.waiting.length > 0;
  }

  /**
   * The messages that are held, by seq. Messages that this user deleted for themselves are missing. The same array as
   * before if no message changed, and the same message if it did not change.
   */
  get messages() {
    return (this.#sorted ??= [...this.held.values()].sort((a, b) => a.seq - b.seq));
  }

  /**
   * The message with this seq; undefined if it is not held.
   * @param {Seq} seq
   */
  message(seq) {
    return this.held.get(seq);
  }

  /**
   * The last message, or its beginning from the inbox, which has no reactions. Undefined if this user sees no message, or
   * it is not known yet.
   */
  get lastMessage() {
    const last = this.messages.at(-1) ?? this.preview;
    return last && last.seq > this.floor ? last : undefined;
  }

  /** When the last message was sent, or the chat was created if that is later. Order chats by it. */
  get activeAt() {
    const { createdAt } = this.document;
    const last = this.lastMessage;
    return last && last.createdAt > createdAt ? last.createdAt : createdAt;
  }

  /**
   * Who has read a message, sorted: its sender, and the users who were in the chat and read up to it or beyond. Users who
   * left or were removed stay. Users who joined after the message do not count.
   * @param {HeldMessage} message
   */
  seenBy(message) {
    return this.readers.seenBy(message);
  }

  /**
   * The read position of a participant; 0 if it is not known.
   * @param {UserId} user
   */
  readSeqOf(user) {
    return this.readers.readSeqOf(user);
  }

  /**
   * How many messages this user has not read, without tombstones and those that this user deleted.
   * @param {UserId} me
   */
  unread(me) {
    return countUnread(this, me);
  }

  /**
   * This user's view of the chat as it came last. A mute in it may have ended, an archived chat may have come back, and
   * the mark may be taken back: see `isMuted`, `isArchived` and `isMarkedUnread`.
   */
  get settings() {
    return this.own.settings;
  }

  /**
   * Whether the chat is muted at the time `now`: RFC 3339 in UTC with milliseconds, as in the documents.
   * @param {Time} now
   */
  isMuted(now) {
    const { notify, muteUntil } = this.settings;
    return notify === "none" && !(muteUntil && muteUntil <= now);
  }

  /**
   * Whether the chat is archived at the time `now`: no message came since, or it is muted.
   * @param {Time} now
   */
  isArchived(now) {
    const { archivedSeq } = this.settings;
    return archivedSeq !== undefined && (this.seq <= archivedSeq || this.isMuted(now));
  }

  /**
   * Whether this user marked the chat as unread, and has not read or sent since.
   * @param {UserId} me
   */
  isMarkedUnread(me) {
    return !!this.settings.markedUnread && this.readSeqOf(me) <= this.own.readSeq;
  }

  /**
   * Takes a document unless a newer one is held. Whether it is newer than the one that is held.
   * @param {HeldChat} document
   * @internal
   */
  putDocument(document) {
    const { rev } = this.document;
    // At the same rev, seq or floor may be newer.
    if (document.rev >= rev) {
      if (!document.participantsLimited) this.readers.retain(document.participants);
      this.document = document;
    }
    return document.rev > rev;
  }

  /**
   * Raises the floor. False if it is not lower.
   * @param {Seq} floor
   * @internal
   */
  raiseFloor(floor) {
    if (floor <= this.floor) return false;
    this.floor = floor;
    this.heldAbove = Math.max(this.heldAbove, floor);
    this.seq = Math.max(this.seq, floor);
    for (const seq of this.held.keys()) if (seq <= this.heldAbove) this.remove(seq);
    return true;
  }

  /**
   * @param {Seq} seq
   * @internal
   */
  remove(seq) {
    const isHeld = this.held.delete(seq);
    if (isHeld) this.#sorted = undefined;
    return isHeld;
  }

  /**
   * @param {HeldMessage} message
   * @internal
   */
  set(message) {
    this.#sorted = undefined;
    this.held.set(message.seq, message);
  }

  /**
   * Stores a message unless a newer state of it is held. False if nothing changes, or the message is below what is held.
   * @param {UserId} me
   * @param {HeldMessage} message
   * @internal
   */
  put(me, message) {
    const { seq, rev } = message;
    const isHidden = message.deletedFor.includes(me);
    const preview = this.preview;
    if (preview?.seq === seq && preview.rev <= rev) {
      this.preview = undefined;
      if (seq <= this.heldAbove) {
        // The message is not held, but the inbox shows it.
        if (!isHidden) this.preview = { ...message, reactions: undefined };
        return preview.rev < rev;
      }
    }
    const held = this.message(seq);
    if (seq <= this.heldAbove || (held && held.rev > rev)) return false;
    if (isHidden) return this.remove(seq);
    if (held) {
      // A longer seenBy at the same rev is no change. Who has read a message stays in it.
      message = { ...message, seenBy: held.seenBy.reduce(withText, message.seenBy) };
      if (JSON.stringify(held) === JSON.stringify(message)) return false;
    }
    this.set(message);
    return !held || held.rev < rev;
  }
}
