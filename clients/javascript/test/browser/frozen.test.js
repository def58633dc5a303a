// Tabs in the background that the browser froze: their timers stop, and nobody tells them that their connection is dead.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startHeadless } from "./devtools.js";
import * as harness from "./harness.js";
import { origin, system } from "./harness.js";

/** @type {Awaited<ReturnType<typeof startHeadless>>} */
let browser;
harness.useSystem(async () => (browser = await startHeadless()));

/** Opens a tab in the foreground, with a client that has caught up. @param {object} options @param {string} chat */
async function openTab(options, chat) {
  const tab = await browser.open(`${origin}/test/browser/lab.html`);
  await tab.waitFor(() => "lab" in globalThis);
  await tab.evaluate((given) => globalThis.lab.start(given), options);
  await tab.waitFor(() => globalThis.lab.client.link.get().status === "online" && globalThis.lab.client.link.get().isCaughtUp);
  await tab.evaluate((id) => void globalThis.lab.client.chat(id).open(), chat);
  return tab;
}

/** @param {any} tab @param {string} chat @param {number} count */
const shows = (tab, chat, count) =>
  tab.waitFor(([id, number]) => globalThis.lab.shown(id).length === number, [chat, count]);

const seqs = (/** @type {any} */ tab) => tab.evaluate(() => globalThis.lab.events.map(([, , seq]) => seq));

async function scene() {
  const network = await harness.startNetwork(system.webSocketUrl);
  const [alice, bob] = [harness.newUser("alice"), harness.newUser("bob")];
  const chat = await harness.privateChat(system, alice, bob);
  const api = harness.apiOf(system, bob);
  const send = (/** @type {string} */ content) => api("POST", `/chats/${chat}/messages`, { type: "text", content });
  return { network, chat, send, options: { ...system, user: alice, webSocketUrl: network.url } };
}

/** Waits until a client connects once more. @param {any} network @param {number} before */
async function connectsAgain(network, before) {
  for (const end = Date.now() + harness.PATIENCE; (await network.counts()).accepted === before; ) {
    assert.ok(Date.now() < end, "the client did not connect again");
  }
}

test("a dead connection of a hidden tab is noticed when the tab is shown, although nobody closed it", async () => {
  const { network, chat, send, options } = await scene();
  const tab = await openTab({ ...options, tabs: false }, chat);
  await send("before");
  await shows(tab, chat, 1);
  const other = await browser.open("about:blank");
  await tab.waitFor(() => document.visibilityState === "hidden");
  // From here on the connection is open, and nothing comes through: the network lost it and told nobody.
  await network.setFaults({ lose: 100 });
  for (const text of ["one", "two", "three"]) await send(text);
  const { accepted } = await network.counts();
  await tab.show();
  await connectsAgain(network, accepted);
  await network.setFaults({});
  await shows(tab, chat, 4);
  assert.deepEqual(await seqs(tab), [1, 2, 3, 4]);
  await tab.close();
  await other.close();
});

test("a frozen tab catches up when it wakes", async () => {
  const { network, chat, send, options } = await scene();
  const tab = await openTab({ ...options, tabs: false }, chat);
  await send("before");
  await shows(tab, chat, 1);
  const other = await browser.open("about:blank");
  await tab.waitFor(() => document.visibilityState === "hidden");
  await tab.setLifecycle("frozen");
  for (const text of ["one", "two"]) await send(text);
  await network.cut();
  await send("three");
  await tab.setLifecycle("active");
  await tab.show();
  await shows(tab, chat, 4);
  assert.deepEqual(await seqs(tab), [1, 2, 3, 4]);
  await tab.close();
  await other.close();
});

test("a frozen leader: the visible tab takes over, and the frozen one follows when it wakes", async () => {
  const { network, chat, send, options } = await scene();
  const leader = await openTab({ ...options, stores: true }, chat);
  const follower = await openTab({ ...options, stores: true }, chat);
  assert.deepEqual(await follower.evaluate(() => globalThis.lab.sockets), { opened: 0, open: 0 });
  await leader.setLifecycle("frozen");
  for (const text of ["one", "two", "three"]) await send(text);
  await shows(follower, chat, 3);
  await follower.evaluate((id) => void globalThis.lab.client.chat(id).send("from the visible tab"), chat);
  await follower.waitFor((id) => globalThis.lab.shown(id).filter(([state]) => state === "stored").length === 4, chat);
  await leader.setLifecycle("active");
  await leader.show();
  await shows(leader, chat, 4);
  for (const tab of [leader, follower]) assert.deepEqual(await seqs(tab), [1, 2, 3, 4]);
  for (const end = Date.now() + harness.PATIENCE; (await network.counts()).open !== 1; ) {
    assert.ok(Date.now() < end, "two tabs keep a connection each");
  }
  await leader.close();
  await follower.close();
});
