// What an event about a chat changes. Events are applied in the order of the chat's log.

/** @import { ChatEvent, Rev, Seq, UserId } from "../api.js" */
/** @import { ChatState } from "./chat.js" */
import { messageUpdated, withReactions } from "./message.js";
import { noteDeletion, noteRead } from "./unread.js";

/** How many events of a chat may wait for the events before them. */
export const MAX_WAITING_EVENTS = 100;

/**
 * Applies an event about this chat, except `chat.created` and `chat.left`. Returns it if it follows what is held, or is a
 * hint that has no order; undefined if it brings nothing new, or waits for the events before it; `"full"` if too many
 * events wait: what is missing must be asked for.
 * @param {ChatState} chat
 * @param {UserId} me
 * @param {ChatEvent} event
 * @returns {ChatEvent | "full" | undefined}
 */
export function applyEvent(chat, me, event) {
  const { readers } = chat;
  switch (event.event) {
    case "message.created": {
      const { seq, data } = event;
      const isNext = seq === chat.seq + 1;
      if (seq > chat.seq && seq <= chat.begunSeq) return;
      if (seq > chat.seq && !isNext) return holdBack(chat, event);
      if (isNext) chat.seq = seq;
      // A known seq without a message: this user deleted the message.
      const isNews = (isNext || chat.message(seq)) && chat.put(me, data);
      // The sender of an earlier message may have left meanwhile.
      if (isNext || readers.positions.has(data.senderId)) readers.raise(data.senderId, seq);
      return isNext ? event : isNews ? messageUpdated(data) : undefined;
    }
    case "message.updated": {
      const { seq, rev, data } = event;
      if (isAhead(chat, rev, seq)) return holdBack(chat, event);
      noteDeletion(chat, me, data, rev);
      if (rev <= chat.rev) return;
      chat.rev = rev;
      chat.put(me, data);
      return event;
    }
    case "reaction.updated": {
      const { seq, rev, data } = event;
      if (rev <= chat.rev) return;
      if (isAhead(chat, rev, seq)) return holdBack(chat, event);
      const { preview } = chat;
      // A preview has no reactions.
      if (preview?.seq === seq) chat.preview = { ...preview, rev: Math.max(preview.rev, rev) };
      const message = chat.message(seq);
      // A newer state of the message may be held already.
      if (message && message.rev < rev) {
        // If the lists of users are cut, only a sync knows the new ones.
        if (message.reactions?.some((reaction) => reaction.userIdsLimited)) return holdBack(chat, event);
        chat.set(withReactions(message, rev, data));
      }
      chat.rev = rev;
      return event;
    }
    case "chat.updated": {
      const { rev, left, data } = event;
      if (rev <= chat.rev) return;
      if (isAhead(chat, rev, 0)) return holdBack(chat, event);
      chat.rev = rev;
      if (left) readers.putPast(left);
      chat.putDocument(data);
      if (chat.raiseFloor(data.floor)) noteRead(chat, me);
      return event;
    }
    case "receipt.updated": {
      const { userId, readSeq } = event.data;
      const { participants, participantsLimited } = chat.document;
      // It may come after the event that its user left.
      if (!participants.includes(userId) && !participantsLimited) return;
      if (!readers.raise(userId, readSeq)) return;
      if (userId === me) noteRead(chat, me);
      return event;
    }
    case "member.updated": {
      const { data } = event;
      if (data.settings.memberRev <= chat.settings.memberRev) return;
      readers.raise(me, data.readSeq);
      chat.own = data;
      return event;
    }
    default:
      return event;
  }
}

/**
 * Whether a change waits for another one before it, or for its message.
 * @param {ChatState} chat
 * @param {Rev} rev
 * @param {Seq} seq
 */
const isAhead = (chat, rev, seq) => rev > chat.rev + 1 || (rev > chat.rev && seq > chat.seq);

/**
 * @param {ChatState} chat
 * @param {ChatEvent} event
 */
function holdBack({ waiting }, event) {
  if (waiting.length >= MAX_WAITING_EVENTS) return "full";
  const text = JSON.stringify(event);
  if (!waiting.some((other) => JSON.stringify(other) === text)) waiting.push(event);
}

/**
 * Applies the events that waited and now follow what is held. Returns those that are news.
 * @param {ChatState} chat
 * @param {UserId} me
 * @returns {ChatEvent[]}
 */
export function applyWaitingEvents(chat, me) {
  const events = [];
  for (;;) {
    const before = chat.waiting;
    chat.waiting = [];
    for (const event of before) {
      // An event that still waits is put back, and there is room for it.
      const applied = /** @type {ChatEvent | undefined} */ (applyEvent(chat, me, event));
      if (applied) events.push(applied);
    }
    if (chat.waiting.length === before.length || !chat.hasGap) return events;
  }
}
