// Why something failed: one class for every error that this library rejects with or reports.

/** @import { FieldError, ProblemCode } from "./api.js" */

/**
 * What a program decides by. The codes of {@link ProblemCode} come from the system (docs/API.md, "Errors"). The others:
 *
 * - `network`: the system or the bucket could not be reached.
 * - `timeout`: no answer came in time.
 * - `not_connected`: there is no connection, or it was lost before the reply.
 * - `too_many_connections`: the system closed the connection, because the user has too many.
 * - `token`: the application gave no token, or something that is no JWT of this user.
 * - `token_refused`: the system does not accept the token.
 * - `gateway`: API Gateway answered without a problem document, for example because of its throttle.
 * - `unexpected`: the answer is not what the API describes.
 * - `bucket`: the bucket refused an upload or a download.
 * - `damaged_attachment`: the downloaded bytes are not those of the attachment.
 * - `file_lost`: the file of a message is not there any more, so it cannot be uploaded.
 * - `outbox_full`: too many messages wait already.
 * - `duplicate_message_id`: a message with this clientMessageId waits already, in this or another chat.
 * - `aborted`: the caller's signal aborted the request.
 * - `discarded`: the message was discarded, here or in another tab. If it was being sent, it may be stored all the
 *   same.
 * - `stopped`: the client is stopped.
 * - `updates_overflow`: too many updates wait for a slow reader.
 *
 * After `network`, `timeout`, `not_connected`, `unexpected` and a status of 500 or more, the request may have been
 * executed all the same. A later version of the system may have more codes: then decide by `status` and `retryable`.
 * @typedef {ProblemCode | "network" | "timeout" | "not_connected" | "too_many_connections" | "token" | "token_refused"
 *   | "gateway" | "unexpected" | "bucket" | "damaged_attachment" | "file_lost" | "outbox_full" | "duplicate_message_id"
 *   | "aborted" | "stopped" | "discarded" | "updates_overflow"} ErrorCode
 */

/**
 * @typedef {object} ErrorFacts
 * @property {number} [status] The HTTP status, also over WebSocket; absent if no answer came.
 * @property {boolean} [retryable] Whether the same request may succeed later.
 * @property {number} [retryAfterMs] How long to wait at least before a retry.
 * @property {FieldError[]} [errors] The wrong fields.
 * @property {string} [requestId] The id of the request in the system's log.
 * @property {number} [limit] The limit that the request exceeds.
 * @property {unknown} [cause] The error that led to this one.
 */

/** Why something failed. Decide by `code`; the message is for people. */
export class ChatError extends Error {
  /**
   * @param {ErrorCode} code What to decide by.
   * @param {string} message What is wrong, in words.
   * @param {ErrorFacts} [facts]
   */
  constructor(code, message, { status, retryable = false, retryAfterMs, errors, requestId, limit, cause } = {}) {
    super(message, { cause });
    this.name = "ChatError";
    /** What a program decides by. */
    this.code = code;
    /** The HTTP status, also over WebSocket; undefined if no answer came. */
    this.status = status;
    /** Whether the same request may succeed later. */
    this.retryable = retryable;
    /** How long to wait at least before a retry, in milliseconds; undefined if no time is given. */
    this.retryAfterMs = retryAfterMs;
    /** The wrong fields of the request. */
    this.errors = errors;
    /** The id of the request in the system's log. */
    this.requestId = requestId;
    /** The limit that the request exceeds. */
    this.limit = limit;
  }
}

/**
 * An error after which the same request may succeed.
 * @param {ErrorCode} code
 * @param {string} message
 * @param {unknown} [cause]
 * @internal
 */
export const retryableError = (code, message, cause) => new ChatError(code, message, { retryable: true, cause });

/**
 * The error of a problem document; undefined if this is none.
 * @param {any} problem
 * @internal
 */
export const problemError = (problem) =>
  problem?.code && problem.status ? new ChatError(problem.code, problem.detail || problem.code, problem) : undefined;

/**
 * Any thrown value as a {@link ChatError}.
 * @param {unknown} error
 * @param {ErrorCode} [code] That of an error of another class.
 * @internal
 */
export const asChatError = (error, code = "unexpected") =>
  error instanceof ChatError
    ? error
    : new ChatError(code, String(/** @type {any} */ (error)?.message ?? error), { cause: error });

/**
 * What another tab, or the next start, makes the same error of.
 * @param {ChatError} error
 * @internal
 */
export const factsOf = (error) => ({ ...error, message: error.message });

/**
 * @param {ReturnType<typeof factsOf>} facts
 * @internal
 */
export const errorOf = (facts) => new ChatError(facts.code, facts.message, facts);
