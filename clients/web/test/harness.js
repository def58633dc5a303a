// The system and the browser of these tests.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { apiOf, getToken } from "../../javascript/test/api.js";
import { startLocalCloud } from "../../javascript/test/local-cloud.js";

export { apiOf, getToken };

/** How long a condition may take, in milliseconds: a failed test should say what it waited for before CI gives up. */
export const PATIENCE = 30_000;

/** How the pages of this run look: the width in CSS pixels, the theme, the direction. */
export const VARIANTS = /** @type {const} */ ([
  "1280-light-ltr",
  "1280-light-rtl",
  "1280-dark-ltr",
  "1280-dark-rtl",
  "360-light-ltr",
  "360-light-rtl",
  "360-dark-ltr",
  "360-dark-rtl",
]);
/** The variant of this run: the one in WEB_VARIANT. */
const variantName = process.env.WEB_VARIANT ?? VARIANTS[0];
assert.ok(
  VARIANTS.some((name) => name === variantName),
  `WEB_VARIANT is one of ${VARIANTS.join(", ")}`,
);
const [widthText, colorScheme, direction] = /** @type {[string, "light" | "dark", "ltr" | "rtl"]} */ (
  variantName.split("-")
);
const width = Number(widthText);
export const variant = {
  name: variantName,
  width,
  colorScheme,
  direction,
  /** Whether the inbox and the chat are separate views. */
  isNarrow: width < 720,
  viewport: { width, height: width < 720 ? 640 : 800 },
};

/** @type {(() => unknown)[]} */
const started = [];

/** Ends everything that was started, last first. */
export async function stopAll() {
  for (const stop of started.splice(0).reverse()) await stop();
}

/** Starts the local cloud on free ports. It serves the page. The limits on speed have tests of their own. */
export async function startSystem() {
  const { stop, ...addresses } = await startLocalCloud(
    "SendBurst=5000",
    "SendPerSecond=1000",
    "NewMemberBurst=5000",
    "ProfileBurst=500",
    "ChangeBurst=500",
    "ChangePerSecond=100",
  );
  started.push(stop);
  return { ...addresses, origin: addresses.httpUrl };
}

/** The system of a file of tests. @type {any} */
export let system;
/** The browser of a file of tests. @type {any} */
export let browser;

/** Starts the system and the browser before the tests of a file, and ends them afterwards. */
export function useSystem() {
  before(async () => {
    system = await startSystem();
    browser = await startBrowser();
  });
  after(stopAll);
}

/** Starts Debian's Chromium, or the one in CHROMIUM. */
export async function startBrowser() {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
  started.push(() => browser.close());
  return browser;
}

/** The name that the stand-in Auth Service gives a user. @param {string} userId */
export const nameOf = (userId) => userId[0].toUpperCase() + userId.slice(1);

let users = 0;
/** A userId that no other test has. @param {string} name */
export const newUser = (name) => `${name}-${users++}`;

/** Creates the private chat of two users. @param {any} system @param {string} a @param {string} b @returns {Promise<string>} */
export async function privateChat(system, a, b) {
  await getToken(system, b);
  return (await apiOf(system, a)("POST", "/chats", { participants: [b], isGroup: false })).chat.chatId;
}

/** Creates a group. @param {any} system @param {string} a @param {string[]} others @param {string} name @returns {Promise<string>} */
export async function groupChat(system, a, others, name, more = {}) {
  for (const other of others) await getToken(system, other);
  return (await apiOf(system, a)("POST", "/chats", { participants: others, isGroup: true, name, ...more })).chat.chatId;
}

/** Sends texts in order. @param {any} system @param {string} user @param {string} chat @param {string[]} texts @param {any} [more] */
export async function sendTexts(system, user, chat, texts, more = {}) {
  const api = apiOf(system, user);
  const sent = [];
  for (const content of texts)
    sent.push((await api("POST", `/chats/${chat}/messages`, { type: "text", content, ...more })).message);
  return sent;
}

/** Pages report each violation of the policy, each error and each warning. @type {WeakMap<any, string[]>} */
const complaints = new WeakMap();

/** What a context complained about. @param {any} context */
export const complaintsOf = (context) => complaints.get(context) ?? [];

/**
 * A browser profile of one user. Its pages look as the variant of this run says, unless `options` say otherwise.
 * @param {any} browser
 * @param {any} [options] those of Playwright, and `direction`
 */
