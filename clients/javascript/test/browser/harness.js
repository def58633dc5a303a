// The system, the network and the browser of these tests.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { server } from "../../examples/serve.mjs";
import { apiOf, getToken } from "../api.js";
import { programs, startLocalCloud } from "../local-cloud.js";

export { apiOf, getToken };

/** How long a condition may take, in milliseconds: a failed test should say what it waited for before CI gives up. */
export const PATIENCE = Number(process.env.PATIENCE_MS ?? 60_000);

/** The seeds of the tests with a bad network. */
export const SEEDS = (process.env.LAMBDA_CHAT_SEEDS ?? "1,2").split(",").map(Number);

/** What was started, in order. @type {(() => unknown)[]} */
const started = [];

/** Ends everything that was started, last first. */
export async function stopAll() {
  for (const stop of started.splice(0).reverse()) await stop();
}

/** Starts a program of the workspace. It ends with its input. @param {string} name @param {string[]} parameters */
function program(name, parameters) {
  const child = spawn(join(programs, name), parameters, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, "exit");
  started.push(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  return {
    /** The next line of its output. */
    line: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended. Build it with: cargo build --workspace`);
      return /** @type {string} */ (value);
    },
    write: (/** @type {string} */ text) => child.stdin.write(`${text}\n`),
  };
}

/**
 * Starts the local cloud on free ports, without a memory of other runs. If LAMBDA_CHAT_HTTP_URL, LAMBDA_CHAT_WS_URL and
 * LAMBDA_CHAT_AUTH_URL are set, they name a running one.
 * @returns {Promise<{httpUrl: string, webSocketUrl: string, authUrl: string}>}
 */
export async function startSystem() {
  const { LAMBDA_CHAT_HTTP_URL, LAMBDA_CHAT_WS_URL, LAMBDA_CHAT_AUTH_URL } = process.env;
  if (LAMBDA_CHAT_HTTP_URL && LAMBDA_CHAT_WS_URL && LAMBDA_CHAT_AUTH_URL) {
    return { httpUrl: LAMBDA_CHAT_HTTP_URL, webSocketUrl: LAMBDA_CHAT_WS_URL, authUrl: LAMBDA_CHAT_AUTH_URL };
  }
  // A new member of a chat may send few messages at once: that limit has tests of its own.
  const { stop, ...system } = await startLocalCloud("NewMemberBurst=50");
  started.push(stop);
  return system;
}

/**
 * Starts a network between clients and the WebSocket API that loses, reorders and delays frames, and cuts connections.
 * @param {string} webSocketUrl
 * @param {number} [seed]
 */
export async function startNetwork(webSocketUrl, seed = 1) {
  const { line, write } = program("bad-network", [webSocketUrl, String(seed)]);
  /** @type {{url: string}} */
  const { url } = JSON.parse(await line());
  const command = async (/** @type {string} */ text) => {
    write(text);
    return /** @type {{faults: Record<string, number>, accepted: number, open: number}} */ (JSON.parse(await line()));
  };
  return {
    url,
    /** The percentages of frames with each fault. */
    setFaults: ({ lose = 0, overtake = 0, delay = 0, cut = 0 }) => command(`faults ${lose} ${overtake} ${delay} ${cut}`),
    cut: () => command("cut"),
    down: () => command("down"),
    up: () => command("up"),
    counts: () => command("counts"),
  };
}

/** Serves the package's files, from an origin of its own. @returns {Promise<string>} the origin */
async function servePackage() {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  started.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
}

/** Starts Debian's Chromium, or the one in CHROMIUM. */
const startBrowser = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });

/**
 * What a file of tests has after `useSystem`.
 * @type {System}
 */
export let system;
/** The origin of the package's files. */
export let origin = "";
/** @type {import("playwright-core").Browser} */
export let browser;

/**
 * Starts the system, the server of the package's files and the browser before the tests of a file, and ends them after.
 * @param {() => Promise<any>} [launch] another browser than `startBrowser`
 */
export function useSystem(launch = startBrowser) {
  before(async () => {
    system = await startSystem();
    origin = await servePackage();
    const launched = (browser = await launch());
    started.push(() => launched.close());
  });
  after(stopAll);
}

let users = 0;
/** A userId that no other test has. @param {string} name */
export const newUser = (name) => `${name}-${Date.now().toString(36)}-${users++}`;

/** All messages that the system has of a chat, oldest first. @param {ReturnType<typeof apiOf>} api @param {string} chat */
export async function storedMessages(api, chat) {
  const messages = [];
  for (let before = ""; ; ) {
    const page = await api("GET", `/chats/${chat}/messages?limit=100${before}`);
    messages.unshift(...page.messages);
    if (page.messages.length === 0 || page.messages[0].seq === 1) return messages;
    before = `&before=${page.messages[0].seq}`;
  }
}

/** Numbers that look random and are the same for a seed. @param {number} seed */
export function randomOf(seed) {
  let state = seed;
  // mulberry32, a generator of 32 bits that is good enough for tests.
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The address of a system as the page of the tests takes it.
 * @typedef {{httpUrl: string, webSocketUrl: string, authUrl: string}} System
 */

/**
 * Opens the page of the tests and starts a client in it.
 * @param {import("playwright-core").BrowserContext} context
 * @param {string} origin
 * @param {import("./lab.js").LabOptions} options
 */
export async function openLab(context, origin, options) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await loadLab(page, origin, options);
  return page;
}

/** Loads the page, or loads it again. @param {import("playwright-core").Page} page @param {string} origin @param {any} options */
export async function loadLab(page, origin, options) {
  page.on("pageerror", (error) => console.error(`${options.user}: ${error.stack}`));
  await page.goto(`${origin}/test/browser/lab.html`);
  await page.waitForFunction(() => "lab" in globalThis);
  await page.evaluate((given) => globalThis.lab.start(given), options);
}

/** Waits until the client has caught up. @param {import("playwright-core").Page} page */
export const caughtUp = (page) =>
  page.waitForFunction(() => globalThis.lab.client.link.get().status === "online" && globalThis.lab.client.link.get().isCaughtUp);

/** Creates the private chat of two users. @param {any} system @param {string} a @param {string} b @returns {Promise<string>} its id */
export async function privateChat(system, a, b) {
  // The stand-in Auth Service knows those who asked for a token.
  await getToken(system, b);
  const { chat } = await apiOf(system, a)("POST", "/chats", { participants: [b], isGroup: false });
  return chat.chatId;
}
