// Requests to a running system, beside the library.
import { randomUUID } from "node:crypto";

/** How often a request is sent: a busy system answers some later. */
const MAX_TRIES = 20;
/** The wait before another try, in milliseconds, if the answer names none. */
const WAIT_MS = 200;

/**
 * A token of the stand-in Auth Service, which knows the user from then on.
 * @param {{authUrl: string}} system
 * @param {string} userId
 * @param {number} [expiresInSeconds]
 * @returns {Promise<string>}
 */
export async function getToken({ authUrl }, userId, expiresInSeconds = 3600) {
  const body = JSON.stringify({ userId, expiresInSeconds });
  return (await (await fetch(`${authUrl}/token`, { method: "POST", body })).json()).token;
}

/**
 * Sends requests of a user. What may be repeated is, as clients do: a message under one clientMessageId.
 * @param {{httpUrl: string, authUrl: string}} system
 * @param {string} userId
 */
export function apiOf(system, userId) {
  const token = getToken(system, userId);
  return async (/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body) => {
    if (method === "POST" && path.endsWith("/messages")) body = { clientMessageId: randomUUID(), ...body };
    for (let tries = 1; ; tries++) {
      const headers = { authorization: `Bearer ${await token}` };
      const answer = await fetch(system.httpUrl + path, { method, headers, body: body && JSON.stringify(body) });
      const document = await answer.json();
      if (answer.ok) return document;
      if (!document.retryable || tries >= MAX_TRIES)
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(document)}`);
      await new Promise((resolve) => setTimeout(resolve, document.retryAfterMs ?? WAIT_MS));
    }
  };
}
