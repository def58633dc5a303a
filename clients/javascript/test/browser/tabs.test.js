// All tabs of a user share one connection, and another tab takes over when the one that has it is gone.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as harness from "./harness.js";
import { browser, origin, system } from "./harness.js";

harness.useSystem();

/** Three tabs of a new user, whose WebSockets go through a network of their own, and a chat with somebody else. */
async function threeTabs() {
  const network = await harness.startNetwork(system.webSocketUrl);
  const [alice, bob] = [harness.newUser("alice"), harness.newUser("bob")];
  const chat = await harness.privateChat(system, alice, bob);
  const context = await browser.newContext();
  const options = { ...system, user: alice, webSocketUrl: network.url, stores: true };
  const tabs = [];
  for (let n = 0; n < 3; n++) {
    const tab = await harness.openLab(context, origin, options);
    await harness.caughtUp(tab);
    await tab.evaluate((id) => void globalThis.lab.client.chat(id).open(), chat);
    tabs.push(tab);
  }
  const api = harness.apiOf(system, bob);
  let sent = 0;
  return {
    network, alice, bob, chat, context, tabs,
    /** Bob sends a message. */
    send: () => api("POST", `/chats/${chat}/messages`, { type: "text", content: `text ${sent++}` }),
    /** Waits until these tabs show so many stored messages. */
    shows: (/** @type {import("playwright-core").Page[]} */ pages, /** @type {number} */ count) =>
      Promise.all(
        pages.map((page) =>
          page.waitForFunction(
            ([id, number]) => globalThis.lab.shown(id).filter(([state]) => state === "stored").length === number,
            /** @type {const} */ ([chat, count]),
          ),
        ),
      ),
    /** The tab that has the connection. */
    leader: async (/** @type {import("playwright-core").Page[]} */ pages) => {
      for (;;) {
        for (const page of pages) if (await page.evaluate(() => globalThis.lab.sockets.open > 0)) return page;
      }
    },
    events: (/** @type {import("playwright-core").Page} */ page) => page.evaluate(() => globalThis.lab.events.map(([, , seq]) => seq)),
  };
}

/** Waits until the network has this many connections. @param {any} network @param {number} count */
async function connections(network, count) {
  for (const end = Date.now() + harness.PATIENCE; ; ) {
    const { open } = await network.counts();
    if (open === count) return;
    assert.ok(Date.now() < end, `${open} connections, not ${count}`);
  }
}

const upTo = (/** @type {number} */ count) => Array.from({ length: count }, (_, index) => index + 1);

test("three tabs are one connection, and each hears everything once", async () => {
  const { network, chat, context, tabs, send, shows, events } = await threeTabs();
  const opened = await Promise.all(tabs.map((tab) => tab.evaluate(() => globalThis.lab.sockets.opened)));
  assert.equal(opened.reduce((sum, count) => sum + count), 1);
  assert.equal((await network.counts()).open, 1);
  for (let n = 0; n < 5; n++) await send();
  await shows(tabs, 5);
  // Each tab sends: those without a connection hand their messages over.
  for (const tab of tabs) await tab.evaluate((id) => void globalThis.lab.client.chat(id).send("from a tab"), chat);
  await shows(tabs, 8);
  for (const tab of tabs) assert.deepEqual(await events(tab), upTo(8));
  assert.equal((await network.counts()).accepted, 1);
  await context.close();
});

test("a leader is killed: one other tab takes over, and no event is lost", async () => {
  const { network, context, tabs, send, shows, leader, events } = await threeTabs();
  await send();
  await shows(tabs, 1);
  const killed = await leader(tabs);
  const rest = tabs.filter((tab) => tab !== killed);
  const session = await context.newCDPSession(killed);
  session.send("Page.crash").catch(() => {});
  await new Promise((resolve) => killed.once("crash", resolve));
  for (let n = 0; n < 5; n++) await send();
  await shows(rest, 6);
  await connections(network, 1);
  for (let n = 0; n < 5; n++) await send();
  await shows(rest, 11);
  for (const tab of rest) assert.deepEqual(await events(tab), upTo(11));
  const opened = await Promise.all(rest.map((tab) => tab.evaluate(() => globalThis.lab.sockets.opened)));
  assert.equal(opened.reduce((sum, count) => sum + count), 1, "one of the two opened one socket");
  await context.close();
});

test("a leader is closed by its user: another tab takes over", async () => {
  const { network, context, tabs, send, shows, leader, events } = await threeTabs();
  const closed = await leader(tabs);
  const rest = tabs.filter((tab) => tab !== closed);
  await closed.close();
  for (let n = 0; n < 3; n++) await send();
  await shows(rest, 3);
  await connections(network, 1);
  for (const tab of rest) assert.deepEqual(await events(tab), upTo(3));
  await context.close();
});

test("a leader hangs: a visible tab takes over, and the old leader follows when it goes on", async () => {
  const { network, context, tabs, send, shows, leader, events } = await threeTabs();
  const hanging = await leader(tabs);
  const rest = tabs.filter((tab) => tab !== hanging);
  // A debugger that stopped it: nothing in the page runs, and its connection stays open.
  const session = await context.newCDPSession(hanging);
  await session.send("Debugger.enable");
  const paused = new Promise((resolve) => session.once("Debugger.paused", resolve));
  await session.send("Debugger.pause");
  await paused;
  for (let n = 0; n < 3; n++) await send();
  await shows(rest, 3);
  await session.send("Debugger.resume");
  await shows(tabs, 3);
  await connections(network, 1);
  await send();
  await shows(tabs, 4);
  for (const tab of tabs) assert.deepEqual(await events(tab), upTo(4));
  await context.close();
});
