// What a timeline shows of one message: frozen objects that stay the same until something in them changed.

/** @import { ChatId, ClientId, Seq, Time, UserId } from "./api.js" */
/** @import { ChatError } from "./errors.js" */
/** @import { Draft } from "./outbox.js" */
/** @import { NewAttachment, Sending } from "./sending.js" */
/** @import { HeldMessage } from "./state/message.js" */
/** @import { OutboxEntry, Store } from "./store.js" */
import { snapshot } from "./readable.js";
import { sendingOf } from "./sending.js";

/**
 * A stored message.
 * @typedef {object} StoredItem
 * @property {string} key the same while the message is on its way and when it is stored: use it as the key of a row
 * @property {"message"} kind
 * @property {"stored"} state
 * @property {boolean} isOwn whether this user sent it
 * @property {Readonly<HeldMessage>} message
 * @property {readonly UserId[]} seenBy who has read it, sorted, its sender included. When somebody reads it, the item is
 *   another one. `message.seenBy` is only what came with the message
 */

/**
 * A message that is not stored yet.
 * @typedef {object} UnsentItem
 * @property {string} key its clientMessageId
 * @property {"message"} kind
 * @property {"waiting" | "uploading" | "sending" | "failed"} state
 * @property {true} isOwn
 * @property {UnsentMessage} message
 * @property {ChatError} [error] why it failed; undefined if it did not
 * @property {number} [progress] how much of the file is uploaded, 0 to 1; undefined without a file
 * @property {Blob} [file] the file, for a preview; undefined without one, and after a reload
 * @property {NewAttachment} [attachment] what the file is declared with, such as its name and size in pixels; undefined
 *   without a file
 * @property {Readonly<Sending>} sending to retry or discard it
 */

/**
 * What is known of a message before it is stored. It has no place in the chat yet.
 * @typedef {{ readonly chatId: ChatId, readonly senderId: UserId, readonly clientMessageId: ClientId,
 *   readonly seq?: undefined, readonly createdAt: Time, readonly type: string, readonly content: string,
 *   readonly replyTo?: Seq, readonly mentions?: readonly UserId[], readonly custom?: Draft["custom"] }} UnsentMessage
 */

/** @typedef {Readonly<StoredItem> | Readonly<UnsentItem>} TimelineItem */

/**
 * The same item for a message as long as the message and its readers are the same.
 * @param {Store} store
 * @param {HeldMessage} message
 * @param {(item: StoredItem) => boolean} isCurrent whether nobody can have read the message since the item was made
 * @returns {Readonly<StoredItem>}
 * @internal
 */
export function viewStored(store, message, isCurrent) {
  let item = store.items.get(message);
  if (!(item && isCurrent(item))) {
    const { chatId, senderId, clientMessageId, messageId } = message;
    const isOwn = senderId === store.me;
    const next = /** @type {const} */ ({
      key: (isOwn && clientMessageId) || messageId,
      kind: "message",
      state: "stored",
      isOwn,
      message: Object.freeze(message),
      seenBy: snapshot(item?.seenBy, store.chat(chatId)?.seenBy(message) ?? message.seenBy),
    });
    store.items.set(message, (item = snapshot(item, next)));
  }
  return item;
}

/**
 * @param {Store} store
 * @param {OutboxEntry} entry
 * @param {TimelineItem | undefined} before
 * @returns {Readonly<UnsentItem>}
 * @internal
 */
export function viewUnsent(store, entry, before) {
  const { chatId, clientMessageId, draft, state, error, progress, file, attachment, createdAt } = entry;
  const item = /** @type {UnsentItem | undefined} */ (before);
  return snapshot(item, {
    key: clientMessageId,
    kind: "message",
    state,
    isOwn: true,
    message: snapshot(item?.message, {
      type: "text",
      content: "",
      ...draft,
      chatId,
      clientMessageId,
      senderId: store.me,
      createdAt: new Date(createdAt).toISOString(),
    }),
    error,
    progress,
    file,
    attachment,
    sending: sendingOf(store, clientMessageId),
  });
}
