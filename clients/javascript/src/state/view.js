// What a client holds, to read: its chats, the users, and what it has to ask for.

/** @import { ChatId, Time, UserId } from "../api.js" */
/** @import { ChatState } from "./chat.js" */
/** @import { CatchUpRequest } from "./plan.js" */
import { peopleOf } from "./message.js";
import { byCodePoint } from "./order.js";
import { People } from "./people.js";
import { Plan } from "./plan.js";

/** One request returns at most so many users of a chat. */
export const MAX_NAMED_USERS = 50;
/** One request names users of at most so many bytes: API Gateway takes 10,240 bytes for the URL and the token together. */
const MAX_NAMED_BYTES = 4096;
/** A sync returns the read positions of at most so many chats. */
export const MAX_VISIBLE_CHATS = 5;

/** What one device of a user holds, to read, and what it may have missed. */
export class StateView {
  /**
   * The chats that are held, by id, in no order.
   * @type {Map<ChatId, ChatState>}
   */
  chats = new Map();
  /** @internal */
  people = new People();
  /**
   * The chats that are on the screen, without those that this user is not in any more.
   * @type {readonly ChatId[]}
   */
  visible = [];
  /** @internal */
  plan = new Plan();

  /**
   * A device that holds nothing yet. Its first request is the inbox.
   * @param {UserId} me
   */
  constructor(me) {
    /** The id of the user whose device this is. */
    this.me = me;
    this.plan.addInitialInbox();
  }

  /**
   * A chat by its id; undefined if it is not held.
   * @param {ChatId} id
   */
  chat(id) {
    return this.chats.get(id);
  }

  /**
   * The chats that are held and not archived at the time `now`: pinned ones first, then newest activity first. `now` is
   * RFC 3339 in UTC with milliseconds, as in the documents.
   * @param {Time} now
   */
  inbox(now) {
    return this.#sorted((chat) => !chat.isArchived(now));
  }

  /**
   * The chats that are held and archived at the time `now`, in the same order.
   * @param {Time} now
   */
  archived(now) {
    return this.#sorted((chat) => chat.isArchived(now));
  }

  /** @param {(chat: ChatState) => boolean} isListed */
  #sorted(isListed) {
    /** @param {ChatState} chat */
    const rank = (chat) => (chat.settings.pinned ? 1 : 0) + chat.activeAt;
    return [...this.chats.values()]
      .filter(isListed)
      .sort((a, b) => byCodePoint(rank(b), rank(a)) || byCodePoint(a.chatId, b.chatId));
  }

  /**
   * A user by their id; undefined if no document and no event of them came yet.
   * @param {UserId} user
   */
  person(user) {
    return this.people.get(user);
  }

  /**
   * Says which chats are on the screen. Only the first {@link MAX_VISIBLE_CHATS} count: a sync returns their read
   * positions.
   * @param {readonly ChatId[]} chats
   */
  setVisible(chats) {
    this.visible = chats.slice(0, MAX_VISIBLE_CHATS);
  }

  /** Anything may have been missed in any chat, for example after a long silence. */
  markBehind() {
    this.plan.addEverything(this.chats);
  }

  /**
   * Something may have been missed in this chat, for example because a request about it got no answer.
   * @param {ChatId} id
   */
  markChatBehind(id) {
    if (this.chat(id)) this.plan.addChat(id);
  }

  /** The events before a gap did not come by themselves: they have to be asked for. */
  markGapsBehind() {
    for (const [id, chat] of this.chats) if (chat.hasGap) this.plan.addChat(id);
  }

  /** The connection was lost. Anything may have been missed, and who is online is not known any more. */
  markDisconnected() {
    this.people.expireEvents();
    this.plan.addEverythingAndPresence(this.chats);
  }

  /** Whether there is something to ask for: then `nextRequest` has a request. */
  get isBehind() {
    return this.plan.isBehind;
  }

  /**
   * Whether an event waits for one before it, which may still come by itself. If it does not come, call `markGapsBehind`.
   */
  get hasGap() {
    return [...this.chats.values()].some((chat) => chat.hasGap);
  }

  /**
   * The next request for what was missed; undefined if nothing was. It stays the same until its answer is applied.
   * @returns {CatchUpRequest | undefined}
   */
  nextRequest() {
    return this.plan.nextRequest(this.chats, this.visible);
  }

  /**
   * Who appears in the messages of a chat that are held and is not known, newest message first: senders, mentioned users,
   * and who deleted or reacted. At most {@link MAX_NAMED_USERS}, so that one request can ask for them.
   * @param {ChatId} id
   */
  unknownPeople(id) {
    /** @type {Set<UserId>} */
    const people = new Set();
    const chat = this.chat(id);
    if (!chat) return [];
    let bytes = 0;
    for (const user of [...chat.messages].reverse().flatMap(peopleOf)) {
      const fits = people.size < MAX_NAMED_USERS && bytes + user.length <= MAX_NAMED_BYTES;
      if (!fits || people.has(user) || !this.people.isUnknown(id, user, chat.document.rev)) continue;
      people.add(user);
      bytes += user.length + 1;
    }
    return [...people].sort();
  }
}
