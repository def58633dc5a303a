// Tokens that expire during a conversation, that nobody gives, and that the system refuses.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as harness from "./harness.js";
import { browser, origin, system } from "./harness.js";

harness.useSystem();

test("a token that expires during a conversation is renewed, and nobody notices", async () => {
  const [alice, bob] = [harness.newUser("alice"), harness.newUser("bob")];
  const chat = await harness.privateChat(system, alice, bob);
  const context = await browser.newContext();
  // A connection is replaced before its token ends.
  const page = await harness.openLab(context, origin, { ...system, user: alice, seconds: 6, timing: { overlapMs: 1000 } });
  await harness.caughtUp(page);
  await page.evaluate((id) => void globalThis.lab.client.chat(id).open(), chat);
  const api = harness.apiOf(system, bob);
  let sent = 0;
  while ((await page.evaluate(() => globalThis.lab.tokens.length)) < 4) {
    await api("POST", `/chats/${chat}/messages`, { type: "text", content: `bob ${sent}` });
    await page.evaluate(([id, text]) => globalThis.lab.client.chat(id).send(text).stored, /** @type {const} */ ([chat, `alice ${sent}`]));
    sent++;
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
  }
  await page.waitForFunction(
    ([id, count]) => globalThis.lab.shown(id).filter(([state]) => state === "stored").length === count,
    /** @type {const} */ ([chat, 2 * sent]),
  );
  const seqs = await page.evaluate(() => globalThis.lab.events.map(([, , seq]) => seq));
  assert.deepEqual(seqs, Array.from({ length: 2 * sent }, (_, index) => index + 1));
  const seen = await page.evaluate(() => globalThis.lab.links.map(({ status }) => status));
  assert.ok(!seen.includes("offline"), seen.join());
  assert.deepEqual(await page.evaluate(() => globalThis.lab.tokens.slice(0, 2)), ["start", "expiring"]);
  await context.close();
});

test("token errors can be caught: nobody gives a token", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const errors = /** @type {unknown[]} */ ([]);
  page.on("pageerror", (error) => errors.push(error));
  await page.goto(`${origin}/test/browser/lab.html`);
  await page.waitForFunction(() => "lab" in globalThis);
  // The Auth Service is not there.
  const options = { ...system, authUrl: `${origin}/nowhere`, user: harness.newUser("alice") };
  await page.evaluate((given) => globalThis.lab.start(given), options);
  // The link as it was then: a moment later the client connects again.
  const failed = await page.waitForFunction(() => globalThis.lab.links.find(({ isTokenError }) => isTokenError));
  const { status, code, retryAt } = await failed.jsonValue();
  assert.equal(code, "token");
  assert.equal(status, "offline");
  assert.ok(retryAt > 0, "it is tried again");
  const rejected = await page.evaluate(() => globalThis.lab.client.createChat({ with: "bob" }).catch((error) => [error.name, error.code]));
  assert.deepEqual(rejected, ["ChatError", "token"]);
  assert.deepEqual(errors, [], "nothing is thrown where nobody can catch it");
  await context.close();
});

test("token errors can be caught: the system refuses each token", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(harness.PATIENCE);
  const errors = /** @type {unknown[]} */ ([]);
  page.on("pageerror", (error) => errors.push(error));
  const claims = { sub: "alice", exp: Math.floor(Date.now() / 1000) + 3600 };
  const part = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const forged = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.${part({ not: "a signature" })}`;
  await context.route("**/token", (route) => route.fulfill({ json: { token: forged }, headers: { "access-control-allow-origin": "*" } }));
  await page.goto(`${origin}/test/browser/lab.html`);
  await page.waitForFunction(() => "lab" in globalThis);
  await page.evaluate((given) => globalThis.lab.start({ ...given, timing: { maxFirstWaitMs: 10 } }), { ...system, user: "alice" });
  await page.waitForFunction(() => globalThis.lab.client.link.get().code === "token_refused" && !globalThis.lab.client.link.get().retryAt);
  const link = await page.evaluate(() => globalThis.lab.client.link.get());
  assert.deepEqual([link.status, link.isTokenError], ["offline", true]);
  assert.deepEqual(errors, []);
  await context.close();
});
