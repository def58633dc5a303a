// Two users in Chromium write to one another over a network that loses, reorders and delays frames and cuts
// connections, and now and then reload their page. In the end each shows what the system has: nothing lost, nothing
// twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as harness from "./harness.js";
import { browser, origin, system } from "./harness.js";

/** How many messages each user writes. */
const MESSAGES = 25;
/** The percentages of frames with each fault. */
const FAULTS = { lose: 3, overtake: 10, delay: 20, cut: 3 };

harness.useSystem();

/** Short waits, so that a run takes seconds: the rules are the same. */
const timing = {
  requestTimeoutMs: 2000, httpTimeoutMs: 5000, pingAfterMs: 1000, syncAfterMs: 2000, maxFirstWaitMs: 50, maxWaitMs: 500,
  maxFirstRetryMs: 50, maxRetryMs: 500, maxGapWaitMs: 100,
};

for (const seed of harness.SEEDS) {
  test(`nothing is lost and nothing is doubled over a bad network, seed ${seed}`, async (t) => {
    const random = harness.randomOf(seed);
    const network = await harness.startNetwork(system.webSocketUrl, seed);
    const names = [harness.newUser("alice"), harness.newUser("bob")];
    const chat = await harness.privateChat(system, names[0], names[1]);
    const contexts = await Promise.all(names.map(() => browser.newContext()));
    const options = (user) => ({ ...system, user, webSocketUrl: network.url, stores: true, timing });
    const pages = await Promise.all(names.map((user, index) => harness.openLab(contexts[index], origin, options(user))));
    await Promise.all(pages.map(harness.caughtUp));
    await Promise.all(pages.map((page) => page.evaluate((id) => void globalThis.lab.client.chat(id).open(), chat)));
    await network.setFaults(FAULTS);

    const written = [];
    let reloads = 0;
    for (let n = 0; n < MESSAGES; n++) {
      for (const [index, page] of pages.entries()) {
        const text = `${names[index]} ${n}`;
        written.push(text);
        await page.evaluate(([id, content]) => void globalThis.lab.client.chat(id).send(content), [chat, text]);
        const dice = random();
        if (dice < 0.05) {
          await network.cut();
        } else if (dice < 0.1) {
          reloads++;
          // What was typed last is in IndexedDB a moment later.
          await page.waitForFunction((id) => globalThis.lab.isSaved(id), chat);
          await harness.loadLab(page, origin, options(names[index]));
          await page.evaluate((id) => void globalThis.lab.client.chat(id).open(), chat);
        } else if (dice < 0.5) {
          await page.evaluate((ms) => new Promise((resolve) => setTimeout(resolve, ms)), Math.floor(random() * 100));
        }
      }
    }
    // Each gets everything through the bad network, without a good end.
    for (const page of pages) {
      await harness.caughtUp(page);
      await page.evaluate((id) => globalThis.lab.loadAll(id), chat);
      const count = [chat, written.length];
      const isComplete = ([id, number]) => globalThis.lab.shown(id).filter(([state]) => state === "stored").length >= number;
      await page.waitForFunction(isComplete, count).catch(async (error) => {
        const state = await page.evaluate((id) => globalThis.lab.report(id), chat);
        throw new Error(`${JSON.stringify(state)}; ${JSON.stringify(await network.counts())}`, { cause: error });
      });
    }

    const stored = (await harness.storedMessages(harness.apiOf(system, names[0]), chat)).map(({ seq, content }) => [seq, content]);
    assert.deepEqual(stored.map(([, content]) => content).sort(), [...written].sort(), "each text is stored once");
    for (const [index, page] of pages.entries()) {
      const shown = await page.evaluate((id) => globalThis.lab.shown(id), chat);
      assert.deepEqual(shown, stored.map((message) => ["stored", ...message]), `${names[index]} shows what is stored`);
      const events = await page.evaluate(() => globalThis.lab.events.filter(([, event]) => event === "created").map(([, , seq]) => seq));
      assert.deepEqual(events, [...new Set(events)].sort((a, b) => a - b), `${names[index]} got each event once, in order`);
      assert.deepEqual(await page.evaluate(() => globalThis.lab.failures.filter(([task]) => task === "storage")), []);
    }
    // Each user's own messages are stored in the order in which they were written.
    for (const name of names) {
      const own = stored.map(([, content]) => content).filter((content) => content.startsWith(`${name} `));
      assert.deepEqual(own, written.filter((content) => content.startsWith(`${name} `)));
    }
    const { faults, accepted } = await network.counts();
    t.diagnostic(JSON.stringify({ seed, messages: stored.length, reloads, accepted, faults }));
    assert.ok(Object.values(faults).reduce((sum, count) => sum + count, 0) > 20, JSON.stringify(faults));
    await Promise.all(contexts.map((context) => context.close()));
  });
}
