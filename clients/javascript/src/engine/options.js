// What an engine is made with, and its numbers.

/** @import { ChatError } from "../errors.js" */
/** @import { Outbox } from "../outbox.js" */
/** @import { State } from "../state/state.js" */
/** @import { ChatEvent, Message } from "../api.js" */
/** @import { Storage } from "./storage.js" */

/**
 * The time-outs and timers, in milliseconds. docs/API.md has them under "Numbers".
 */
export const TIMING = {
  /** The time-out of a request over the socket, of a ping, and of getting a token. */
  requestTimeoutMs: 10_000,
  /** The time-out of a handshake, and of an HTTP request. */
  httpTimeoutMs: 30_000,
  /** A ping is sent when no frame was sent for this long. */
  pingAfterMs: 240_000,
  /** A sync is sent when no frame came for this long and a chat is on the screen: the last event may be lost. */
  syncAfterMs: 60_000,
  /** A connection is replaced in the last tenth of this time, or before its token expires. */
  maxConnectionAgeMs: 115 * 60_000,
  /** The longest that an event waits for an event before it. After that, a sync asks for the missing one. */
  maxGapWaitMs: 300,
  /** The first wait before connecting again is at most this long. The bound doubles with each further wait. */
  maxFirstWaitMs: 500,
  /** No wait before connecting again is longer, apart from what the system asks for. */
  maxWaitMs: 30_000,
  /** The first wait before a message or a sync is sent again is at most this long. The bound doubles too. */
  maxFirstRetryMs: 400,
  /** No wait before sending again is longer, apart from what the system asks for. */
  maxRetryMs: 10_000,
  /** The former connection is closed so long after its renewal. */
  overlapMs: 10_000,
  /** A visible tab takes the connection over when the tab that has it does not answer for this long. */
  leaderTimeoutMs: 3_000,
  /** A visible tab asks whether the tab with the connection is there when it heard nothing for this long. */
  leaderSilenceMs: 15_000,
  /** The time-out of the ping after a tab was frozen. */
  checkTimeoutMs: 3_000,
  /** When a timer comes so much too late, the machine slept, or the tab was frozen. */
  maxDriftMs: 60_000,
};

/** The longest wait of a timer in browsers and Node.js: more would end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A message is given up after so many answers that say that the server failed, or that cannot be read. */
export const MAX_SERVER_FAILURES = 5;
/** After so many refusals in a row of fresh tokens, the engine stops connecting. */
export const MAX_REFUSALS = 3;
/** From so many requests in a row on, an answer that brings nothing new delays the next request. */
export const MAX_EAGER_REQUESTS = 10;
/** API Gateway closes a connection over a longer frame. */
export const MAX_FRAME_BYTES = 32 * 1024;

/**
 * @typedef {object} EngineOptions
 * @property {string} httpUrl
 * @property {string} webSocketUrl
 * @property {(reason: TokenReason, options: { signal: AbortSignal }) => Promise<string>} token A token that is valid now.
 * @property {string} [userId] Who the user is: then what waits in the storage shows before there is a token.
 * @property {Storage} [storage] Where unsent messages wait; the memory, unless given.
 * @property {boolean} [tabs] Whether all tabs share one connection: true where there are Web Locks and BroadcastChannel.
 * @property {typeof fetch} [fetch]
 * @property {any} [WebSocket] A class like that of browsers, for example that of `ws`. Node.js 20 has none: then `start`
 *   throws a `TypeError`.
 * @property {Logger} [logger] The console, unless given.
 * @property {() => number} [now]
 * @property {() => number} [random] From 0 to 1.
 * @property {(callback: () => void, ms: number) => any} [setTimeout]
 * @property {(timer: any) => void} [clearTimeout]
 * @property {any} [locks] Web Locks.
 * @property {any} [BroadcastChannel]
 * @property {any} [XMLHttpRequest] Uploads use it for their progress.
 * @property {any} [document] Says whether the tab is visible.
 * @property {any} [window] Says when the tab wakes.
 * @property {Partial<typeof TIMING>} [timing]
 */

