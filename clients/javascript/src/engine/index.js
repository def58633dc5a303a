// The session of one user: stays connected, holds the state, asks for what was missed, and sends messages until they are
// stored.

/** @import { Attachment, NewAttachment } from "../api.js" */
/** @import { Call } from "../calls.js" */
/** @import { EngineOptions, Link, Update, Core, Logger as EngineLogger } from "./options.js" */
/** @import { OutboxEntry as Entry } from "./messages.js" */
/** @import { AttachmentDownload as Download, TransferOptions } from "./attachments.js" */
/** @import { Storage as EngineStorage } from "./storage.js" */
import { ChatError, asChatError } from "../errors.js";
import { Outbox } from "../outbox.js";
import { State } from "../state/state.js";
import { createAttachments } from "./attachments.js";
import { createCatchUp } from "./catch-up.js";
import { createConnection, notConnected } from "./connection.js";
import { createHttp } from "./http.js";
import { createMessages } from "./messages.js";
import { fillOptions } from "./options.js";
import { backOff } from "./random.js";
import { createRequests } from "./requests.js";
import { memoryStorage } from "./storage.js";
import { createTabs } from "./tabs.js";
import { abortedError, stoppedError } from "./timeouts.js";
import { createTokens } from "./token.js";

/** @typedef {Update} EngineUpdate */
/** @typedef {Entry} OutboxEntry */
/** @typedef {Download} AttachmentDownload */
/** @typedef {EngineLogger} Logger */
/** @typedef {EngineStorage} Storage */
/** @typedef {ReturnType<typeof createEngine>} Engine */

