// The connection of this tab: opens it, opens it again, and opens the next one before it ends.

/** @import { ChatError } from "../errors.js" */
/** @import { Core } from "./options.js" */
/** @import { createHttp } from "./http.js" */
/** @import { Connection } from "./socket.js" */
/** @import { createTokens } from "./token.js" */
import { getMe } from "../calls.js";
import { asChatError, retryableError } from "../errors.js";
import { MAX_REFUSALS } from "./options.js";
import { backOff } from "./random.js";
import { openSocket } from "./socket.js";
import { isTokenError, readClaims, refusedToken } from "./token.js";

/** When to renew a connection whose token has expired by this machine's clock, which then is ahead. */
const CLOCK_AHEAD_RENEWAL_MS = 60_000;
/** How long a token counts as good after `GET /me` accepted it. */
const GOOD_TOKEN_MS = 5 * 60_000;

/**
 * @typedef {object} Handlers
 * @property {(userId: string) => void} identify The first token says who the user is.
 * @property {(from: Connection, frame: any) => void} onFrame
 * @property {(isLost: boolean) => void} onChange There is another connection, or it is lost.
 */

/**
 * @param {Core} core
 * @param {ReturnType<typeof createTokens>} tokens
 * @param {ReturnType<typeof createHttp>} http
 * @param {Handlers} handlers
 */
