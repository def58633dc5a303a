// Node.js 20 has no WebSocket: programs that are written for Node.js 22 get that of the package `ws`.
import { WebSocket } from "ws";

globalThis.WebSocket ??= /** @type {any} */ (WebSocket);
