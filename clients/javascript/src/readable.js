// Values that change: read them at any time, or be called when they changed. A value is computed when somebody asks.

/** @import { EngineOptions } from "./engine/options.js" */

/** The longest wait of a timer in browsers and Node.js: more would end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The next snapshot: `before` if it is an object or a list with the same entries, else `next`, frozen.
 * @template {object} T
 * @param {T | undefined} before
 * @param {T} next
 * @returns {T}
 */
export function snapshot(before, next) {
  const [a, b] = /** @type {Record<string, unknown>[]} */ ([before ?? {}, next]);
  const isSame = Array.isArray(next)
    ? Array.isArray(before) && next.length === before.length && next.every((entry, index) => entry === before[index])
    : before && [...Object.keys(next), ...Object.keys(before)].every((key) => Object.is(a?.[key], b?.[key]));
  return isSame && before ? before : Object.freeze(next);
}

/**
 * What the values of one client are computed from, and when that changed.
 * @internal
 */
export class Source {
  /** Grows with each change. */
  version = 0;
  /**
   * Called for each value that has listeners after changes.
   * @type {Set<() => void>}
   */
  #watchers = new Set();
  #isScheduled = false;
  /** When a value changes by itself, such as the end of a mute; in ms. */
  #wakeAt = Infinity;
  /** @type {any} */
  #timer;

  /**
   * @param {Pick<EngineOptions, "now" | "setTimeout" | "clearTimeout">} options the clock
   * @param {(error: unknown) => void} report takes what a listener threw
   */
  constructor({ now = Date.now, setTimeout, clearTimeout }, report) {
    this.now = now;
    this.setTimeout = setTimeout ?? ((callback, ms) => globalThis.setTimeout(callback, ms));
    this.clearTimeout = clearTimeout ?? ((timer) => globalThis.clearTimeout(timer));
    this.report = report;
  }

  /** Something changed. The listeners hear of all changes of one task together, in a microtask. */
  change() {
    this.version++;
    if (this.#isScheduled || !this.#watchers.size) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      for (const watcher of [...this.#watchers]) if (this.#watchers.has(watcher)) watcher();
      this.#arm();
    });
  }

  /**
   * A value that was just computed changes by itself at this time, in ms.
   * @param {number} time
   */
  wakeAt(time) {
    if (time > this.now()) this.#wakeAt = Math.min(this.#wakeAt, time);
  }

  /** Notices that time passed. */
  poll() {
    if (this.now() < this.#wakeAt) return;
    this.#wakeAt = Infinity;
    this.change();
  }

  /** @param {() => void} watcher */
  watch(watcher) {
    this.#watchers.add(watcher);
    this.#arm();
    return () => {
      this.#watchers.delete(watcher);
      this.#arm();
    };
  }

  #arm() {
    this.clearTimeout(this.#timer);
    if (!this.#watchers.size || this.#wakeAt === Infinity) return;
    this.#timer = this.setTimeout(() => {
      this.poll();
      this.#arm();
    }, Math.min(this.#wakeAt - this.now(), MAX_TIMER_MS));
    // A timer alone does not keep Node.js running.
    this.#timer.unref?.();
  }
}

/**
 * A value that changes. `get` returns the same frozen object until something in it changed. The functions need no
 * `this`: they can be handed to `useSyncExternalStore`.
 * @template T
 */
export class Readable {
  /**
   * @param {Source} source
   * @param {T} initial the value before the first answer
   * @param {(before: T) => T} compute the value now: `before` itself if nothing changed
   */
  constructor(source, initial, compute) {
    let value = initial;
    let version = -1;
    /** @type {Set<(value: T) => void>} */
    const listeners = new Set();
    /** @type {() => void} */
    let unwatch;
    /**
     * The value now. It is complete as soon as `client.link.get().isCaughtUp`.
     * @returns {T}
     */
    this.get = () => {
      source.poll();
      if (version !== source.version) {
        version = source.version;
        value = compute(value);
      }
      return value;
    };
    /**
     * The value before the first answer: what a server renders.
     * @returns {T}
     */
    this.getInitial = () => initial;
    /**
     * Calls `listener` after each change, once for all changes of one task, never while it subscribes. Returns the
     * function that ends it.
     * @param {(value: T) => void} listener
     * @returns {() => void}
     */
    this.subscribe = (listener) => {
      const own = (/** @type {T} */ next) => listener(next);
      if (!listeners.size) {
        let told = this.get();
        unwatch = source.watch(() => {
          const next = this.get();
          if (next === told) return;
          told = next;
          for (const call of [...listeners])
            try {
              if (listeners.has(call)) call(next);
            } catch (error) {
              source.report(error);
            }
        });
      }
      listeners.add(own);
      return () => {
        if (listeners.delete(own) && !listeners.size) unwatch();
      };
    };
  }

  /**
   * The value now, and then each later value. Values that changed again before they were asked for are left out.
   * @returns {AsyncGenerator<T, void, void>}
   */
  async *[Symbol.asyncIterator]() {
    /** @type {(() => void) | undefined} */
    let wake;
    const off = this.subscribe(() => wake?.());
    try {
      for (let told = this.get(); ; ) {
        yield told;
        while (told === this.get()) await new Promise((resolve) => (wake = () => resolve(undefined)));
        told = this.get();
      }
    } finally {
      off();
    }
  }
}
