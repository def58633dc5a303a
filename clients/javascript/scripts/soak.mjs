// Two clients talk for a long time over a network that loses, reorders and delays frames and cuts connections. In the
// end nothing is lost, nothing is doubled, and the heap is as small as it was after the first minutes:
// `npm run soak -- --minutes 30`. `cargo xtask verify` runs it.
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { caughtUp, clientOf, getToken, newUser, privateChat, startNetwork, startSystem, stopAll, until } from "../test/system/helpers.js";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "30" }, seed: { type: "string", default: "1" } } });
const MINUTES = Number(values.minutes);
/** The percentages of frames with each fault. */
const FAULTS = { lose: 2, overtake: 5, delay: 10, cut: 1 };
/** All connections are cut about every so many messages. */
const MESSAGES_PER_CUT = 60;
/** Both users clear the chat after so many messages, so that what they hold does not grow. */
const MESSAGES_PER_CLEAR = 200;
/** How often the heap is measured: enough for a trend, also in a short run. */
const SAMPLES = 30;
/** How much larger the heap may be at the end than after the first third, when everything is warm. */
const MAX_GROWTH = 1.1;
const MIB = 2 ** 20;

const gc = globalThis.gc ?? (() => assert.fail("run it with node --expose-gc"));
const system = await startSystem();
try {
  const network = await startNetwork(system.webSocketUrl, Number(values.seed));
  const names = [newUser("alice"), newUser("bob")];
  const id = await privateChat(system, names[0], names[1]);
  // Tokens that end during the run, so that they are renewed too.
  const clients = names.map((name) =>
    clientOf({ ...system, webSocketUrl: network.url }, name, {
      token: () => getToken(system, name, 120),
      timing: { requestTimeoutMs: 2000, maxWaitMs: 1000, maxRetryMs: 1000, pingAfterMs: 5000, syncAfterMs: 5000 },
    }),
  );
  /** What each client heard of, and what it should have. */
  const heard = clients.map(() => ({ last: 0, lost: 0, doubled: 0 }));
  for (const [index, client] of clients.entries()) {
    client.on("message.created", ({ seq }) => {
      const mine = heard[index];
      if (seq <= mine.last) mine.doubled++;
      else mine.lost += seq - mine.last - 1;
      mine.last = Math.max(seq, mine.last);
    });
  }
  const stops = clients.map((client) => client.start());
  await Promise.all(clients.map(caughtUp));
  const closes = clients.map((client) => client.chat(id).open());
  const timelines = clients.map((client) => client.chat(id).timeline());
  const offs = timelines.map(({ items }) => items.subscribe(() => {}));
  await network.setFaults(FAULTS);

  const begin = performance.now();
  const end = begin + MINUTES * 60_000;
  const heap = /** @type {number[]} */ ([]);
  let sent = 0;
  while (performance.now() < end) {
    const client = clients[sent % 2];
    const message = await client.chat(id).send(`message ${sent}`).stored;
    sent++;
    if (sent % 10 === 0) await client.chat(id).react(message.seq, ["👍"]).catch(() => {});
    client.chat(id).setTyping();
    if (sent % MESSAGES_PER_CUT === 0) await network.cut();
    if (sent % MESSAGES_PER_CLEAR === 0) {
      for (const one of clients) {
        await until(one.chat(id).summary, (summary) => summary?.seq === message.seq);
        while (!(await one.chat(id).clear().then(() => true, () => false)));
      }
    }
    if (performance.now() >= begin + (heap.length * (end - begin)) / SAMPLES) {
      gc();
      heap.push(process.memoryUsage().heapUsed);
      console.log(`${((performance.now() - begin) / 60_000).toFixed(1)} min: ${sent} messages, heap ${(heap.at(-1) / MIB).toFixed(2)} MiB`);
    }
  }

  await network.setFaults({});
  for (const client of clients) await until(client.chat(id).summary, (summary) => summary?.seq === sent);
  await until({ get: () => heard, subscribe: clients[0].link.subscribe }, (all) => all.every(({ last }) => last === sent));
  const { accepted, faults } = await network.counts();
  console.log(JSON.stringify({ minutes: MINUTES, sent, heard, accepted, faults }));
  for (const { lost, doubled } of heard) assert.deepEqual([lost, doubled], [0, 0]);

  const mean = (/** @type {number[]} */ part) => part.reduce((sum, value) => sum + value, 0) / part.length;
  const third = Math.floor(heap.length / 3);
  const [warm, last] = [mean(heap.slice(third, 2 * third)), mean(heap.slice(2 * third))];
  console.log(`heap: ${(warm / MIB).toFixed(2)} MiB in the second third, ${(last / MIB).toFixed(2)} MiB in the last one`);
  assert.ok(last < warm * MAX_GROWTH, "the heap grows");
  for (const stop of [...offs, ...closes, ...stops]) stop();
} finally {
  await stopAll();
}
