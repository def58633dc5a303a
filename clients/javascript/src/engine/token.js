// The token of the user: where it comes from, what it says, and when another one is needed.

/** @import { Core, TokenReason } from "./options.js" */
import { ChatError, asChatError, retryableError } from "../errors.js";
import { bounded } from "./timeouts.js";

/** A token with less time left is not used for a new connection. */
export const MIN_TIME_LEFT_MS = 60_000;

/**
 * What the engine reads in the token. It does not verify the token: the server does.
 * @param {string} token
 * @returns {{ sub: string, exp: number }}
 */
export function readClaims(token) {
  try {
    // Nothing else is handed to WebSocket or fetch: their errors would repeat it.
    const [, part] = /** @type {RegExpExecArray} */ (/^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token));
    const claims = JSON.parse(atob(/** @type {string} */ (part).replace(/-/g, "+").replace(/_/g, "/")));
    if (claims.sub && claims.exp) return claims;
  } catch {}
  throw new ChatError("token", "the token is no JWT with sub and exp");
}

/** @param {Core} core */
export function createTokens(core) {
  const { options } = core;
  let current = "";
  let isRefused = false;
  /** @type {Promise<string> | undefined} */
  let fetching;
  /** @type {AbortController | undefined} */
  let fetchingLife;

  /** @param {string} token */
  const timeLeft = (token) => readClaims(token).exp * 1000 - options.now();

  /**
   * A new token. Requests at the same time get the same one.
   * @param {TokenReason} reason
   */
  function fetch(reason) {
    // What was asked before a stop is aborted.
    if (fetching && fetchingLife === core.life) return fetching;
    fetchingLife = core.life;
    const mine = bounded(core, options.timing.requestTimeoutMs, undefined, async (signal) => {
      let token;
      try {
        token = await options.token(reason, { signal });
      } catch (error) {
        throw Object.assign(asChatError(error, "token"), { retryable: true });
      }
      const { sub } = readClaims(token);
      if (core.me && sub !== core.me) throw new ChatError("token", `the token is of ${sub}, not of ${core.me}`);
      current = token;
      isRefused = false;
      return token;
    })
      .catch((error) => {
        throw error.code === "timeout" ? retryableError("token", "no token came in time") : error;
      })
      .finally(() => {
        if (fetching === mine) fetching = undefined;
      });
    return (fetching = mine);
  }

  return {
    fetch,
    timeLeft,
    /** The present token, or one that takes the place of a refused one. */
    get: async () => (current && !isRefused ? current : fetch(current ? "refused" : "start")),
    /** A token for a new connection. */
    async forConnection() {
      return current && !isRefused && timeLeft(current) < MIN_TIME_LEFT_MS ? fetch("expiring") : this.get();
    },
    /**
     * The server does not accept this token any more.
     * @param {string} token
     */
    refuse(token) {
      if (token === current) isRefused = true;
    },
  };
}

/**
 * Whether another token may help.
 * @param {any} error
 */
export const isTokenError = ({ code }) =>
  code === "token" || code === "token_refused" || code === "token_expired" || code === "unauthenticated";

/**
 * The error of a token that was refused.
 * @param {number} [status]
 */
export const refusedToken = (status) =>
  Object.assign(retryableError("token_refused", "the system does not accept the token"), { status });
