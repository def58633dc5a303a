// How many messages of a chat this user has not read. The unread messages that are held are counted. Of older ones, only
// their number is held: an answer gives it, and events lower it. Where events are not enough, it is asked for again.

/** @import { ChatState } from "./chat.js" */
/** @import { HeldMessage } from "./message.js" */
/** @import { Cursor, Page, Rev, Seq, UserId } from "../api.js" */

/**
 * The unread messages that are not held. Those that are held are counted.
 * @typedef {object} OlderUnread
 * @property {number} count how many there are
 * @property {Rev} asOf the rev of the answer that said so
 * @property {Rev} lastDeletion the rev of the last deletion of such a message that an event brought
 * @property {boolean} isUnknown the count is not known: it must be asked for
 */

/**
 * The messages up to this seq are read or hidden.
 * @param {ChatState} chat
 * @param {UserId} me
 */
const readUpTo = (chat, me) => Math.max(chat.readSeqOf(me), chat.floor);

/**
 * How many messages this user has not read, without tombstones and those that this user deleted.
 * @param {ChatState} chat
 * @param {UserId} me
 */
export function countUnread(chat, me) {
  const read = readUpTo(chat, me);
  const held = chat.messages.filter((message) => message.seq > read && !message.deletedAt).length;
  return held + (read < chat.heldAbove ? chat.older.count : 0);
}

/**
 * Takes the count of an answer, once everything else of the answer is applied. Of the messages that it counts, those that
 * are not held are kept as a number. If the answer does not follow what is held, the count must be asked for.
 * @param {ChatState} chat
 * @param {UserId} me
 * @param {Cursor} at the last message and the last change of the chat when the answer was made
 * @param {Seq} readSeq this user's read position, not below the floor
 * @param {number} count
 */
export function putUnread(chat, me, at, readSeq, count) {
  const { older } = chat;
  const read = readUpTo(chat, me);
  // Else all unread messages are held.
  const isOlder = read < chat.heldAbove;
  older.isUnknown = isOlder && (read !== readSeq || at.rev < older.lastDeletion);
  if (!isOlder || older.isUnknown) return;
  // A tombstone of a later rev was no tombstone yet.
  const held = chat.messages.filter(({ seq, rev, deletedAt }) => seq <= at.seq && (!deletedAt || rev > at.rev)).length;
  older.count = Math.max(0, count - held);
  older.asOf = at.rev;
}

/**
 * Notes the deletion of a message, for everyone or by this user, unless the message is held.
 * @param {ChatState} chat
 * @param {UserId} me
 * @param {HeldMessage} message
 * @param {Rev} rev
 */
export function noteDeletion(chat, me, message, rev) {
  const { older, heldAbove } = chat;
  const { seq, deletedAt } = message;
  const isOwn = message.deletedFor.includes(me);
  const read = readUpTo(chat, me);
  // If all unread messages are held, there is nothing to note.
  if (read >= heldAbove || seq <= read || chat.message(seq) || !(isOwn || deletedAt)) return;
  // Of an event that came before, the answer that had its rev may not have known the deletion: it was being stored. And a
  // message that this user deletes may have been a tombstone, which did not count.
  if (isOwn || rev <= chat.rev || seq > heldAbove) older.isUnknown = true;
  else if (rev > older.asOf) older.count = Math.max(0, older.count - 1);
  older.lastDeletion = Math.max(older.lastDeletion, rev);
}

/**
 * Counts the messages of a page, which are held now: before, all messages above `heldBefore` were. If the page is of
 * another moment than what is held, the count must be asked for.
 * @param {ChatState} chat
 * @param {UserId} me
 * @param {Page} page
 * @param {Seq} heldBefore
 */
export function notePage(chat, me, page, heldBefore) {
  const { older } = chat;
  if (page.rev !== chat.rev || page.messages.some((message) => message.rev > page.rev)) return noteRead(chat, me);
  const above = Math.max(chat.heldAbove, readUpTo(chat, me));
  const added = chat.messages.filter(({ seq, deletedAt }) => above < seq && seq <= heldBefore && !deletedAt).length;
  older.count = Math.max(0, older.count - added);
}

/**
 * The read position or the floor of this user has moved: which of the older messages are still unread is not known.
 * @param {ChatState} chat
 * @param {UserId} me
 */
export function noteRead(chat, me) {
  chat.older.isUnknown ||= chat.older.count > 0 && readUpTo(chat, me) < chat.heldAbove;
}