/** @param {EngineOptions} given */
export function createEngine(given) {
  const options = fillOptions({ ...given, storage: given.storage ?? memoryStorage() });
  const { timing, clock, logger } = options;
  /** @type {Set<(update: Update) => void>} */
  const listeners = new Set();
  /** @type {Update[]} */
  const updates = [];
  /** @type {() => void} */
  let identified = () => {};
  const isIdentified = new Promise((/** @type {(value?: any) => void} */ resolve) => (identified = resolve));
  let isWoken = false;
  let isEmitting = false;
  /** @type {any} */
  let timer;
  let timerAt = Infinity;

  /** @type {Core} */
  const core = {
    options,
    me: undefined,
    scope: "",
    state: undefined,
    outbox: new Outbox(),
    link: { status: "stopped", isCaughtUp: false },
    isLeader: false,
    hasHttp: false,
    life: undefined,
    emit(update) {
      // A listener may cause more updates: they come after this one for every listener.
      updates.push(update);
      if (isEmitting) return;
      isEmitting = true;
      for (let next; (next = updates.shift());)
        for (const listener of [...listeners])
          try {
            listener(next);
          } catch (error) {
            logger?.error?.("a listener failed", error);
          }
      isEmitting = false;
    },
    update(change) {
      if (!core.state) return [];
      const events = [change(core.state)].flat().filter((event) => /** @type {any} */ (event)?.event);
      for (const event of /** @type {any[]} */ (events)) {
        messages.confirm(event);
        core.emit({ type: "event", event });
      }
      core.emit({ type: "changed" });
      core.wake();
      return /** @type {any[]} */ (events);
    },
    setLink(link) {
      if (link.status !== "connecting" || core.link.status !== "connecting") {
        core.link = { isCaughtUp: false, ...link };
        core.emit({ type: "link", link: core.link });
      }
      if (!core.isLeader) return;
      core.post("link", link, core.hasHttp);
      // A tab that crashed may have told nobody what it wrote last.
      if (link.status === "offline" && options.storage.isShared) messages.load();
    },
    post: () => {},
    ask: () => tabs.ask(),
    wake() {
      if (isWoken) return;
      isWoken = true;
      Promise.resolve().then(doDueWork);
    },
    retryWait: (tries) => backOff(options.random, tries, timing.maxFirstRetryMs, timing.maxRetryMs),
  };

  const tokens = createTokens(core);
  const http = createHttp(core, tokens, () => connection.resume());
  const attachments = createAttachments(core, http);
  /** @param {string} userId */
  function identify(userId) {
    core.me = userId;
    core.scope = `${userId}@${options.webSocketUrl}`;
    core.state = new State(userId);
    tabs.start();
    messages.load().then(identified);
  }

  const connection = createConnection(core, tokens, http, {
    identify,
    onFrame(from, frame) {
      catchUp.restartSilence();
      if (!frame.event) {
        const error = requests.receive(frame);
        if (error) {
          tokens.refuse(from.token);
          if (from === connection.present) connection.lose(error, error);
        }
      } else if (frame.event !== "connection.closing") {
        receiveEvent(frame);
        core.post("event", frame);
      } else if (from === connection.present) {
        const { code, detail } = frame.data;
        if (code === "token_expired") tokens.refuse(from.token);
        connection.lose(new ChatError(code, detail, frame.data), frame.data);
      }
      core.wake();
    },
    onChange(isLost) {
      catchUp.restartSilence();
      if (!isLost) return requests.forgetPings();
      markDisconnected();
      requests.failAll(notConnected());
    },
  });
  const requests = createRequests(core, connection);
  const catchUp = createCatchUp(core, ask);
  const messages = createMessages(core, ask, attachments, isIdentified);
  const tabs = createTabs(core, {
    onLead() {
      // The others hear that there is another connection.
      core.setLink({ status: "connecting" });
      markDisconnected();
      messages.load();
      core.wake();
    },
    onFollow() {
      connection.close();
      messages.handOver();
      core.setLink({ status: "connecting" });
    },
    onMessage(kind, ...values) {
      const [first, second] = values;
      if (kind === "hello" || kind === "outbox") {
        messages.load();
        // By a timer: a frozen tab still gets messages, but neither timers nor frames.
        options.setTimeout(() => core.isLeader && core.post("link", core.link, core.hasHttp), 0);
      } else if (kind === "discard") messages.settle(first);
      else if (kind === "frame") core.isLeader && engine.sendFrame(first, second);
      else if (!core.isLeader) {
        catchUp.restartSilence();
        if (kind === "event") receiveEvent(first);
        else if (kind === "apply") applyChange(values);
        else if (kind === "link") {
          followLink(first, second);
          // What it holds may be sent since this tab read the storage.
          if (messages.list.length) messages.load();
        } else if (kind === "sent") messages.acknowledge(first, second);
        else if (kind === "entry") messages.follow(first, second);
      }
      core.wake();
    },
  });

  /** Anything may have been missed from now on. A state that holds nothing yet lists the inbox anyway. */
  function markDisconnected() {
    catchUp.forget();
    if (core.state?.chats.size) core.update((state) => state.markDisconnected());
  }

  /** @param {any} event */
  function receiveEvent(event) {
    try {
      core.update((state) => state.applyEvent(event));
    } catch (error) {
      // A later server may have other events. What is missed leads to a sync.
      logger?.warn?.("an event cannot be read", error);
      core.update((state) => state.markBehind());
    }
  }

  /**
   * Applies an answer: calls this method of the state.
   * @param {any[]} change
   */
  const applyChange = ([method, ...values]) => core.update((state) => /** @type {any} */ (state)[method](...values));

  /**
   * The tab with the connection says how it is connected.
   * @param {Link} link
   * @param {boolean} hasHttp
   */
  function followLink(link, hasHttp) {
    core.hasHttp = hasHttp;
    const { status, isCaughtUp } = core.link;
    const isNew = status !== link.status;
    if (isNew && status === "online") markDisconnected();
    if (isNew || link.status === "offline") core.setLink({ ...link, isCaughtUp: !isNew && isCaughtUp });
  }

  /**
   * Sends a request over the socket if it is an action and there is a connection, else over HTTP.
   * @param {Call} call
   * @param {(error: ChatError | undefined, data?: any, isOverSocket?: boolean) => void} done
   * @param {AbortSignal} [signal]
   */
  function ask(call, done, signal) {
    if (requests.canSend(call)) return requests.send(call, (error, data) => done(error, data, true));
    if (!call.method) return done(notConnected());
    http.send(call, signal).then(
      (data) => done(undefined, data),
      (error) => done(asChatError(error)),
    );
  }

  function doDueWork() {
    isWoken = false;
    options.clearTimeout(timer);
    const { life } = core;
    if (!life) return;
    timerAt = Math.min(
      connection.doDueWork(),
      requests.doDueWork(),
      messages.doDueWork(),
      catchUp.doDueWork(),
      tabs.doDueWork(),
    );
    // A listener may have stopped the engine meanwhile.
    if (core.life === life && timerAt < Infinity) timer = options.setTimeout(onTimer, timerAt - clock());
  }

  function onTimer() {
    if (clock() - timerAt > timing.maxDriftMs) onWake();
    doDueWork();
  }

  /** The tab was hidden or frozen, or the machine slept: the connection may be dead. */
  function onWake() {
    if (!core.life || !tabs.isVisible()) return;
    if (core.state?.chats.size) core.update((state) => state.markBehind());
    if (connection.present) requests.sendPing(timing.checkTimeoutMs);
    else connection.hurry();
    tabs.ask();
  }

  /** @param {"addEventListener" | "removeEventListener"} method */
  function listen(method) {
    for (const name of ["visibilitychange", "resume"]) options.document?.[method]?.(name, onWake);
    for (const name of ["pageshow", "online"]) options.window?.[method]?.(name, onWake);
  }

  const engine = {
    /** The id of the user; undefined before the first token. */
    get me() {
      return core.me;
    },
    /** What the user holds; undefined before the first token. */
    get state() {
      return core.state;
    },
    /** Whether the engine is connected. */
    get link() {
      return core.link;
    },
    /** The messages that are not acknowledged yet, in the order in which they were written. */
    get outbox() {
      return messages.list;
    },
    /**
     * Connects, and stays connected. If it waits for another token, because three were refused, it asks for one now. Throws a
     * `TypeError` if there is no WebSocket.
     */
    start() {
      if (core.life) return connection.resume();
      if (!options.WebSocket)
        throw new TypeError("no WebSocket: pass one to createClient, such as that of ws");
      core.life = new AbortController();
      core.setLink({ status: "connecting" });
      listen("addEventListener");
      if (core.me) tabs.start();
      else if (options.userId) identify(options.userId);
      core.wake();
    },
    /** Disconnects. What is held and the messages that wait stay. */
    stop() {
      const { life } = core;
      if (!life) return;
      core.life = undefined;
      options.clearTimeout(timer);
      listen("removeEventListener");
      const stopped = stoppedError();
      requests.failAll(stopped);
      life.abort(stopped);
      tabs.stop();
      connection.close();
      core.setLink({ status: "stopped" });
    },
    /**
     * Sends a request and waits for the answer. Its answer is applied to the state.
     * @template A
     * @param {Call<A>} call
     * @param {{ signal?: AbortSignal, apply?: (state: State, answer: A) => unknown }} [options] `apply`: instead of what
     *   the call says.
     * @returns {Promise<A>}
     */
    request(call, { signal, apply } = {}) {
      return new Promise((resolve, reject) => {
        if (!core.life) return reject(stoppedError());
        const abort = () => reject(abortedError(signal));
        if (signal?.aborted) return abort();
        signal?.addEventListener("abort", abort);
        /** @type {(error: ChatError | undefined, answer?: any, isOverSocket?: boolean) => void} */
        const done = (error, answer, isOverSocket) => {
          // Every request may be repeated.
          if (isOverSocket && call.method && (error?.code === "timeout" || error?.code === "not_connected"))
            return ask({ ...call, action: undefined }, done, signal);
          signal?.removeEventListener("abort", abort);
          try {
            if (error) throw error;
            const change = call.apply?.(answer);
            if (apply) core.update((state) => apply(state, answer));
            else if (change) applyChange(change);
            // The event of what was asked over the socket comes to no connection of this user's tabs.
            if (isOverSocket && change) core.post("apply", ...change);
            resolve(answer);
          } catch (thrown) {
            const error = asChatError(thrown);
            const { changes } = call;
            // The change may be stored all the same, and its event be lost.
            if (changes && !((error.status ?? 500) < 500)) core.update((state) => state.markChatBehind(changes));
            reject(error);
          }
        };
        ask(call, done, signal);
      });
    },
    /** Changes the state, and reports the events that result. */
    update: core.update,
    send: messages.send,
    /** Sends a message that failed again. */
    retry: messages.retry,
    /** Takes a message out of the outbox. If it was being sent, it may be stored all the same. */
    discard: messages.discard,
    /**
     * Creates an attachment and uploads its bytes.
     * @param {string} chatId
     * @param {Omit<NewAttachment, "chatId" | "sizeBytes" | "sha256">} attachment
     * @param {Blob} file
     * @param {TransferOptions} [options]
     * @returns {Promise<Attachment>}
     */
    upload: attachments.upload,
    /**
     * Downloads the attachment of a message: its description and its bytes.
     * @param {string} chatId
     * @param {number} seq
     * @param {TransferOptions} [options]
     * @returns {Promise<Download>}
     */
    download: attachments.download,
    /**
     * Sends a frame whose reply nobody waits for. It may be lost.
     * @param {string} action
     * @param {object} fields
     */
    sendFrame(action, fields) {
      if (core.isLeader) requests.send({ action, fields }, () => {});
      else core.post("frame", action, fields);
    },
    /**
     * Calls the listener for each update, until the function that is returned is called.
     * @param {(update: Update) => void} listener
     */
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return engine;
}
