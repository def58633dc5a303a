// Requests over HTTP.

/** @import { Call } from "../calls.js" */
/** @import { Core } from "./options.js" */
import { ChatError, problemError, retryableError } from "../errors.js";
import { bounded } from "./timeouts.js";
import { createTokens, isTokenError, refusedToken } from "./token.js";

/**
 * The error of an answer that is no success.
 * @param {Response} response
 * @param {any} body
 */
function answerError({ status, headers }, body) {
  const retryAfterS = Number(headers?.get("retry-after"));
  const error =
    problemError(body) ??
    (status === 401 || status === 403
      ? refusedToken(status)
      : new ChatError("gateway", body?.message || `the answer has the status ${status}`, {
          status,
          retryable: status === 429 || status === 503,
        }));
  if (retryAfterS) error.retryAfterMs ??= retryAfterS * 1000;
  return error;
}

/**
 * @param {Core} core
 * @param {ReturnType<typeof createTokens>} tokens
 * @param {() => void} onAccepted The token was accepted.
 */
export function createHttp(core, tokens, onAccepted) {
  const { options } = core;

  /**
   * Sends a request once.
   * @param {Call} call
   * @param {string} token
   * @param {AbortSignal} [signal]
   */
  const once = ({ method, path, query, body }, token, signal) =>
    bounded(core, options.timing.httpTimeoutMs, signal, async (signal) => {
      const parameters = Object.entries(query ?? {})
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
        .join("&");
      const url = options.httpUrl.replace(/\/+$/, "") + path + (parameters && "?" + parameters);
      if (method === "POST") body ??= {};
      const headers = { authorization: "Bearer " + token, ...(body && { "content-type": "application/json" }) };
      const response = await options
        .fetch(url, { method, headers, signal, body: body && JSON.stringify(body) })
        .catch((error) => {
          throw retryableError("network", "the HTTP API could not be reached", error);
        });
      const answer = await response.json().catch(() => {});
      if (!response.ok) throw answerError(response, answer);
      if (!answer) throw new ChatError("unexpected", "the answer is no JSON", { status: response.status });
      return answer;
    });

  return {
    once,
    /**
     * Sends a request. If the token is refused, sends it once more with a new one.
     * @param {Call} call
     * @param {AbortSignal} [signal]
     */
    async send(call, signal) {
      const token = await tokens.get();
      let answer;
      try {
        answer = await once(call, token, signal);
      } catch (error) {
        if (!isTokenError(error)) throw error;
        tokens.refuse(token);
        const next = await tokens.get();
        if (next === token) throw error;
        answer = await once(call, next, signal);
      }
      onAccepted();
      return answer;
    },
  };
}
