// Every update of a client in order, for programs that read them one after the other.

/** @import { Store } from "./store.js" */
/** @import { Update } from "./engine/options.js" */
import { ChatError } from "./errors.js";

/** How many updates wait for a slow reader. */
export const MAX_WAITING_UPDATES = 10_000;

/**
 * The updates from now on, each once and in order. With more than {@link MAX_WAITING_UPDATES} that wait, they are dropped,
 * and the reader gets a `ChatError` with the code `updates_overflow`: read what the client holds, and begin again.
 * @param {Store} store
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<Update, void, void>}
 * @internal
 */
export function readUpdates(store, signal) {
  /** @type {Update[]} */
  let waiting = [];
  let isOver = false;
  let wake = () => {};
  const off = store.listen((update) => {
    if (waiting.push(update) > MAX_WAITING_UPDATES) end(true);
    wake();
  });
  /** @param {boolean} [overflows] */
  const end = (overflows) => {
    isOver ||= !!overflows;
    off();
    if (isOver) waiting = [];
    ended = true;
    wake();
  };
  let ended = false;
  const abort = () => end();
  if (signal?.aborted) end();
  signal?.addEventListener("abort", abort);
  async function* read() {
    try {
      for (;;) {
        const next = waiting.shift();
        if (next) yield next;
        else if (isOver) throw new ChatError("updates_overflow", `More than ${MAX_WAITING_UPDATES} updates wait.`);
        else if (ended) return;
        else await new Promise((resolve) => (wake = () => resolve(undefined)));
      }
    } finally {
      off();
      signal?.removeEventListener("abort", abort);
    }
  }
  return read();
}
