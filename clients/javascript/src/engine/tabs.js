// Which tab has the connection. The one that holds the Web Lock leads; the others ask over HTTP and hear events from it.

/** @import { Core } from "./options.js" */

/** The version of the messages between tabs. Tabs with another one do not hear one another. */
const TABS_VERSION = 1;

/**
 * @param {Core} core
 * @param {{ onLead(): void, onFollow(): void, onMessage(kind: string, ...values: any[]): void }} handlers
 */
export function createTabs(core, { onLead, onFollow, onMessage }) {
  const { options } = core;
  const { timing, clock } = options;
  /** @type {BroadcastChannel | undefined} */
  let channel;
  /**
   * The wish to lead that holds or waits for the lock.
   * @type {AbortController | undefined}
   */
  let wish;
  /** @type {any} */
  let answerTimer;
  let heardAt = 0;
  let release = () => {};

  const isVisible = () => options.document?.visibilityState !== "hidden";

  const heard = () => {
    heardAt = clock();
    options.clearTimeout(answerTimer);
    answerTimer = undefined;
  };

  /** @param {boolean} [steal] Takes the lock from the tab that has it. */
  function request(steal) {
    wish?.abort();
    const mine = (wish = new AbortController());
    const hold = () =>
      new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
        if (wish !== mine) return resolve();
        release = resolve;
        heard();
        core.isLeader = true;
        onLead();
      });
    const ended = () => {
      if (wish !== mine) return;
      // Another tab took the lock.
      follow();
      request();
    };
    options.locks
      .request(channel?.name, steal ? { steal } : { signal: mine.signal }, hold)
      .then(ended, (/** @type {Error} */ error) => (error?.name === "AbortError" ? ended() : wish === mine && lead()));
  }

  /** This tab has a connection of its own, because the platform shares nothing. */
  function lead() {
    stop();
    core.isLeader = true;
    onLead();
  }

  function stop() {
    const mine = wish;
    wish = undefined;
    mine?.abort();
    release();
    heard();
    channel?.close();
    channel = undefined;
    core.post = () => {};
    core.isLeader = false;
  }

  function follow() {
    core.isLeader = false;
    onFollow();
    ask();
  }

  /** Asks whether the tab with the connection is there. If it does not answer, a visible tab takes over. */
  function ask() {
    if (!channel || core.isLeader || !isVisible()) return;
    heardAt = clock();
    core.post("hello");
    answerTimer ??= options.setTimeout(() => {
      answerTimer = undefined;
      if (channel && !core.isLeader && isVisible()) request(true);
    }, timing.leaderTimeoutMs);
  }

  return {
    isVisible,
    ask,
    stop,
    start() {
      if (!options.tabs || !options.locks || !options.BroadcastChannel) return lead();
      const opened = (channel = new options.BroadcastChannel(`lambda-chat/${TABS_VERSION}/${core.scope}`));
      opened.onmessage = (/** @type {{ data: any[] }} */ { data: [kind, ...values] }) => {
        if (opened !== channel) return;
        // Only the tab with the connection says something else.
        if (kind !== "hello" && kind !== "outbox" && kind !== "discard" && kind !== "frame") heard();
        onMessage(kind, ...values);
      };
      core.post = (...message) => opened.postMessage(message);
      request();
      follow();
      // What this tab wrote before a stop or a crash, the tab with the connection may not have heard of.
      core.post("outbox");
    },
    /**
     * Asks for the tab with the connection after a silence. Returns when to do so.
     * @returns {number}
     */
    doDueWork() {
      if (!channel || core.isLeader || !isVisible()) return Infinity;
      if (clock() >= heardAt + timing.leaderSilenceMs) ask();
      return heardAt + timing.leaderSilenceMs;
    },
  };
}
