// Every update of a client in order, for programs that read them one after the other.

/** @import { Update } from "./engine/options.js" */
/** @import { Engine } from "./store.js" */
import { ChatError } from "./errors.js";

/** How many updates wait for a slow reader. */
export const MAX_WAITING_UPDATES = 10_000;

/**
 * The updates from now on, each once and in order. If more than {@link MAX_WAITING_UPDATES} wait, they are dropped, and
 * the reader gets a `ChatError` with the code `updates_overflow`: read what the client holds, and begin again.
 * @param {Engine} engine
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<Update, void, void>}
 * @internal
 */
export function readUpdates(engine, signal) {
  /** @type {Update[]} */
  let waiting = [];
  /** @type {(value?: any) => void} */
  let wake = () => {};
  let hasEnded = signal?.aborted;
  let isOver = false;
  const end = () => {
    off();
    signal?.removeEventListener("abort", end);
    hasEnded = true;
    wake();
  };
  const off = engine.subscribe((update) => {
    if (waiting.push(update) > MAX_WAITING_UPDATES) {
      isOver = true;
      waiting = [];
      end();
    }
    wake();
  });
  signal?.addEventListener("abort", end);
  return (async function* () {
    try {
      for (;;) {
        const next = waiting.shift();
        if (next) yield next;
        else if (isOver) throw new ChatError("updates_overflow", `more than ${MAX_WAITING_UPDATES} updates wait`);
        else if (hasEnded) return;
        else await new Promise((resolve) => (wake = resolve));
      }
    } finally {
      end();
    }
  })();
}