export function createConnection(core, tokens, http, { identify, onFrame, onChange }) {
  const { options } = core;
  const { timing, clock } = options;
  /** @type {Connection | undefined} */
  let present;
  /** @type {Connection | undefined} */
  let former;
  let formerUntil = 0;
  /**
   * The try to connect that runs, and its socket, if it is there already.
   * @type {{ socket?: Connection } | undefined}
   */
  let opening;
  let tries = 0;
  let renewTries = 0;
  let refusals = 0;
  let retryAt = 0;
  /** Whether the system asked for the wait. */
  let isLongWait = false;
  /**
   * A token that is good as `GET /me` said: until then, a handshake that fails has another reason.
   * @type {string | undefined}
   */
  let goodToken;
  let goodUntil = 0;

  /** @param {number} tries */
  const wait = (tries) => backOff(options.random, tries, timing.maxFirstWaitMs, timing.maxWaitMs);

  /**
   * When to open the next connection. The time is random in the last tenth of the longest age, so that clients that came
   * together do not go together. It is also before the token expires.
   * @param {string} token
   */
  function renewalTime(token) {
    const age = timing.maxConnectionAgeMs * (1 - options.random() / 10);
    const left = tokens.timeLeft(token);
    const beforeExpiry = left <= 0 ? CLOCK_AHEAD_RENEWAL_MS : Math.max(left - Math.min(left / 10, 60_000), 1000);
    return clock() + Math.min(age, beforeExpiry);
  }

  async function open() {
    const mine = (opening = /** @type {{ socket?: Connection }} */ ({}));
    if (!present) core.setLink({ status: "connecting" });
    try {
      const token = await (present ? tokens.fetch("expiring") : tokens.forConnection());
      if (opening !== mine) return;
      if (!core.me) identify(readClaims(token).sub);
      if (!core.isLeader) {
        // Another tab has the connection, or it is not known yet which one has it.
        opening = undefined;
        return;
      }
      mine.socket = openSocket(core, token, { onOpen: adopt, onFrame, onEnd });
    } catch (error) {
      if (opening === mine) fail(asChatError(error, "network"));
    }
  }

  /** @param {Connection} next */
  function adopt(next) {
    opening = undefined;
    core.hasHttp = false;
    refusals = renewTries = 0;
    next.renewAt = renewalTime(next.token);
    if (present) {
      // It may still bring replies, and events from functions that looked up the connections before the new one was there.
      former?.close();
      former = present;
      formerUntil = clock() + timing.overlapMs;
    }
    present = next;
    onChange(false);
    if (core.link.status !== "online") core.setLink({ status: "online" });
    core.wake();
  }

  /** @type {(connection: Connection, error: ChatError) => void} */
  function onEnd(connection, error) {
    if (connection === present) lose(error);
    else if (connection === former) former = undefined;
    else if (connection === opening?.socket) diagnose(connection.token, error);
  }

  /**
   * A handshake failed. A browser does not say why, so the HTTP API is asked whether the token is bad.
   * @param {string} token
   * @param {ChatError} error
   */
  async function diagnose(token, error) {
    const mine = opening;
    if (token !== goodToken || clock() >= goodUntil || !core.hasHttp) {
      try {
        await http.once(getMe(), token);
        goodToken = token;
        goodUntil = clock() + GOOD_TOKEN_MS;
        // Some networks let no WebSocket through.
        core.hasHttp = !present;
      } catch (answer) {
        if (isTokenError(answer)) error = refusedToken(/** @type {ChatError} */ (answer).status);
        else if (/** @type {ChatError} */ (answer).code === "stopped") return;
      }
    }
    if (opening !== mine) return;
    if (error.code === "token_refused") {
      tokens.refuse(token);
      refusals++;
    } else refusals = 0;
    fail(error);
  }

  /**
   * A try to connect failed.
   * @param {ChatError} error
   */
  function fail(error) {
    opening = undefined;
    if (present) {
      // The renewal failed: the present connection goes on.
      present.renewAt = clock() + wait(++renewTries);
      core.emit({ type: "failed", task: "renew", error });
    } else goOffline(error);
    core.wake();
  }

  /**
   * The present connection is lost.
   * @param {ChatError} error
   * @param {any} [closing] Why the system closed it.
   */
  function lose(error, closing) {
    if (!present) return;
    if (clock() - present.openedAt >= timing.maxWaitMs) tries = 0;
    present.close();
    former?.close();
    present = former = undefined;
    onChange(true);
    // To open the next connection may be what closed this one: the user's oldest of too many.
    if (opening) core.setLink({ status: "connecting" });
    else goOffline(error, closing);
    core.wake();
  }

  /**
   * @param {ChatError} error
   * @param {any} [closing]
   */
  function goOffline(error, closing) {
    tries++;
    const isFinal = refusals >= MAX_REFUSALS;
    // The user's other devices may do the same, and each connection that is opened closes another one.
    isLongWait = closing && closing.code !== "token_expired";
    const waitMs = isLongWait ? (closing.retryAfterMs ?? 0) + options.random() * timing.maxWaitMs : wait(tries);
    retryAt = isFinal ? Infinity : clock() + waitMs;
    core.setLink({
      status: "offline",
      reason: error.message,
      code: error.code,
      isTokenError: isTokenError(error),
      closing: closing?.code,
      ...(!isFinal && { retryAt: options.now() + waitMs }),
    });
    if (isFinal) core.emit({ type: "failed", task: "connect", error });
  }

  return {
    get present() {
      return present;
    },
    lose,
    /** Connects now instead of after the wait, unless the system asked for it. */
    hurry() {
      if (retryAt === Infinity || isLongWait) return;
      retryAt = 0;
      core.wake();
    },
    /** Connects again, if the engine stopped because all tokens were refused: another one may be accepted. */
    resume() {
      if (retryAt !== Infinity) return;
      refusals = retryAt = 0;
      core.wake();
    },
    /**
     * Does what is due. Returns when something else is.
     * @returns {number}
     */
    doDueWork() {
      if (core.me && !core.isLeader) return Infinity;
      if (former && clock() >= formerUntil) {
        former.close();
        former = undefined;
      }
      if (!opening && clock() >= (present?.renewAt ?? retryAt)) open();
      return Math.min(former ? formerUntil : Infinity, opening ? Infinity : (present?.renewAt ?? retryAt));
    },
    close() {
      opening?.socket?.close();
      present?.close();
      former?.close();
      const wasOpen = present;
      opening = present = former = undefined;
      tries = refusals = retryAt = 0;
      core.hasHttp = false;
      if (wasOpen) onChange(true);
    },
  };
}

/** The error of requests that wait for a reply when the connection is lost. */
export const notConnected = () => retryableError("not_connected", "there is no connection");
