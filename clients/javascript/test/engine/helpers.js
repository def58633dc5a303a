// What the tests of the engine share.
import { createEngine } from "../../src/engine/index.js";

/** No wait of a test takes longer, even on a slow machine. */
export const TEST_TIMEOUT_MS = 30_000;

/**
 * Keeps the updates of an engine.
 * @param {{ subscribe(listener: (update: any) => void): () => void }} engine
 */
export function recorder(engine) {
  /** @type {any[]} */
  const all = [];
  /** @type {Set<() => void>} */
  const waiting = new Set();
  engine.subscribe((update) => {
    all.push(update);
    for (const look of waiting) look();
  });
  return {
    all,
    /**
     * Waits for the n-th update that is wanted, also if it came before.
     * @param {(update: any) => unknown} wanted
     * @param {number} [n]
     * @returns {Promise<any>}
     */
    until: (wanted, n = 1) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`not in time: ${wanted}. Came: ${all.map((update) => brief(update)).join(", ")}`));
        }, TEST_TIMEOUT_MS);
        const look = () => {
          const found = all.filter(wanted);
          if (found.length < n) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found[n - 1]);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** @param {any} update */
const brief = ({ type, event, link, error }) =>
  type + (event ? ":" + event.event : "") + (link ? ":" + link.status : "") + (error ? ":" + error.code : "");

/**
 * Waits until something holds.
 * @param {() => unknown} holds
 */
export async function eventually(holds) {
  const end = Date.now() + TEST_TIMEOUT_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not in time: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * An engine of a user that is caught up with a fake server.
 * @param {import("./fake-server.js").FakeServer} server
 * @param {string} user
 * @param {object} [options]
 */
export async function online(server, user, options) {
  const started = start(server, user, options);
  await server.clock.until(() => started.engine.link.isCaughtUp);
  return started;
}

/**
 * An engine of a user that starts.
 * @param {import("./fake-server.js").FakeServer} server
 * @param {string} user
 * @param {object} [options]
 */
export function start(server, user, options) {
  const engine = createEngine(/** @type {any} */ (server.options(user, options)));
  const updates = recorder(engine);
  engine.start();
  return { engine, updates };
}

/** @param {any} engine */
export const texts = (engine, chat = "c") =>
  engine.state.chat(chat).messages.map((/** @type {any} */ { content }) => content);
