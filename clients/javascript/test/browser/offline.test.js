// What is typed without a network survives a reload and is stored once; what was refused stays until the user decides.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as harness from "./harness.js";
import { browser, origin, system } from "./harness.js";

harness.useSystem();

/** A user with a page whose network can be switched off. */
async function scene() {
  const network = await harness.startNetwork(system.webSocketUrl);
  const [alice, bob] = [harness.newUser("alice"), harness.newUser("bob")];
  const chat = await harness.privateChat(system, alice, bob);
  const context = await browser.newContext();
  const options = { ...system, user: alice, webSocketUrl: network.url, stores: true };
  const page = await harness.openLab(context, origin, options);
  await harness.caughtUp(page);
  return {
    alice, bob, chat, page,
    /** Only the page itself can be loaded. */
    goOffline: async () => {
      await network.down();
      await context.route((url) => url.origin !== origin, (route) => route.abort());
    },
    goOnline: async () => {
      await context.unroute((url) => url.origin !== origin);
      await context.unrouteAll();
      await network.up();
    },
    network,
    reload: async () => {
      await page.waitForFunction((id) => globalThis.lab.isSaved(id), chat);
      await harness.loadLab(page, origin, options);
      // What is sent before the client has the list of chats is shown in an open chat alone.
      await page.evaluate((id) => void globalThis.lab.client.chat(id).open(), chat);
    },
    states: () => page.evaluate((id) => globalThis.lab.shown(id).map(([state, , content]) => [state, content]), chat),
    stored: async () => (await harness.storedMessages(harness.apiOf(system, bob), chat)).map(({ content }) => content),
    /** Waits until all that the page shows has this state. */
    allAre: (/** @type {string} */ state, /** @type {number} */ count) =>
      page
        .waitForFunction(
          ([id, wanted, number]) => {
            const shown = globalThis.lab.shown(id);
            return shown.length === number && shown.every(([found]) => found === wanted);
          },
          /** @type {const} */ ([chat, state, count]),
        )
        .catch(async (error) => {
          const report = await page.evaluate((id) => globalThis.lab.report(id), chat);
          throw new Error(`not all are ${state}: ${JSON.stringify(report)}`, { cause: error });
        }),
  };
}

test("typed offline, reloaded, stored once and in order", async () => {
  const { chat, page, goOffline, goOnline, reload, states, stored, allAre } = await scene();
  await goOffline();
  for (const text of ["one", "two", "three"]) {
    await page.evaluate(([id, content]) => void globalThis.lab.client.chat(id).send(content), [chat, text]);
  }
  assert.deepEqual((await states()).map(([, text]) => text), ["one", "two", "three"], "they show at once");
  await reload();
  // Nobody is known before there is a token: with it, the outbox of this user shows, in the order of typing.
  await goOnline();
  await allAre("stored", 3);
  assert.deepEqual(await stored(), ["one", "two", "three"]);
  await reload();
  await harness.caughtUp(page);
  await allAre("stored", 3);
  assert.deepEqual(await stored(), ["one", "two", "three"], "a second reload sends nothing again");
});

test("a resend that could double: the reply is lost, the page is reloaded, the message is stored once", async () => {
  const { chat, page, network, reload, stored, allAre } = await scene();
  // The connection takes the message and is cut before its reply.
  await network.setFaults({ delay: 100 });
  await page.evaluate((id) => void globalThis.lab.client.chat(id).send("once"), chat);
  for (const end = Date.now() + harness.PATIENCE; (await stored()).length === 0; ) assert.ok(Date.now() < end);
  await network.cut();
  await reload();
  await network.setFaults({});
  await harness.caughtUp(page);
  await allAre("stored", 1);
  assert.deepEqual(await stored(), ["once"]);
});

test("a file that was chosen offline is uploaded after a reload", async () => {
  const { alice, chat, page, goOffline, goOnline, reload, allAre } = await scene();
  await goOffline();
  await page.evaluate((id) => {
    const file = new File(["a file of some bytes"], "notes.txt", { type: "text/plain" });
    globalThis.lab.client.chat(id).sendFile(file, { caption: "my notes" });
  }, chat);
  await reload();
  await goOnline();
  await allAre("stored", 1);
  const [message] = await harness.storedMessages(harness.apiOf(system, alice), chat);
  assert.deepEqual([message.content, message.attachment.fileName, message.attachment.sizeBytes], ["my notes", "notes.txt", 20]);
  const text = await page.evaluate(async (id) => (await globalThis.lab.client.chat(id).download(1)).blob.text(), chat);
  assert.equal(text, "a file of some bytes");
});

test("a message that was refused stays failed after a reload, until it is sent again", async () => {
  const { alice, bob, chat, page, reload, stored, allAre } = await scene();
  const api = harness.apiOf(system, bob);
  await api("PUT", `/users/${alice}/block`);
  await page.evaluate((id) => void globalThis.lab.client.chat(id).send("can you hear me?"), chat);
  await allAre("failed", 1);
  await reload();
  await harness.caughtUp(page);
  await allAre("failed", 1);
  const code = await page.evaluate((id) => globalThis.lab.timeline(id).items.get()[0].error.code, chat);
  assert.equal(code, "blocked");
  await api("DELETE", `/users/${alice}/block`);
  await page.evaluate((id) => globalThis.lab.timeline(id).items.get()[0].sending.retry(), chat);
  await allAre("stored", 1);
  assert.deepEqual(await stored(), ["can you hear me?"]);
});
