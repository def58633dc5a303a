// Messages that are not acknowledged yet. Each is sent under one clientMessageId until it is stored or refused, so it is
// stored once however often it is repeated. Per chat, one message is in flight at a time, so messages are stored in the
// order in which they were written. Pure: the time is passed in, in milliseconds.

/** @import { ChatId, ClientId, SendMessageFrame } from "./api.js" */

/** How many messages may wait, in all chats together. */
export const MAX_OUTBOX_MESSAGES = 1000;

/**
 * The content of a message to send: the fields of the request without the chat and the clientMessageId. A message without
 * `type` is a text.
 * @typedef {{ type?: string, content?: string, attachmentId?: string, replyTo?: number, mentions?: string[],
 *   custom?: SendMessageFrame["custom"] }} Draft
 */

/**
 * A message that is not acknowledged yet.
 * @typedef {object} UnsentMessage
 * @property {ChatId} chat the chat that it is sent into
 * @property {Draft} draft its content
 * @property {ClientId} clientMessageId the id that makes it safe to repeat the message
 * @property {number} tries how often it was sent so far
 * @property {number} serverFailures tries that the server answered, but failed to serve
 * @property {number} [retryAt] not to be sent before; absent: at once
 * @property {boolean} isInFlight whether its answer is awaited
 */

/** The messages that wait, in the order in which they were written. */
export class Outbox {
  /** @type {Map<ClientId, UnsentMessage>} */
  #waiting = new Map();

  /** All messages that wait, also those that are in flight. */
  get waiting() {
    return /** @type {Readonly<UnsentMessage>[]} */ ([...this.#waiting.values()]);
  }

  /**
   * Whether a message waits.
   * @param {ClientId} id
   */
  has(id) {
    return this.#waiting.has(id);
  }

  /**
   * Adds a message at the end. Throws an error with the code `outbox_full`, or `duplicate_message_id` if a message with
   * this id waits in any chat.
   * @param {ChatId} chat
   * @param {Draft} draft
   * @param {ClientId} clientMessageId
   */
  push(chat, draft, clientMessageId) {
    const code =
      this.#waiting.size >= MAX_OUTBOX_MESSAGES ? "outbox_full" : this.has(clientMessageId) && "duplicate_message_id";
    if (code) throw Object.assign(new Error(code), { code, retryable: code === "outbox_full" });
    const unsent = { chat, draft, clientMessageId, tries: 0, serverFailures: 0, isInFlight: false };
    this.#waiting.set(clientMessageId, unsent);
  }

  /**
   * How often a message was sent; 0 if it does not wait.
   * @param {ClientId} id
   */
  tries(id) {
    return this.#waiting.get(id)?.tries ?? 0;
  }

  /**
   * Counts a try that the server answered, but failed to serve. Returns how many there are; 0 if the message does not wait.
   * @param {ClientId} id
   */
  countFailure(id) {
    const unsent = this.#waiting.get(id);
    return unsent ? ++unsent.serverFailures : 0;
  }

  /**
   * The next message to send now; undefined if all must wait. It is in flight from now on. A message waits for the message
   * before it in the same chat.
   * @param {number} now
   * @returns {Readonly<UnsentMessage> | undefined}
   */
  startNext(now) {
    const chats = new Set();
    for (const unsent of this.#waiting.values()) {
      const { chat, isInFlight, retryAt = now } = unsent;
      if (!chats.has(chat) && !isInFlight && retryAt <= now) {
        unsent.isInFlight = true;
        unsent.tries++;
        return unsent;
      }
      chats.add(chat);
    }
  }

  /** When the next retry is due; undefined if no message waits for a retry. */
  nextDue() {
    /** @type {number | undefined} */
    let due;
    for (const { isInFlight, retryAt } of this.#waiting.values())
      if (!isInFlight && retryAt !== undefined) due = Math.min(due ?? retryAt, retryAt);
    return due;
  }

  /**
   * Schedules the next try of a message that is no longer in flight. Its place in the order stays.
   * @param {ClientId} id
   * @param {number} now
   * @param {number} wait
   */
  scheduleRetry(id, now, wait) {
    Object.assign(this.#waiting.get(id) ?? {}, { isInFlight: false, retryAt: now + wait });
  }

  /** Forgets what is in flight, because the connection is lost. */
  resetInFlight() {
    for (const unsent of this.#waiting.values()) unsent.isInFlight = false;
  }

  /**
   * Removes a message that was stored, or refused for good. Returns it; undefined if it does not wait.
   * @param {ClientId} id
   */
  remove(id) {
    const removed = this.#waiting.get(id);
    this.#waiting.delete(id);
    return removed;
  }

  /**
   * Removes the message that turns out to be stored, though its reply may be lost. Returns it; undefined if it does not
   * wait.
   * @param {{ chatId: ChatId, clientMessageId?: ClientId }} stored
   */
  confirm({ chatId, clientMessageId = "" }) {
    return this.#waiting.get(clientMessageId)?.chat === chatId ? this.remove(clientMessageId) : undefined;
  }
}
