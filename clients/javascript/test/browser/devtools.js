// Chromium over its DevTools protocol alone. Playwright keeps every page visible, so none can be frozen: in this browser
// a tab in the background is hidden.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { PATIENCE } from "./harness.js";

/** Starts a browser. */
export async function startHeadless() {
  const profile = mkdtempSync(join(tmpdir(), "lambda-chat-chromium-"));
  const child = spawn(
    process.env.CHROMIUM ?? "/usr/bin/chromium",
    [
      "--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "--no-first-run", "--disable-gpu",
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), "about:blank",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let url;
  for await (const line of createInterface({ input: child.stderr })) {
    url = /^DevTools listening on (ws:.*)$/.exec(line)?.[1];
    if (url) break;
  }
  child.stderr.resume();
  const socket = new WebSocket(/** @type {string} */ (url));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  let id = 0;
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void}>} */
  const waiting = new Map();
  socket.on("message", (data) => {
    const { id: of, result, error } = JSON.parse(data.toString());
    if (error) waiting.get(of)?.reject(new Error(error.message));
    else waiting.get(of)?.resolve(result);
    waiting.delete(of);
  });
  /** @returns {Promise<any>} */
  const send = (/** @type {string} */ method, params = {}, /** @type {string | undefined} */ sessionId = undefined) =>
    new Promise((resolve, reject) => {
      waiting.set(++id, { resolve, reject });
      socket.send(JSON.stringify({ id, method, params, sessionId }));
    });

  return {
    /** Opens a tab in the foreground. The one that was there is hidden. @param {string} address */
    async open(address) {
      const { targetId } = await send("Target.createTarget", { url: address });
      const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
      const tab = {
        /** Calls this function in the page. @template T @param {(argument: any) => T} run @param {unknown} [argument] */
        async evaluate(run, argument) {
          const expression = `(${run})(${JSON.stringify(argument)})`;
          const options = { expression, awaitPromise: true, returnByValue: true };
          const { result, exceptionDetails } = await send("Runtime.evaluate", options, sessionId);
          if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
          return /** @type {Awaited<T>} */ (result.value);
        },
        /** Waits until this function returns something true. @param {(argument: any) => unknown} run @param {unknown} [argument] */
        async waitFor(run, argument) {
          for (const end = Date.now() + PATIENCE; !(await tab.evaluate(run, argument)); ) {
            if (Date.now() > end) throw new Error(`waited in vain for ${run}`);
          }
        },
        /** `frozen` or `active`. @param {string} state */
        setLifecycle: (state) => send("Page.setWebLifecycleState", { state }, sessionId),
        show: () => send("Target.activateTarget", { targetId }),
        close: () => send("Target.closeTarget", { targetId }),
      };
      await tab.waitFor((/** @type {string} */ url) => document.URL === url && document.readyState === "complete", address);
      return tab;
    },
    async close() {
      await send("Browser.close").catch(() => {});
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}
