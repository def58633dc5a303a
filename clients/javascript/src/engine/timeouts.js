// Work with an end: a time-out, and the signals that abort it.

/** @import { Core } from "./options.js" */
import { ChatError, retryableError } from "../errors.js";

/** The error of what a stop ends. */
export const stoppedError = () => new ChatError("stopped", "the client is stopped");

/**
 * The error of what the caller's signal ends.
 * @param {AbortSignal | undefined} signal
 */
export const abortedError = (signal) =>
  new ChatError("aborted", "the request was aborted", { cause: signal?.reason });

/**
 * Runs `work` until it settles, the time is over, or a signal aborts it. `work` gets a signal that ends with it.
 * @template T
 * @param {Pick<Core, "options" | "life">} core
 * @param {number} ms
 * @param {AbortSignal | undefined} signal The caller's.
 * @param {(signal: AbortSignal) => Promise<T>} work
 * @returns {Promise<T>}
 */
export function bounded({ options, life }, ms, signal, work) {
  const controller = new AbortController();
  const signals = /** @type {[AbortSignal | undefined, () => void][]} */ ([]);
  /** @type {any} */
  let timer;
  return new Promise((resolve, reject) => {
    /** @param {ChatError} error */
    const end = (error) => {
      reject(error);
      controller.abort(error);
    };
    if (!life) end(stoppedError());
    signals.push([life?.signal, () => end(stoppedError())]);
    signals.push([signal, () => end(abortedError(signal))]);
    for (const [source, abort] of signals) source?.aborted ? abort() : source?.addEventListener("abort", abort);
    timer = options.setTimeout(() => end(retryableError("timeout", "no answer came in time")), ms);
    if (!controller.signal.aborted) work(controller.signal).then(resolve, reject);
  }).finally(() => {
    options.clearTimeout(timer);
    for (const [source, abort] of signals) source?.removeEventListener("abort", abort);
  });
}
