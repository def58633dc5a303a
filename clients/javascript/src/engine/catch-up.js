// When to ask for what was missed, one request at a time.

/** @import { ChatError } from "../errors.js" */
/** @import { Core } from "./options.js" */
/** @import { Call } from "../calls.js" */
import { listChats, sync } from "../calls.js";
import { asChatError } from "../errors.js";
import { MAX_EAGER_REQUESTS } from "./options.js";

/** Chats per page of the inbox. */
const INBOX_PAGE_SIZE = 50;

/**
 * @param {Core} core
 * @param {(call: Call, done: (error: ChatError | undefined, data?: any) => void) => void} ask
 */
export function createCatchUp(core, ask) {
  const { timing, clock, random } = core.options;
  /** Until then the event before a gap may come by itself; 0 while there is no gap. */
  let gapUntil = 0;
  /** Nothing is asked before this, because requests failed or brought nothing new. */
  let notBefore = 0;
  let requestsInARow = 0;
  let silentAt = 0;
  /**
   * The request that has no answer yet.
   * @type {object | undefined}
   */
  let asking;

  /** @param {import("../state/plan.js").CatchUpRequest} request */
  function send(request) {
    const mine = (asking = {});
    requestsInARow++;
    const isSync = request.kind === "sync";
    // Archived chats too: a client that did not hold them would ask again for each of their events.
    const call = isSync
      ? sync(request.request)
      : listChats({ limit: INBOX_PAGE_SIZE, archived: "any", cursor: request.cursor });
    ask(call, (error, answer) => {
      if (asking !== mine) return;
      asking = undefined;
      try {
        if (error) throw error;
        const events = core.update((state) =>
          isSync ? state.applySync(request, answer) : state.applyInboxPage(request.cursor, answer),
        );
        // After many in a row, the missing change is probably being stored, which takes time.
        if (isSync && !events.length && requestsInARow >= MAX_EAGER_REQUESTS) delay();
      } catch (thrown) {
        const error = asChatError(thrown);
        delay(error.retryAfterMs);
        // A missing connection is reported by the link.
        if (error.code !== "not_connected") core.emit({ type: "failed", task: "catchUp", error });
      }
      core.wake();
    });
  }

  const delay = (retryAfterMs = 0) => {
    notBefore = clock() + core.retryWait(requestsInARow) + retryAfterMs;
  };

  return {
    /** A frame came. */
    restartSilence() {
      silentAt = clock() + timing.syncAfterMs;
    },
    /** The answer to what was asked does not count any more. */
    forget() {
      asking = undefined;
      gapUntil = notBefore = requestsInARow = 0;
    },
    /**
     * Does what is due. Returns when something else is.
     * @returns {number}
     */
    doDueWork() {
      const { state } = core;
      if (!state || core.link.status !== "online") return Infinity;
      const at = clock();
      if (!state.hasGap) gapUntil = 0;
      else if (!gapUntil) gapUntil = at + random() * timing.maxGapWaitMs;
      else if (at >= gapUntil) {
        state.markGapsBehind();
        // The next wait is as long as the request may take.
        gapUntil = at + timing.requestTimeoutMs;
      }
      const isWatched = state.visible.length > 0;
      if (isWatched && at >= silentAt && !state.isBehind) {
        // The last event before a silence can be lost without a trace.
        state.markBehind();
        this.restartSilence();
      }
      if (!asking) {
        const request = state.nextRequest();
        if (request && at >= notBefore) send(request);
        else if (!request && requestsInARow) {
          requestsInARow = 0;
          core.setLink({ ...core.link, isCaughtUp: true });
          core.emit({ type: "caughtUp" });
        }
      }
      return Math.min(
        gapUntil || Infinity,
        isWatched && !state.isBehind ? silentAt : Infinity,
        !asking && state.isBehind ? notBefore : Infinity,
      );
    },
  };
}
