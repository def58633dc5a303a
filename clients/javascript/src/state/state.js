// What a client holds, as a pure reducer. Events, answers and lost connections go in. Events in order come out, and the
// next request for what was missed. No clock, no socket. The rules are in docs/API.md, "A client that misses nothing", and
// the traces in clients/traces hold them to those of the Rust client.

/** @import { BlockState, Chat, ChatDetails, ChatEvent, ChatId, Inbox, MembersPage, OwnMember, Page, ProfiledUser, ReadPosition, SyncAnswer, UserId, UsersAnswer } from "../api.js" */
/** @import { Entry } from "./answers.js" */
/** @import { HeldMessage } from "./message.js" */
/** @import { PendingSync } from "./plan.js" */
import { applyInboxEntry, applySync, putOlder } from "./answers.js";
import { ChatState } from "./chat.js";
import { applyEvent, applyWaitingEvents } from "./events.js";
import { chatCreated, messageCreated, messageUpdated } from "./message.js";
import { noteRead, putUnread } from "./unread.js";
import { StateView } from "./view.js";

/** Everything that one device of a user holds. The `apply` methods return the events that result, in order. */
export class State extends StateView {
  /**
   * Applies an event. Returns it if it is news, and the events that waited for it.
   * @param {ChatEvent} event
   * @returns {ChatEvent[]}
   */
  applyEvent(event) {
    switch (event.event) {
      case "user.updated":
        this.people.put(event.data, true);
        return [event];
      case "block.updated":
        this.applyBlock(event.data);
        return [event];
      case "presence.updated":
        return this.people.applyPresence(event.data) ? [event] : [];
      case "nickname.updated":
        return this.people.applyNickname(event.data) ? [event] : [];
    }
    const { chatId } = event;
    // A later version of the server may have more events about users.
    if (!chatId) return [];
    const chat = this.chat(chatId);
    if (event.event === "chat.created") {
      if (chat && chat.rev >= event.data.rev) return [];
      this.chats.set(chatId, new ChatState(event.data));
      // The event has neither the read positions nor this user's view nor a block.
      this.plan.addChat(chatId);
      return [event];
    }
    if (!chat) {
      // If the user left a chat that is not held, there is nothing to ask for.
      if (event.event !== "chat.left") this.plan.addUnknownChat(this.chats);
      return [];
    }
    if (event.event === "chat.left") return event.rev > chat.rev && this.#forget(chatId) ? [event] : [];
    // The answer to a request in flight may be older than the event.
    if (event.event === "member.updated" && this.isBehind) this.plan.addChat(chatId);
    const applied = applyEvent(chat, this.me, event);
    const isFull = applied === "full";
    if (isFull) this.plan.addEverything(this.chats);
    const events = isFull || !applied ? [] : [applied, ...applyWaitingEvents(chat, this.me)];
    this.#askForUnknownCount(chat);
    return events;
  }

