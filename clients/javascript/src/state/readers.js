// Who has read the messages of a chat: the read positions of its participants, and what former members had read.

/** @import { MemberPosition, Seq, UserId } from "../api.js" */
/** @import { HeldMessage } from "./message.js" */
import { byCodePoint } from "./order.js";

/**
 * A participant's position in a chat. They see the messages after `joinedSeq`.
 * @typedef {{ userId: UserId, joinedSeq: Seq, readSeq: Seq }} Position
 */

/** What is known of who has read a chat. */
export class Readers {
  /** @type {Map<UserId, Position>} */
  positions = new Map();
  /**
   * The stays that have ended, by user and `joinedSeq`. They only grow in number: what somebody has read stays read.
   * @type {Map<string, Position>}
   */
  past = new Map();

  /**
   * Who has read a message, sorted: its sender, whom its document names, and the users whose position in the chat,
   * present or former, covers it.
   * @param {HeldMessage} message
   */
  seenBy({ seq, senderId, seenBy }) {
    const seen = new Set([senderId, ...seenBy]);
    for (const { userId, joinedSeq, readSeq } of [...this.positions.values(), ...this.past.values()])
      if (joinedSeq < seq && seq <= readSeq) seen.add(userId);
    return [...seen].sort(byCodePoint);
  }

  /**
   * The read position of a participant; 0 if it is not known.
   * @param {UserId} user
   */
  readSeqOf(user) {
    return this.positions.get(user)?.readSeq ?? 0;
  }

  /**
   * Raises the read position of a participant. False if it is not lower.
   * @param {UserId} userId
   * @param {Seq} seq
   */
  raise(userId, seq) {
    const { joinedSeq, readSeq } = this.positions.get(userId) ?? { joinedSeq: 0, readSeq: 0 };
    this.positions.set(userId, { userId, joinedSeq, readSeq: Math.max(readSeq, seq) });
    return seq > readSeq;
  }

  /**
   * Drops the positions of users who are not among these participants.
   * @param {UserId[]} participants
   */
  retain(participants) {
    for (const user of this.positions.keys()) if (!participants.includes(user)) this.positions.delete(user);
  }

  /**
   * Takes the members of an answer: participants, who replace all positions, and stays that have ended, which are added.
   * A read position that an event has raised meanwhile stays.
   * @param {MemberPosition[]} members
   */
  putMembers(members) {
    /** @type {typeof this.positions} */
    const present = new Map();
    for (const member of members) {
      const { userId, joinedSeq, leftSeq } = member;
      if (leftSeq !== undefined) this.putPast(member);
      else present.set(userId, { userId, joinedSeq, readSeq: Math.max(member.readSeq, this.readSeqOf(userId)) });
    }
    // Without an open chat, an answer has only those who left.
    if (present.size) this.positions = present;
  }

  /**
   * Adds a stay that has ended.
   * @param {MemberPosition} stay
   */
  putPast({ userId, joinedSeq, readSeq }) {
    this.past.set(`${userId} ${joinedSeq}`, { userId, joinedSeq, readSeq });
  }
}
