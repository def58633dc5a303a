// Who is here: development users, tokens, the team's own site, browsers without storage.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import {
  assertClean,
  browser,
  createNetwork,
  getToken,
  measured,
  nameOf,
  newContext,
  newUser,
  open,
  privateChat,
  rowOf,
  sendTexts,
  showInbox,
  system,
  type,
  until,
  useSystem,
} from "./harness.js";

useSystem();

test("the page asks who is here, and takes a token where there are no development users", async () => {
  const alice = newUser("alice");
  const context = await newContext(browser);
  const page = await context.newPage();
  await page.goto(system.origin);
  await page.locator(".people-choice a").first().waitFor();
  assert.deepEqual(
    await page
      .locator(".people-choice a")
      .evaluateAll((/** @type {any[]} */ links) => links.map((link) => link.getAttribute("href"))),
    ["?as=alice", "?as=bob", "?as=carol"],
  );
  await page.getByLabel("Another name").fill(alice);
  await page.keyboard.press("Enter");
  await page.getByText("No chats yet.").waitFor();
  const { httpUrl, webSocketUrl } = system;
  await page.route("**/config.json", (/** @type {any} */ route) => route.fulfill({ json: { httpUrl, webSocketUrl } }));
  await page.goto(`${system.origin}/?`);
  await page.getByLabel("Access token of your Auth Service").fill("no token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This token cannot be used").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByLabel("Access token of your Auth Service").fill(await getToken(system, alice));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("No chats yet.").waitFor();
  await page.route("**/config.json", (/** @type {any} */ route) => route.abort());
  await page.goto(`${system.origin}/?as=${alice}`);
  await page.getByText("The server does not answer").waitFor();
  assertClean(context);
});

test("a page without storage works, and notifies", async () => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  await sendTexts(system, bob, chat, ["hello"]);
  const context = await newContext(browser);
  await context.addInitScript(() => {
    const refuse = () => {
      throw new DOMException("The storage is refused.", "SecurityError");
    };
    for (const name of ["localStorage", "indexedDB"]) Object.defineProperty(globalThis, name, { get: refuse });
    /** @type {any} */ (globalThis).shown = [];
    class Fake extends EventTarget {
      static permission = "granted";
      static requestPermission = async () => "granted";
      constructor(/** @type {string} */ _title, /** @type {any} */ { body }) {
        super();
        /** @type {any} */ (globalThis).shown.push(body);
      }
    }
    Object.defineProperty(globalThis, "Notification", { value: Fake });
  });
  const page = await open(context, system, alice, chat);
  await type(page, "without storage");
  await page.locator('.message.own[data-state="stored"]', { hasText: "without storage" }).waitFor();
  await sendTexts(system, bob, chat, ["seen here"]);
  await rowOf(page, "seen here").waitFor();
  await showInbox(page);
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  await page.getByLabel("Notify me of new messages").check();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.evaluate(() => (location.hash = "#/"));
  await sendTexts(system, bob, chat, ["notified"]);
  await until(page, () => globalThis.shown.includes("notified"));
  assertClean(context);
});

test("a hosted page gets its token from the team's own back end, and links to its sign-in", async (t) => {
  const [alice, bob] = [newUser("alice"), newUser("bob")];
  const chat = await privateChat(system, alice, bob);
  /** @type {string[]} */
  const asked = [];
  let isDown = false;
  // The back end of a team, on another origin of the same site. It knows its users by a cookie.
  const backEnd = createServer(async ({ method, headers: { cookie = "", origin } }, response) => {
    asked.push(`${method} ${cookie} ${origin === system.origin}`);
    response.setHeader("access-control-allow-origin", system.origin);
    response.setHeader("access-control-allow-credentials", "true");
    if (!cookie.includes("site=")) return response.writeHead(isDown ? 500 : 401).end("{}");
    const body = JSON.stringify({ userId: cookie.includes("site=2") ? bob : alice, expiresInSeconds: 50 });
    const answer = await fetch(`${system.authUrl}/token`, { method: "POST", body });
    response.end(await answer.text());
  });
  await new Promise((resolve) => backEnd.listen(0, "127.0.0.1", () => resolve(undefined)));
  t.after(() => backEnd.close());
  const home = `http://127.0.0.1:${/** @type {any} */ (backEnd.address()).port}`;
  const [tokenUrl, signInUrl] = [`${home}/chat-token`, `${home}/sign-in?next=chat`];
  // For Chromium, a page whose headers are changed here is not local, and would ask its user about local addresses.
  const context = await newContext(browser, { permissions: ["local-network-access"] });
  const network = await createNetwork(context, system);
  const page = await context.newPage();
  // As the stack does: both addresses in the configuration, the first one in the policy.
  const { httpUrl, webSocketUrl } = system;
  await page.route("**/config.json", (/** @type {any} */ route) =>
    route.fulfill({ json: { httpUrl, webSocketUrl, tokenUrl, signInUrl } }),
  );
  await page.route(`${system.origin}/`, async (/** @type {any} */ route) => {
    const response = await route.fetch();
    const headers = response.headers();
    headers["content-security-policy"] = headers["content-security-policy"].replace("connect-src", `$& ${tokenUrl}`);
    await route.fulfill({ response, headers });
  });
  await page.goto(`${system.origin}/`);
  await page.getByText("You are not signed in").waitFor();
  assert.equal(await page.getByRole("link", { name: "Sign in" }).getAttribute("href"), signInUrl);
  await context.addCookies([{ name: "site", value: "1", url: home }]);
  await page.reload();
  await page.locator(`[data-chat="${chat}"]`).waitFor();
  await page.getByRole("button", { name: "Menu" }).click();
  // Users sign out where they signed in.
  await page.getByRole("menuitem", { name: "Settings" }).waitFor();
  assert.equal(await page.getByRole("menuitem", { name: "Sign out" }).count(), 0);
  await page.keyboard.press("Escape");
  // Signed out on the site: the next connection needs a token, and the page says that there is none.
  await context.clearCookies();
  await network.cut();
  await page.locator(".banner", { hasText: "You are not signed in any more." }).waitFor();
  // Who signs in as somebody else gets their own page.
  await context.addCookies([{ name: "site", value: "2", url: home }]);
  await page.locator(`[data-chat="${chat}"]`, { hasText: nameOf(alice) }).waitFor();
  // A back end that fails is no sign-out.
  await context.clearCookies();
  isDown = true;
  await page.reload();
  await page.getByText("The server does not answer").waitFor();
  measured(t, `the back end was asked ${asked.length} times, first ${asked[0]}, then ${asked[1]}`);
  assert.equal(asked[0], "POST  true");
  assert.equal(asked[1], "POST site=1 true");
  assertClean(context);
});
