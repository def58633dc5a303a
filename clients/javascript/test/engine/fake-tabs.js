// A browser with several tabs: Web Locks and BroadcastChannel that its tabs share, and tabs that hide, freeze, hang and crash.

/** A browser. */
export class FakeBrowser {
  /** @type {Map<string, any[]>} The requests for a lock: the first one holds it, if it `isHeld`. */
  locks = new Map();
  channels = new Set();

  tab() {
    return new FakeTab(this);
  }

  /** The names of all locks that are held. */
  get held() {
    return [...this.locks].filter(([, queue]) => queue[0]?.isHeld).map(([name]) => name);
  }

  grant(name) {
    const [next] = this.locks.get(name) ?? [];
    if (!next || next.isHeld || next.tab.isFrozen) return;
    next.isHeld = true;
    Promise.resolve(next.callback({ name })).then((value) => {
      this.drop(name, next);
      next.resolve(value);
    });
  }

  drop(name, request) {
    const queue = this.locks.get(name) ?? [];
    const index = queue.indexOf(request);
    if (index >= 0) queue.splice(index, 1);
    setImmediate(() => this.grant(name));
  }
}

class FakeTab {
  isFrozen = false;
  isGone = false;
  /** Frozen, and gets no messages either. */
  isHung = false;
  listeners = new Map();

  constructor(browser) {
    this.browser = browser;
    const tab = this;
    this.locks = {
      request: (name, { signal, steal } = {}, callback) =>
        new Promise((resolve, reject) => {
          const queue = browser.locks.get(name) ?? [];
          browser.locks.set(name, queue);
          const request = { tab, callback, resolve, reject, isHeld: false };
          if (steal) {
            const [holder] = queue;
            if (holder?.isHeld) {
              queue.shift();
              // A frozen tab hears of it when it wakes.
              tab.browser.later(holder.tab, () => holder.reject(new DOMException("stolen", "AbortError")));
            }
            queue.unshift(request);
          } else {
            queue.push(request);
            signal?.addEventListener("abort", () => {
              if (request.isHeld) return;
              browser.drop(name, request);
              reject(signal.reason);
            });
          }
          setImmediate(() => browser.grant(name));
        }),
    };
    this.BroadcastChannel = class {
      onmessage = null;
      constructor(name) {
        Object.assign(this, { name, tab });
        browser.channels.add(this);
      }
      postMessage(message) {
        const data = structuredClone(message);
        for (const channel of browser.channels)
          if (channel !== this && channel.name === this.name)
            // A tab that Chromium froze still gets messages.
            setImmediate(() => !channel.tab.isHung && browser.channels.has(channel) && channel.onmessage?.({ data }));
      }
      close() {
        browser.channels.delete(this);
      }
    };
    const addEventListener = (name, listener) => {
      const listeners = this.listeners.get(name) ?? new Set();
      this.listeners.set(name, listeners.add(listener));
    };
    const removeEventListener = (name, listener) => this.listeners.get(name)?.delete(listener);
    this.document = { visibilityState: "visible", addEventListener, removeEventListener };
    this.window = { addEventListener, removeEventListener };
  }

  get options() {
    const { locks, BroadcastChannel, document, window } = this;
    return { tabs: true, locks, BroadcastChannel, document, window };
  }

  fire(name) {
    for (const listener of this.listeners.get(name) ?? []) listener({});
  }

  show(isVisible) {
    this.document.visibilityState = isVisible ? "visible" : "hidden";
    this.fire("visibilitychange");
  }

  /** The tab ends without a word: its lock is free, its channel and its sockets are gone. */
  crash() {
    this.isGone = true;
    for (const channel of this.browser.channels) if (channel.tab === this) this.browser.channels.delete(channel);
    for (const [name, queue] of this.browser.locks) {
      for (const request of queue.filter(({ tab }) => tab === this)) this.browser.drop(name, request);
    }
  }
}

FakeBrowser.prototype.later = function (tab, work) {
  setImmediate(() => {
    if (tab.isGone) return;
    if (tab.isFrozen) tab.missed = [...(tab.missed ?? []), work];
    else work();
  });
};

/** @this {FakeTab} */
FakeTab.prototype.thaw = function () {
  this.isFrozen = this.isHung = false;
  for (const work of this.missed ?? []) setImmediate(work);
  this.missed = [];
};