/** @typedef {{ warn?(message: string, error?: unknown): void, error?(message: string, error?: unknown): void }} Logger */

/** @typedef {"start" | "expiring" | "refused"} TokenReason */

/**
 * Whether the engine is connected.
 * @typedef {object} Link
 * @property {"stopped" | "connecting" | "online" | "offline"} status
 * @property {string} [reason] Why the last connection ended, or could not be opened, in words.
 * @property {ChatError["code"]} [code] The same, for programs.
 * @property {boolean} [isTokenError] There was no token, or it was refused.
 * @property {string} [closing] Why the system closed the connection.
 * @property {number} [retryAt] When the next try is, by `Date.now()`; absent if there is none: the engine waits for
 *   another token, or for `start`.
 * @property {boolean} isCaughtUp Everything that was missed is there.
 */

/**
 * @typedef {{ type: "event", event: ChatEvent }
 *   | { type: "link", link: Link }
 *   | { type: "outbox" }
 *   | { type: "changed" }
 *   | { type: "sent", clientMessageId: string, message: Message }
 *   | { type: "discarded", clientMessageId: string }
 *   | { type: "notSent", clientMessageId: string, error: ChatError }
 *   | { type: "caughtUp" }
 *   | { type: "failed", task: "catchUp" | "renew" | "connect" | "storage", error: ChatError }} Update
 */

/**
 * What the parts of an engine share.
 * @typedef {object} Core
 * @property {Required<EngineOptions> & { timing: typeof TIMING, clock: () => number }} options `clock`: the time for
 *   waits and time-outs, in ms. It is `now`, but it does not go back if the clock of the machine is set back.
 *   `performance.now` would not do: in some browsers it stands still while the machine sleeps.
 * @property {string | undefined} me
 * @property {string} scope The user and the system: what is shared among tabs and stored is shared within it.
 * @property {State | undefined} state
 * @property {Outbox} outbox
 * @property {Link} link
 * @property {boolean} isLeader Whether this tab has, or opens, the connection.
 * @property {boolean} hasHttp There is no connection, but the HTTP API answers: messages go over it.
 * @property {boolean} [isUnread] The storage could not be read the last time.
 * @property {AbortController | undefined} life From start to stop.
 * @property {(update: Update) => void} emit
 * @property {(change: (state: State) => unknown) => ChatEvent[]} update
 * @property {(link: Omit<Link, "isCaughtUp"> & { isCaughtUp?: boolean }) => void} setLink
 * @property {(...message: any[]) => void} post Sends a message to the other tabs.
 * @property {() => void} ask Asks whether the tab with the connection is there.
 * @property {() => void} wake Something may be due.
 * @property {(tries: number) => number} retryWait
 */

/**
 * The options with what the platform has. Reads globals, so it runs when an engine is created, not at import.
 * @param {EngineOptions} options
 * @returns {Core["options"]}
 */
export function fillOptions(options) {
  const platform = /** @type {any} */ (globalThis);
  const { now = Date.now, setTimeout = (callback, ms) => platform.setTimeout(callback, ms) } = options;
  let setBackMs = 0;
  let last = 0;
  return /** @type {any} */ ({
    logger: platform.console,
    random: Math.random,
    // Some platforms refuse to call these as methods of another object.
    clearTimeout: (/** @type {any} */ timer) => platform.clearTimeout(timer),
    fetch: (/** @type {any} */ url, /** @type {any} */ init) => platform.fetch(url, init),
    WebSocket: platform.WebSocket,
    XMLHttpRequest: platform.XMLHttpRequest,
    BroadcastChannel: platform.BroadcastChannel,
    locks: platform.navigator?.locks,
    document: platform.document,
    window: platform.window,
    tabs: true,
    // An option that is undefined is not given.
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    timing: { ...TIMING, ...options.timing },
    now,
    setTimeout: (/** @type {() => void} */ callback, /** @type {number} */ ms) =>
      setTimeout(callback, Math.min(ms, MAX_TIMER_MS)),
    clock() {
      const time = now();
      if (time < last) setBackMs += last - time;
      last = time;
      return time + setBackMs;
    },
  });
}
