// What users of other libraries complain about, on the real system. docs/others-faults.md says which test shows which.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as helpers from "./helpers.js";

/** More than the 30 after which another library recovers no more. */
const CHATS = 120;

/** @type {helpers.System} */
let system;
before(async () => {
  system = await helpers.startSystem();
});
after(helpers.stopAll);

test(`recovery: ${CHATS} chats catch up after an outage, each message once`, async (t) => {
  const network = await helpers.startNetwork(system.webSocketUrl);
  const alice = helpers.newUser("alice");
  const others = Array.from({ length: CHATS }, () => helpers.newUser("friend"));
  const chats = [];
  for (const other of others) chats.push(await helpers.privateChat(system, other, alice));
  const client = helpers.clientOf({ ...system, webSocketUrl: network.url }, alice);
  const got = /** @type {string[]} */ ([]);
  client.on("message.created", ({ chatId, seq }) => got.push(`${chatId} ${seq}`));
  t.after(client.start());
  await helpers.caughtUp(client);
  assert.equal(client.chats.get().length, CHATS);
  await network.down();
  await helpers.until(client.link, ({ status }) => status !== "online");
  for (const [index, chat] of chats.entries()) {
    const api = helpers.apiOf(system, /** @type {string} */ (others[index]));
    await api("POST", `/chats/${chat}/messages`, { type: "text", content: "while you were away" });
    await api("POST", `/chats/${chat}/messages`, { type: "text", content: "and once more" });
  }
  await network.up();
  await helpers.until(client.unreadTotal, (total) => total === 2 * CHATS);
  await helpers.caughtUp(client);
  const expected = chats.flatMap((chat) => [`${chat} 1`, `${chat} 2`]);
  assert.deepEqual([...got].sort(), expected.sort());
  for (const chat of chats) {
    const order = got.filter((entry) => entry.startsWith(chat));
    assert.deepEqual(order, [`${chat} 1`, `${chat} 2`], "in the order of the chat");
  }
});

test("order: messages are in the order of the chat, whatever the clocks of the devices say", async (t) => {
  const [alice, bob] = [helpers.newUser("alice"), helpers.newUser("bob")];
  const id = await helpers.privateChat(system, alice, bob);
  const DAY_MS = 86_400_000;
  const clients = [
    helpers.clientOf(system, alice, { now: () => Date.now() + DAY_MS }),
    helpers.clientOf(system, bob, { now: () => Date.now() - DAY_MS }),
  ];
  for (const client of clients) t.after(client.start());
  await Promise.all(clients.map(helpers.caughtUp));
  for (const [n, text] of ["one", "two", "three", "four"].entries()) await clients[n % 2]?.chat(id).send(text).stored;
  for (const client of clients) {
    const close = client.chat(id).open();
    const items = await helpers.until(client.chat(id).timeline().items, (all) => all.length === 4);
    assert.deepEqual(items.map(({ message }) => message.content), ["one", "two", "three", "four"]);
    close();
  }
});

test("resends: each message is stored once although its reply is lost, over both ways", async (t) => {
  const network = await helpers.startNetwork(system.webSocketUrl);
  const [alice, bob] = [helpers.newUser("alice"), helpers.newUser("bob")];
  const id = await helpers.privateChat(system, alice, bob);
  const timing = { requestTimeoutMs: 300, maxFirstRetryMs: 20, maxRetryMs: 50, maxFirstWaitMs: 20, maxWaitMs: 50 };
  const client = helpers.clientOf({ ...system, webSocketUrl: network.url }, alice, { timing });
  t.after(client.start());
  await helpers.caughtUp(client);
  await network.setFaults({ lose: 30, cut: 10 });
  const sent = Array.from({ length: 20 }, (_, n) => `text ${n}`);
  await Promise.all(sent.map((text) => client.chat(id).send(text).stored));
  const stored = await helpers.storedMessages(helpers.apiOf(system, bob), id);
  assert.deepEqual(stored.map(({ content }) => content), sent);
  const { faults } = await network.counts();
  assert.ok((faults.lost ?? 0) > 0 && (faults.cut ?? 0) > 0, JSON.stringify(faults));
});

test("sockets: starts and stops, as of components that mount twice, are one socket", async (t) => {
  const network = await helpers.startNetwork(system.webSocketUrl);
  const client = helpers.clientOf({ ...system, webSocketUrl: network.url }, helpers.newUser("alice"));
  const first = client.start();
  first();
  const [second, third] = [client.start(), client.start()];
  await helpers.caughtUp(client);
  second();
  second();
  assert.equal(client.link.get().status, "online", "somebody still wants it");
  assert.equal((await network.counts()).accepted, 1);
  third();
  await helpers.until(client.link, ({ status }) => status === "stopped");
  for (const end = Date.now() + helpers.PATIENCE; (await network.counts()).open > 0; ) assert.ok(Date.now() < end);
});
