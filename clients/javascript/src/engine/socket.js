// One WebSocket connection.

/** @import { ChatError } from "../errors.js" */
/** @import { Core } from "./options.js" */
import { retryableError } from "../errors.js";

/**
 * An open connection.
 * @typedef {object} Connection
 * @property {string} token The token that opened it.
 * @property {number} openedAt
 * @property {number} renewAt When to open the next connection.
 * @property {(text: string) => void} send
 * @property {() => void} close Nothing is received after this.
 */

/**
 * @typedef {object} SocketHandlers
 * @property {(connection: Connection) => void} onOpen
 * @property {(connection: Connection, frame: any) => void} onFrame
 * @property {(connection: Connection, error: ChatError) => void} onEnd The handshake failed, or the connection ended by
 *   itself. Called once. A browser does not say why a handshake failed.
 */

/**
 * Opens a connection. Browsers can send the token only as a subprotocol.
 * @param {Core} core
 * @param {string} token
 * @param {SocketHandlers} handlers
 * @returns {Connection}
 */
export function openSocket({ options }, token, { onOpen, onFrame, onEnd }) {
  const socket = new options.WebSocket(options.webSocketUrl, ["chat.v1", "bearer." + token]);
  /** @type {Connection} */
  const connection = {
    token,
    openedAt: 0,
    renewAt: 0,
    send: (text) => socket.send(text),
    close() {
      options.clearTimeout(timer);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
  const end = (/** @type {string} */ message) => {
    connection.close();
    onEnd(connection, retryableError("network", message));
  };
  const timer = options.setTimeout(() => end("the handshake took too long"), options.timing.httpTimeoutMs);
  socket.onopen = () => {
    options.clearTimeout(timer);
    connection.openedAt = options.clock();
    onOpen(connection);
  };
  socket.onmessage = (/** @type {{ data: string }} */ { data }) => {
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return end("a frame is no JSON");
    }
    onFrame(connection, frame);
  };
  socket.onclose = (/** @type {{ code?: number }} */ { code }) =>
    end(connection.openedAt ? `the connection was closed (${code})` : "the handshake failed");
  // What is wrong comes with `onclose`.
  socket.onerror = () => {};
  return connection;
}