  /**
   * Asks for the number of unread messages of a chat, if what was applied leaves it unknown.
   * @param {ChatState} chat
   */
  #askForUnknownCount({ chatId, older }) {
    if (older.isUnknown) this.plan.addChat(chatId);
    older.isUnknown = false;
  }

  /**
   * Applies the answer to a sync.
   * @param {PendingSync} sync
   * @param {SyncAnswer} answer
   */
  applySync(sync, answer) {
    /** @type {ChatEvent[]} */
    const events = [];
    this.plan.applySync(sync, answer, this.chats);
    for (const id of answer.gone) events.push(...this.removeChat(id));
    for (const part of answer.chats) {
      const { chatId } = part;
      if (part.reset) {
        // The chat is listed again, and begins at its end.
        this.#forget(chatId);
        this.plan.addInitialInbox();
        continue;
      }
      const chat = this.chat(chatId);
      const cursor = sync.request.cursors[chatId];
      // An event may have removed the chat meanwhile.
      if (!chat || !cursor) continue;
      if (chat.rev < cursor.rev || chat.seq < cursor.seq) {
        // An older page came meanwhile and set the rev back, or the user left and joined again: the answer does not follow
        // what is held.
        this.plan.addChat(chatId);
        continue;
      }
      // The answer had no room for it. The inbox has it.
      if (!part.settings) this.plan.addWholeInbox();
      events.push(...applySync(chat, this.me, cursor.seq, part));
      this.#askForUnknownCount(chat);
    }
    for (const entry of answer.joined) if (!this.chat(entry.chat.chatId)) events.push(...this.#applyEntry(entry));
    return events;
  }

  /**
   * Applies a page of the inbox that was asked for with this cursor.
   * @param {string | undefined} cursor
   * @param {Inbox} page
   */
  applyInboxPage(cursor, page) {
    const events = page.chats.flatMap((entry) => this.#applyEntry(entry, true));
    const ids = page.chats.map((entry) => entry.chat.chatId);
    this.plan.applyInboxPage(cursor, ids, page.cursor, this.chats);
    return events;
  }

  /**
   * Applies an entry of the inbox. A chat that is not held begins at its floor, or at its end.
   * @param {Entry} entry
   * @param {boolean} [atEnd]
   */
  #applyEntry(entry, atEnd) {
    this.people.put(entry.user);
    const { chatId } = entry.chat;
    const held = this.chat(chatId);
    const chat = held ?? new ChatState(entry.chat, atEnd);
    this.chats.set(chatId, chat);
    if (applyInboxEntry(chat, this.me, entry)) this.plan.addChat(chatId);
    this.#askForUnknownCount(chat);
    return held ? [] : [chatCreated(entry.chat)];
  }

  /**
   * Applies the answer of `GET /chats/{chatId}`: the read positions, and what it says of the users.
   * @param {ChatDetails} details
   */
  applyDetails(details) {
    this.applyMembers(details);
    const { members, unreadCount } = details;
    const { chatId, seq, rev, floor } = details.chat;
    const chat = this.chat(chatId);
    if (!chat) return;
    chat.readers.putMembers(members);
    // Of a large group, not all members are in the answer.
    const own = members.find((member) => member.userId === this.me && member.leftSeq === undefined);
    if (own) putUnread(chat, this.me, { seq, rev }, Math.max(own.readSeq, floor), unreadCount);
    this.#askForUnknownCount(chat);
  }

  /**
   * Applies a page of messages before the oldest one that is held. False if the page does not end there, or the chat is
   * not held.
   * @param {ChatId} id
   * @param {Page} page
   */
  applyOlderPage(id, page) {
    const chat = this.chat(id);
    if (!chat) return false;
    const { rev } = chat;
    const isApplied = putOlder(chat, this.me, page);
    if (chat.rev < rev) this.plan.addChat(id);
    else this.#askForUnknownCount(chat);
    return isApplied;
  }

  /**
   * Applies the reply to a message of this user like its event.
   * @param {HeldMessage} message
   */
  applySentMessage(message) {
    return this.applyEvent(messageCreated(message));
  }

  /**
   * Applies the reply to a change of a message by this user like its event.
   * @param {HeldMessage} message
   */
  applyChangedMessage(message) {
    return this.applyEvent(messageUpdated(message));
  }

  /**
   * Applies the reply to the creation of a chat. If the chat is not held, it begins at its end: it may have existed for
   * long.
   * @param {Chat} chat
   * @returns {ChatEvent[]}
   */
  applyCreatedChat(chat) {
    const { chatId } = chat;
    if (this.chat(chatId)) return [];
    this.chats.set(chatId, new ChatState(chat, true));
    this.plan.addChat(chatId);
    return [chatCreated(chat)];
  }

  /**
   * Applies a read position of this user. False if it is not higher than the one that is held.
   * @param {ReadPosition} position
   */
  applyReadPosition({ chatId, readSeq, unreadCount, settings }) {
    if (settings) this.applyOwnMember(chatId, { readSeq, unreadCount, settings });
    const chat = this.chat(chatId);
    if (!chat?.readers.raise(this.me, readSeq)) return false;
    noteRead(chat, this.me);
    this.#askForUnknownCount(chat);
    return true;
  }

  /**
   * Applies the reply to a change of this user's view of a chat.
   * @param {ChatId} chatId
   * @param {OwnMember} data
   */
  applyOwnMember(chatId, data) {
    return this.applyEvent({ event: "member.updated", chatId, data });
  }

  /**
   * Applies the answer of `GET /users` to the question for `asked` in a chat.
   * @param {ChatId} id
   * @param {readonly UserId[]} asked
   * @param {UsersAnswer} answer
   */
  applyUsers(id, asked, { users }) {
    for (const user of users) this.applyUser(user);
    const chat = this.chat(id);
    if (!chat) return;
    for (const user of asked)
      if (!users.some(({ userId }) => userId === user)) this.people.putLeftOut(id, user, chat.document.rev);
  }

  /**
   * Applies a page of the members of a chat: what it says of the users.
   * @param {MembersPage | ChatDetails} page
   */
  applyMembers({ members }) {
    for (const { user } of members) this.people.put(user);
  }

  /**
   * Applies the reply to blocking or unblocking a user.
   * @param {BlockState} block
   */
  applyBlock({ userId, blocked }) {
    // An event may overtake another one, and the answer to a request in flight may be older. So the chat is synced.
    for (const [id, chat] of this.chats) {
      const { isGroup, participants } = chat.document;
      if (isGroup || !participants.includes(userId)) continue;
      chat.blocked = blocked;
      this.plan.addChat(id);
    }
  }

  /**
   * Applies a user's document.
   * @param {ProfiledUser} user
   */
  applyUser(user) {
    this.people.put(user);
  }

  /**
   * Removes a chat that this user is not in any more, as an answer said. Returns the event; none if it is not held.
   * @param {ChatId} id
   * @returns {ChatEvent[]}
   */
  removeChat(id) {
    const chat = this.chat(id);
    if (!chat) return [];
    this.#forget(id);
    return [/** @type {ChatEvent} */ ({ event: "chat.left", chatId: id, rev: chat.rev, data: {} })];
  }

  /** @param {ChatId} id */
  #forget(id) {
    this.plan.chats.delete(id);
    this.setVisible(this.visible.filter((visible) => visible !== id));
    return this.chats.delete(id);
  }
}
