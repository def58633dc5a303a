// The requests over the socket: their replies, their time-outs, and the pings that find out whether the server is there.

/** @import { Call } from "../calls.js" */
/** @import { Core } from "./options.js" */
/** @import { Connection } from "./socket.js" */
import { ping } from "../calls.js";
import { ChatError, problemError, retryableError } from "../errors.js";
import { notConnected } from "./connection.js";
import { MAX_FRAME_BYTES } from "./options.js";

/** What the action and the id add to the fields of a frame, at most. */
const MAX_ENVELOPE_BYTES = 128;

/**
 * @callback Done
 * @param {ChatError | undefined} error
 * @param {any} [data]
 * @returns {void}
 */

/**
 * @param {Core} core
 * @param {{ readonly present: Connection | undefined, lose(error: ChatError): void }} connection
 */
export function createRequests(core, connection) {
  const { timing, clock } = core.options;
  /** @type {Map<string, { done: Done, timesOutAt: number, isPing: boolean }>} */
  const pending = new Map();
  let lastId = 0;
  let pingAt = 0;

  /**
   * Sends a request. `done` is called once, with the reply or why there is none.
   * @param {Call} call
   * @param {Done} done
   * @param {number} [timeoutMs]
   */
  function send(call, done, timeoutMs = timing.requestTimeoutMs) {
    const { present } = connection;
    if (!present) return done(notConnected());
    const id = "c" + ++lastId;
    pending.set(id, { done, timesOutAt: clock() + timeoutMs, isPing: call.action === "ping" });
    pingAt = clock() + timing.pingAfterMs;
    present.send(JSON.stringify({ ...call.fields, action: call.action, id }));
    core.wake();
  }

  /** @param {number} [timeoutMs] */
  const sendPing = (timeoutMs) => send(ping(), () => {}, timeoutMs);

  return {
    send,
    sendPing,
    /**
     * Whether a request can go over the socket.
     * @param {Call} call
     */
    canSend({ action, fields }) {
      // Every escape of the URL encoding is one byte.
      const bytes = encodeURIComponent(JSON.stringify(fields ?? {})).replace(/%../g, "x").length;
      return !!action && !!connection.present && bytes + MAX_ENVELOPE_BYTES <= MAX_FRAME_BYTES;
    },
    /**
     * Passes a reply to its request. API Gateway's frame about a function that failed names no request: that one times
     * out. Returns the error of an expired token.
     * @param {any} frame
     */
    receive({ id, ok, data, error }) {
      const request = pending.get(id);
      if (!request) return;
      pending.delete(id);
      if (ok === true) return request.done(undefined, data);
      const problem = problemError(error) ?? new ChatError("unexpected", "the reply cannot be read");
      if (problem.code !== "token_expired") return request.done(problem);
      // The request is sent again over another connection, with another token.
      request.done(notConnected());
      return problem;
    },
    /** There is another connection. Pings went over the former one, so their time-outs would say nothing. */
    forgetPings() {
      for (const [id, { isPing }] of pending) if (isPing) pending.delete(id);
      pingAt = clock() + timing.pingAfterMs;
    },
    /**
     * The connection is lost.
     * @param {ChatError} error
     */
    failAll(error) {
      const requests = [...pending.values()];
      pending.clear();
      for (const { done } of requests) done(error);
    },
    /**
     * Gives up the requests that timed out, and sends a ping if it is time. Returns when something else is due.
     * @returns {number}
     */
    doDueWork() {
      const at = clock();
      for (const [id, { done, timesOutAt, isPing }] of pending) {
        if (at < timesOutAt) continue;
        pending.delete(id);
        const error = retryableError("timeout", "no answer came in time");
        done(error);
        if (isPing) connection.lose(error);
        else pingAt = at;
      }
      if (!connection.present) return Infinity;
      if (at >= pingAt) sendPing();
      return Math.min(pingAt, ...[...pending.values()].map(({ timesOutAt }) => timesOutAt));
    },
  };
}