export async function newContext(browser, { direction = variant.direction, ...options } = {}) {
  const { viewport, colorScheme } = variant;
  const context = await browser.newContext({ viewport, colorScheme, ...options });
  const list = /** @type {string[]} */ ([]);
  complaints.set(context, list);
  context.on("page", (/** @type {any} */ page) => {
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (/** @type {Error} */ error) => list.push(`error: ${error.stack}`));
    page.on("console", (/** @type {any} */ message) => {
      if (/Content Security Policy|Trusted Type|TrustedHTML/i.test(message.text()))
        list.push(`policy: ${message.text()}`);
    });
  });
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  if (direction !== "ltr")
    await context.addInitScript((/** @type {string} */ dir) => {
      // The element is not there yet. The page's scripts run later.
      new MutationObserver((_, observer) => {
        if (!document.documentElement) return;
        document.documentElement.dir = dir;
        observer.disconnect();
      }).observe(document, { childList: true });
    }, direction);
  return context;
}

/** Nothing in this context broke the policy or threw. @param {any} context */
export function assertClean(context) {
  assert.deepEqual(complaintsOf(context), [], "violations of the policy and errors in the page");
}

/**
 * Opens the page of a user.
 * @param {any} context
 * @param {any} system
 * @param {string} user
 * @param {string} [chat]
 */
export async function open(context, system, user, chat) {
  const page = await context.newPage();
  await page.goto(`${system.origin}/?as=${user}${chat ? `#/chat/${encodeURIComponent(chat)}` : ""}`);
  await page
    .locator(chat ? ".log-place.placed, .start" : ".inbox")
    .first()
    .waitFor();
  return page;
}

/** Shows the list of chats, where a chat hides it. @param {any} page */
export async function showInbox(page) {
  if (variant.isNarrow && (await page.locator(".chat-place").isVisible()))
    await page.getByRole("button", { name: "Back to chats" }).click();
  await page.locator(".inbox").waitFor();
}

/** Chooses a chat in the list. @param {any} page @param {string} chat */
export async function choose(page, chat) {
  await showInbox(page);
  await page.locator(`[data-chat="${chat}"] a`).click();
}

/** The row of a text. @param {any} page @param {string} text */
export const rowOf = (page, text) => page.locator(".message", { hasText: text });

/** Types into the composer and sends. @param {any} page @param {string} text */
export async function type(page, text) {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.keyboard.press("Enter");
}

/** Waits until the page shows something. @param {any} page @param {(...values: any[]) => unknown} condition @param {any} [value] */
export const until = (page, condition, value) =>
  page.waitForFunction(condition, value, { polling: 50, timeout: PATIENCE });

/** Prints what a criterion measured. @param {any} context @param {string} text */
export const measured = (context, text) => context.diagnostic(text);

/**
 * The network of a context: it can be cut, and answers can be held back.
 * @param {any} context
 * @param {any} system
 */
export async function createNetwork(context, system) {
  let isDown = false;
  /** @type {Set<any>} */
  const sockets = new Set();
  /** What the page sent and got over the socket, in order. @type {{ from: "page" | "server", frame: any }[]} */
  const frames = [];
  /** @type {((value?: unknown) => void)[] | undefined} */
  let held;
  await context.routeWebSocket(/^ws/, (/** @type {any} */ socket) => {
    if (isDown) return socket.close({ code: 1011 });
    const server = socket.connectToServer();
    sockets.add(socket);
    socket.onMessage((/** @type {string} */ text) => {
      frames.push({ from: "page", frame: JSON.parse(text) });
      server.send(text);
    });
    server.onMessage((/** @type {string} */ text) => {
      const pass = () => {
        frames.push({ from: "server", frame: JSON.parse(text) });
        socket.send(text);
      };
      if (held) held.push(pass);
      else pass();
    });
  });
  for (const url of [system.httpUrl, system.bucketUrl, system.authUrl])
    await context.route(`${url}/**`, (/** @type {any} */ route) => (isDown ? route.abort() : route.fallback()));
  return {
    frames,
    async down() {
      isDown = true;
      for (const socket of sockets) await socket.close({ code: 1011 });
      sockets.clear();
    },
    up() {
      isDown = false;
    },
    /** Cuts the sockets, once. */
    async cut() {
      for (const socket of sockets) await socket.close({ code: 1011 });
      sockets.clear();
    },
    hold() {
      held = [];
    },
    release() {
      const waiting = held ?? [];
      held = undefined;
      for (const pass of waiting) pass();
    },
  };
}

/** Waits for some frames of the page. @param {any} page */
export const frames = (page, count = 2) =>
  page.evaluate(
    (/** @type {number} */ left) =>
      new Promise((resolve) => {
        const next = () => (left-- > 0 ? requestAnimationFrame(next) : resolve(undefined));
        next();
      }),
    count,
  );

/** Where the log stands. @param {any} page */
export const logState = (page) =>
  page.evaluate(() => {
    const log = document.querySelector(".log");
    if (!log) throw new Error("there is no log");
    return {
      top: log.scrollTop,
      distance: log.scrollHeight - log.clientHeight - log.scrollTop,
      rows: document.querySelectorAll(".message").length,
    };
  });
