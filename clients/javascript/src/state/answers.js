// What an answer about a chat changes: its part of a sync, its entry of the inbox, a page of older messages.

/** @import { ChatEvent, ChatSync, InboxEntry, OwnMember, Page, ProfiledUser, Seq, Time, UserId } from "../api.js" */
/** @import { ChatState } from "./chat.js" */
/** @import { HeldMessage } from "./message.js" */
import { applyWaitingEvents } from "./events.js";
import { messageCreated, messageUpdated } from "./message.js";
import { notePage, noteRead, putUnread } from "./unread.js";

/**
 * An entry of the inbox, with the fields that only those of private chats have.
 * @typedef {InboxEntry & { user?: ProfiledUser, blocked?: boolean }} Entry
 */

/**
 * What a view of a chat shows, without its number.
 * @param {OwnMember} own
 */
const shown = ({ settings }) => JSON.stringify({ ...settings, memberRev: 0 });

/**
 * Takes this user's view from an answer. It counts even if its number is lower than the one that is held: the user may
 * have left and joined again. False if it shows nothing else.
 * @param {ChatState} chat
 * @param {OwnMember} own
 */
function putOwn(chat, own) {
  const before = chat.own;
  chat.own = own;
  return shown(before) !== shown(own);
}

/**
 * Applies the chat's part of the answer to a sync whose cursor had `cursorSeq`. Returns the events that result.
 * @param {ChatState} chat
 * @param {UserId} me
 * @param {Seq} cursorSeq
 * @param {ChatSync} part
 * @returns {ChatEvent[]}
 */
export function applySync(chat, me, cursorSeq, part) {
  const { readers } = chat;
  const { chatId, cursor, readSeq, unreadCount, settings, members = [] } = part;
  /** @type {ChatEvent[]} */
  const events = [];
  const isRaised = chat.raiseFloor(part.floor);
  const isChanged = part.chat && chat.putDocument(part.chat);
  /**
   * Whether this user deleted a message for themselves: it would be held otherwise. An answer that was made before the
   * deletion still has it.
   * @param {HeldMessage} message
   */
  const isDeleted = ({ seq }) => chat.heldAbove < seq && seq <= chat.seq && !chat.message(seq);
  for (const message of part.changed)
    if (!isDeleted(message) && chat.put(me, message)) events.push(messageUpdated(message));
  // An event may have brought a message that this user had deleted when the answer was made: the answer lacks it.
  const inAnswer = new Set(part.messages.map((message) => message.seq));
  for (const message of chat.messages) {
    const { seq } = message;
    if (seq <= cursorSeq || seq > cursor.seq || inAnswer.has(seq)) continue;
    chat.remove(seq);
    events.push(messageUpdated(/** @type {HeldMessage} */ ({ ...message, deletedFor: [me] })));
  }
  for (const message of part.messages) {
    const isNew = message.seq > chat.seq;
    if (!isDeleted(message) && chat.put(me, message)) events.push(isNew ? messageCreated(message) : messageUpdated(message));
  }
  chat.seq = Math.max(chat.seq, cursor.seq);
  chat.rev = Math.max(chat.rev, cursor.rev);
  if (settings) {
    const data = { readSeq, unreadCount, settings };
    if (putOwn(chat, data)) events.push({ event: "member.updated", chatId, data });
  }
  chat.blocked = !!part.blocked;
  /** @param {{ userId: UserId, readSeq: Seq, readAt?: Time }} receipt */
  const pushReceipt = ({ userId, readSeq, readAt }) =>
    events.push(/** @type {ChatEvent} */ ({ event: "receipt.updated", chatId, data: { userId, readSeq, readAt } }));
  for (const member of members)
    if (member.leftSeq === undefined && chat.readSeqOf(member.userId) < member.readSeq) pushReceipt(member);
  readers.putMembers(members);
  if (readers.raise(me, readSeq)) pushReceipt({ userId: me, readSeq });
  if (!part.limited) putUnread(chat, me, cursor, readSeq, unreadCount);
  if (isChanged || isRaised) events.push({ event: "chat.updated", chatId, rev: chat.rev, data: chat.document });
  return [...events, ...applyWaitingEvents(chat, me)];
}

/**
 * Applies an entry of the inbox. True if the chat has messages or changes that are not held.
 * @param {ChatState} chat
 * @param {UserId} me
 * @param {Entry} entry
 */
export function applyInboxEntry(chat, me, entry) {
  const { lastMessage, readSeq, unreadCount, settings } = entry;
  const { seq, rev, floor } = entry.chat;
  putOwn(chat, { readSeq, unreadCount, settings });
  chat.blocked = !!entry.blocked;
  chat.readers.raise(me, readSeq);
  putUnread(chat, me, { seq, rev }, readSeq, unreadCount);
  if (lastMessage && lastMessage.seq <= chat.heldAbove && !(chat.preview && chat.preview.rev > lastMessage.rev))
    chat.preview = lastMessage;
  return seq > chat.seq || rev > chat.rev || floor > chat.floor;
}

/**
 * Stores a page of older messages if it ends where the held messages begin. False if it does not.
 * @param {ChatState} chat
 * @param {UserId} me
 * @param {Page} page
 */
export function putOlder(chat, me, page) {
  if (chat.raiseFloor(page.floor)) noteRead(chat, me);
  const { range, hasMoreBefore } = page;
  const { heldAbove, floor } = chat;
  // A page may lack messages that were being stored. So there may be none between its end and what is held.
  if (!range || range.to < heldAbove) return heldAbove <= floor;
  chat.heldAbove = Math.min(heldAbove, Math.max(hasMoreBefore ? range.from - 1 : 0, floor));
  for (const message of page.messages) chat.put(me, message);
  notePage(chat, me, page, heldAbove);
  // A sync asks again for the changes since the page was read.
  chat.rev = Math.min(chat.rev, page.rev);
  return true;
}
