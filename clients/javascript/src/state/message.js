// What the reducer makes of one document: events and messages. A message is never changed: a new one takes its place.

/** @import { Attachment, AttachmentMessage, Chat, ChatEvent, Custom, DeletedMessage, HiddenMessage, MessagePreview, Reaction, Rev, Seq, TextMessage, Time, UserId, UserReactions } from "../api.js" */
import { byCodePoint, withText } from "./order.js";

/**
 * A message as a client holds it, or the beginning of the last one from the inbox: with the fields that only some kinds
 * have.
 * @typedef {(TextMessage | AttachmentMessage | DeletedMessage | HiddenMessage | MessagePreview) & {
 *   attachment?: Attachment, replyTo?: Seq, mentions?: UserId[], custom?: Custom, reactions?: Reaction[],
 *   editedAt?: Time, deletedAt?: Time, deletedBy?: UserId }} HeldMessage
 */

/**
 * The event that this user is in a new chat.
 * @param {Chat} data
 */
export const chatCreated = (data) => /** @type {ChatEvent} */ ({ event: "chat.created", chatId: data.chatId, data });

/**
 * The event that this message was stored.
 * @param {HeldMessage} message
 */
export const messageCreated = (message) =>
  /** @type {ChatEvent} */ ({ event: "message.created", chatId: message.chatId, seq: message.seq, data: message });

/**
 * The event of the last change of this message: its rev is that of the message.
 * @param {HeldMessage} message
 */
export const messageUpdated = (message) =>
  /** @type {ChatEvent} */ ({ ...messageCreated(message), event: "message.updated", rev: message.rev });

/**
 * A message with these reactions of one user. The entries are sorted by emoji, and the users by id.
 * @param {HeldMessage} message
 * @param {Rev} rev the rev of the change
 * @param {UserReactions} reactions
 */
export function withReactions(message, rev, { userId, emojis }) {
  const reactions = (message.reactions ?? []).map((reaction) => ({
    ...reaction,
    userIds: reaction.userIds.filter((user) => user !== userId),
  }));
  for (const emoji of emojis) {
    let reaction = reactions.find((other) => other.emoji === emoji);
    if (!reaction) reactions.push((reaction = { emoji, count: 0, userIds: [] }));
    reaction.userIds = withText(reaction.userIds, userId);
  }
  for (const reaction of reactions) reaction.count = reaction.userIds.length;
  const left = reactions.filter((reaction) => reaction.count).sort((a, b) => byCodePoint(a.emoji, b.emoji));
  return /** @type {HeldMessage} */ ({ ...message, rev, reactions: left.length ? left : undefined });
}

/**
 * The users who appear in a message: its sender, who is mentioned, who deleted it, and who reacted. May name somebody
 * twice.
 * @param {HeldMessage} message
 */
export const peopleOf = ({ senderId, mentions = [], deletedBy, reactions = [] }) => [
  senderId,
  ...mentions,
  ...(deletedBy ? [deletedBy] : []),
  ...reactions.flatMap((reaction) => reaction.userIds),
];
