// Values that change: read them at any time, or be called when they changed. A value is computed when somebody asks.

/** @import { EngineOptions } from "./engine/options.js" */
import { fillOptions } from "./engine/options.js";

/** @type {readonly never[]} */
export const EMPTY = Object.freeze([]);

/**
 * The next snapshot: `before` if it is an object or a list with the same entries, else `next`, frozen.
 * @template {object} T
 * @param {T | undefined} before
 * @param {T} next
 * @returns {T}
 */
export function snapshot(before, next) {
  const keys = /** @type {(keyof T)[]} */ (Object.keys(next));
  return before && keys.length === Object.keys(before).length && keys.every((key) => Object.is(before[key], next[key]))
    ? before
    : Object.freeze(next);
}

/**
 * What the values of one client are computed from, and when that changed.
 * @internal
 */
export class Source {
  /** Grows with each change. */
  version = 0;
  /**
   * Called after changes, one for each value that has listeners.
   * @type {Set<() => void>}
   */
  #watchers = new Set();
  #isScheduled = false;
  /** When a value changes by itself, such as the end of a mute, by `options.clock`. */
  #wakeAt = Infinity;
  /** @type {any} */
  #timer;

  /** @param {Partial<EngineOptions>} options the clock and the logger; those of the platform if they are left out */
  constructor(options) {
    this.options = fillOptions(/** @type {EngineOptions} */ (options));
  }

  /** Something changed. The listeners hear of all changes of one task together, in a microtask. */
  change() {
    this.version++;
    if (this.#isScheduled || !this.#watchers.size) return;
    this.#isScheduled = true;
    Promise.resolve().then(() => {
      this.#isScheduled = false;
      for (const watcher of [...this.#watchers]) watcher();
      this.#arm();
    });
  }

  /**
   * A value that is being computed changes by itself after this time.
   * @param {number} ms
   */
  wakeAfter(ms) {
    this.#wakeAt = Math.min(this.#wakeAt, this.options.clock() + ms);
  }

  /** Notices that time passed. */
  poll() {
    if (this.options.clock() < this.#wakeAt) return;
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
    const { setTimeout, clearTimeout, clock } = this.options;
    clearTimeout(this.#timer);
    if (!this.#watchers.size || this.#wakeAt === Infinity) return;
    this.#timer = setTimeout(() => {
      this.poll();
      this.#arm();
    }, this.#wakeAt - clock());
    // A timer alone does not keep Node.js running.
    this.#timer?.unref?.();
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
   * @internal
   */
  constructor(source, initial, compute) {
    let value = initial;
    let version = -1;
    /** @type {T} */
    let told;
    /** @type {() => void} */
    let unwatch;
    /** @type {Set<() => void>} */
    const calls = new Set();
    const flush = () => {
      if (told === this.get()) return;
      told = value;
      for (const call of [...calls])
        try {
          if (calls.has(call)) call();
        } catch (error) {
          source.options.logger?.error?.("a listener failed", error);
        }
    };
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
      const call = () => listener(value);
      if (!calls.size) {
        told = this.get();
        unwatch = source.watch(flush);
      }
      calls.add(call);
      return () => {
        if (calls.delete(call) && !calls.size) unwatch();
      };
    };
  }

  /**
   * The value now, and then each later value. Values that changed again before they were asked for are left out.
   * @returns {AsyncGenerator<T, void, void>}
   */
  async *[Symbol.asyncIterator]() {
    /** @type {(value?: any) => void} */
    let wake = () => {};
    const off = this.subscribe(() => wake());
    try {
      for (let told = this.get(); ; told = this.get()) {
        yield told;
        while (told === this.get()) await new Promise((resolve) => (wake = resolve));
      }
    } finally {
      off();
    }
  }
}
