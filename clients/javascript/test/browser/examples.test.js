// The examples for browsers, each in two windows.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as harness from "./harness.js";
import { browser, origin, system } from "./harness.js";

harness.useSystem();

/** Opens an example in a window of its own user. @param {string} example @param {Record<string, string>} query */
async function open(example, query) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(harness.PATIENCE);
  page.on("pageerror", (error) => console.error(`${example}: ${error.stack}`));
  const urls = { http: system.httpUrl, ws: system.webSocketUrl, auth: system.authUrl };
  await page.goto(`${origin}/examples/${example}/?${new URLSearchParams({ ...urls, ...query })}`);
  return page;
}

/** Counts the sockets that a page opens. @param {import("playwright-core").Page} page */
const sockets = (page) => {
  const opened = /** @type {string[]} */ ([]);
  page.on("websocket", (socket) => opened.push(socket.url()));
  return opened;
};

test("vanilla: two windows talk", async () => {
  const [alice, bob] = [harness.newUser("alice"), harness.newUser("bob")];
  await harness.getToken(system, bob);
  await harness.getToken(system, alice);
  const pages = [
    await open("vanilla", { as: alice, with: bob }),
    await open("vanilla", { as: bob, with: alice }),
  ];
  for (const page of pages) await page.getByRole("status").filter({ hasText: /^online$/ }).waitFor();
  await pages[0].getByPlaceholder("Message").fill("Hello Bob");
  await pages[1].getByText(`${alice} types`).waitFor();
  await pages[0].getByRole("button", { name: "Send" }).click();
  await pages[1].getByText(`${alice}: Hello Bob`).waitFor();
  await pages[1].getByPlaceholder("Message").fill("<b>Hello</b> Alice");
  await pages[1].getByRole("button", { name: "Send" }).click();
  await pages[0].getByText(`${bob}: <b>Hello</b> Alice`).waitFor();
  // The row of a message is the same element while it is on its way and when it is stored.
  assert.equal(await pages[0].locator("#messages li").count(), 2);
  for (const page of pages) await page.locator('#messages li[data-state="stored"]').nth(1).waitFor();
});

test("vanilla: written while the system is down, reloaded: both windows show it once when the system is back", async () => {
  const [alice, bob] = [harness.newUser("alice"), harness.newUser("bob")];
  await harness.getToken(system, bob);
  await harness.getToken(system, alice);
  const network = await harness.startNetwork(system.webSocketUrl);
  const page = await open("vanilla", { as: alice, with: bob, ws: network.url });
  const other = await open("vanilla", { as: bob, with: alice });
  for (const window of [page, other]) await window.getByRole("status").filter({ hasText: /^online$/ }).waitFor();
  // Only the page itself can be loaded.
  await network.down();
  const isSystem = (/** @type {URL} */ url) => url.origin !== origin;
  await page.context().route(isSystem, (route) => route.abort());
  await page.getByPlaceholder("Message").fill("Are you there?");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator('#messages li[data-state="waiting"]').waitFor();
  await page.waitForFunction(async () => {
    const opened = indexedDB.open("lambda-chat");
    const database = await new Promise((resolve) => (opened.onsuccess = () => resolve(opened.result)));
    const count = database.transaction("outbox").objectStore("outbox").count();
    await new Promise((resolve) => (count.onsuccess = resolve));
    database.close();
    return count.result === 1;
  });
  await page.reload();
  await page.getByRole("status").filter({ hasText: /^offline/ }).waitFor();
  await page.context().unroute(isSystem);
  await network.up();
  for (const [window, text] of /** @type {const} */ ([[page, "You: Are you there?"], [other, `${alice}: Are you there?`]])) {
    await window.locator('#messages li[data-state="stored"]', { hasText: text }).waitFor();
    assert.equal(await window.locator("#messages li").count(), 1);
  }
});

test("react: two windows talk, over one socket each although StrictMode mounts twice", async () => {
  const [alice, bob] = [harness.newUser("alice"), harness.newUser("bob")];
  await harness.privateChat(system, alice, bob);
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(harness.PATIENCE);
  const opened = sockets(page);
  const urls = { http: system.httpUrl, ws: system.webSocketUrl, auth: system.authUrl };
  await page.goto(`${origin}/examples/react/?${new URLSearchParams({ ...urls, as: alice })}`);
  const other = await open("react", { as: bob });
  for (const window of [page, other]) await window.getByRole("status").filter({ hasText: /^online$/ }).waitFor();
  await page.getByRole("button", { name: bob }).click();
  await page.getByPlaceholder("Message").fill("Hello Bob");
  await page.getByPlaceholder("Message").press("Enter");
  await page.locator('[data-state="stored"]', { hasText: "Hello Bob" }).waitFor();
  // Bob sees that there is a message before he opens the chat.
  await other.getByRole("button", { name: `${alice} 1` }).click();
  await other.locator('[data-state="stored"]', { hasText: "Hello Bob" }).waitFor();
  await other.getByPlaceholder("Message").fill("Hello Alice");
  await other.getByPlaceholder("Message").press("Enter");
  await page.locator('[data-state="stored"]', { hasText: "Hello Alice" }).waitFor();
  assert.deepEqual(opened, [system.webSocketUrl], "sockets per mount: one in all");
});
