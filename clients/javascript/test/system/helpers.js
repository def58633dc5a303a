// Clients in Node.js, on the real system.
import { createClient } from "lambda-chat";
import { WebSocket as WebSocketOfNode20 } from "ws";
import { PATIENCE, getToken } from "../browser/harness.js";

export * from "../browser/harness.js";

/** Node.js 22 has a WebSocket. */
export const WebSocket = globalThis.WebSocket ?? WebSocketOfNode20;

/**
 * A client of this user.
 * @param {{httpUrl: string, webSocketUrl: string, authUrl: string}} system
 * @param {string} userId
 * @param {object} [options]
 */
export const clientOf = (system, userId, options = {}) =>
  createClient({ ...system, WebSocket, token: () => getToken(system, userId), ...options });

/**
 * Waits until a value is as it should be.
 * @template T
 * @param {{ get(): T, subscribe(listener: () => void): () => void }} readable
 * @param {(value: T) => unknown} isReached
 * @returns {Promise<T>}
 */
export function until(readable, isReached) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited in vain for ${isReached}`)), PATIENCE);
    const look = () => {
      const value = readable.get();
      if (!isReached(value)) return;
      clearTimeout(timer);
      off();
      resolve(value);
    };
    const off = readable.subscribe(look);
    look();
  });
}

/** Waits until a client has caught up. @param {any} client */
export const caughtUp = (client) => until(client.link, ({ status, isCaughtUp }) => status === "online" && isCaughtUp);
