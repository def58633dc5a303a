// Tabs that open, crash, hide, freeze and hang, a network that comes and goes, a server that is silent, busy or fails, a
// slow storage, messages that are discarded and sent again. Whatever the order: each message is stored once, in its
// place, and no tab shows one that waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createEngine } from "../../src/engine/index.js";
import { memoryStorage } from "../../src/engine/storage.js";
import { FakeServer, Refusal, SILENCE } from "./fake-server.js";
import { FakeBrowser } from "./fake-tabs.js";

const MAX_TABS = 3;
/** In the end all is well for so long, in steps. */
const END_STEPS = 40;
const END_STEP_MS = 5000;

/** A storage whose calls take these times, in ms, one after the other, before and after they do something. */
function slowStorage(clock, waits, isShared) {
  const memory = memoryStorage();
  let calls = 0;
  const later = () => {
    const ms = waits.length && waits[calls++ % waits.length];
    return ms ? new Promise((resolve) => clock.setTimeout(resolve, ms)) : undefined;
  };
  const storage = { isShared };
  for (const name of ["put", "get", "delete", "list"])
    storage[name] = async (...values) => {
      await later();
      const answer = structuredClone(await memory[name](...values));
      await later();
      return answer;
    };
  return storage;
}

const tab = fc.nat(MAX_TABS - 1);
const does = (...names) => fc.constantFrom(...names);
const STEP = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: does("send"), tab, chat: does("c", "d") }) },
  { weight: 4, arbitrary: fc.record({ does: does("wait"), ms: fc.constantFrom(1, 50, 900, 4000, 20_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: does("server"), how: does("well", "silent", "busy", "fails", "refuses", "loses") }),
  },
  { weight: 1, arbitrary: fc.record({ does: does("network", "webSocket", "cut", "expire", "open") }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: does("crash", "hide", "show", "freeze", "hang", "thaw", "restart", "retry"), tab }),
  },
  { weight: 1, arbitrary: fc.record({ does: does("discard"), tab, index: fc.nat(5) }) },
);

/** What happens, and the messages that must be stored. */
class Play {
  server = new FakeServer();
  browser = new FakeBrowser();
  how = "well";
  tabs = [];
  /** The messages that must be stored, or failed, by id: the chat, and the tab that wrote them. */
  sent = new Map();
  count = 0;
  /** What was refused once has another place when it is sent again. */
  refused = new Set();

  constructor(waits, isShared) {
    const { clock } = this.server;
    for (const chat of ["c", "d"]) this.server.chat(chat, "alice", "bob");
    const shared = slowStorage(clock, waits, true);
    this.storage = () => (isShared ? shared : slowStorage(clock, waits, false));
    this.server.script = (request) => this.answer(request);
  }

  answer({ name, action, fields, body, socket }) {
    const { clientMessageId } = fields ?? body ?? {};
    const isSend = name === "sendMessage" || /^POST .*\/messages$/.test(name);
    // A repeat is answered first.
    if (
      !isSend ||
      [...this.server.chats.values()].some(({ messages }) =>
        messages.some((m) => m.clientMessageId === clientMessageId),
      )
    )
      return undefined;
    switch (this.how) {
      case "silent":
        return SILENCE;
      case "busy":
        return new Refusal(429, "rate_limited", { retryable: true, retryAfterMs: 3000 });
      case "fails":
        return new Refusal(503, "internal", { retryable: true });
      case "refuses":
        return new Refusal(409, "chat_closed");
      case "loses":
        // It is stored, and the reply is lost.
        if (!action) return undefined;
        this.server.act("alice", action, fields, socket);
        return SILENCE;
    }
  }

  open() {
    const { server, browser, refused } = this;
    const tab = browser.tab();
    const setTimeout = (callback, ms) => server.clock.setTimeout(() => browser.later(tab, callback), ms);
    const engine = createEngine(
      server.options("alice", { ...tab.options, setTimeout, storage: this.storage(), logger: {} }),
    );
    engine.subscribe(({ type, clientMessageId }) => type === "notSent" && refused.add(clientMessageId));
    engine.start();
    this.tabs.push({ tab, engine });
  }

  async step({ does, tab: index = 0, ms, chat, how, index: entry }) {
    const { server, tabs } = this;
    const at = tabs[index % tabs.length];
    const { tab, engine } = at;
    const isAwake = !tab.isFrozen;
    if (does === "wait") await server.clock.advance(ms);
    else if (does === "server") this.how = how;
    else if (does === "network") server.isReachable = !server.isReachable;
    else if (does === "webSocket") {
      const isRefused = !server.refusesHandshake("");
      server.refusesHandshake = () => isRefused;
    } else if (does === "cut") server.cut();
    else if (does === "expire") server.open.forEach((socket) => socket.closing({ code: "token_expired" }));
    else if (does === "open" && tabs.length < MAX_TABS) this.open();
    else if (does === "hide" || does === "show") tab.show(does === "show");
    else if (does === "freeze" || does === "hang") {
      tab.isFrozen = true;
      tab.isHung ||= does === "hang";
    } else if (does === "thaw" && !isAwake) {
      tab.thaw();
      tab.fire("resume");
    } else if (does === "crash" && tabs.length > 1) {
      tab.crash();
      engine.stop();
      tabs.splice(tabs.indexOf(at), 1);
      // What was not written yet is lost.
      for (const [id, { by }] of this.sent) if (by === at) this.sent.delete(id);
    } else if (does === "send" && isAwake) {
      const id = `m${++this.count}`;
      engine.send(chat, { content: id }, { clientMessageId: id });
      this.sent.set(id, { chat, by: at });
    } else if (does === "restart" && isAwake) {
      engine.stop();
      engine.start();
    } else if (does === "retry" && isAwake) {
      for (const { state, clientMessageId } of engine.outbox) if (state === "failed") engine.retry(clientMessageId);
    } else if (does === "discard" && isAwake) {
      const { clientMessageId } = engine.outbox[entry] ?? {};
      if (clientMessageId) engine.discard(clientMessageId);
      // If it was being sent, it may be stored all the same.
      this.sent.delete(clientMessageId);
    }
    await server.clock.settle();
  }

  waiting() {
    return this.tabs.map(({ engine }) =>
      engine.outbox
        .filter(({ state }) => state !== "failed")
        .map(({ clientMessageId, state }) => `${clientMessageId} ${state}`),
    );
  }

  async end() {
    const { server, tabs, sent, refused } = this;
    server.isReachable = true;
    this.how = "well";
    for (const { tab } of tabs) {
      if (tab.isFrozen) {
        tab.thaw();
        tab.fire("resume");
      }
      tab.show(true);
    }
    for (let n = 0; n < END_STEPS && this.waiting().flat().length; n++) await server.clock.advance(END_STEP_MS);
    assert.deepEqual(this.waiting().flat(), [], "a tab shows messages that wait");
    const failed = new Set(tabs.flatMap(({ engine }) => engine.outbox.map(({ clientMessageId }) => clientMessageId)));
    const stored = [...server.chats.values()].flatMap(({ messages }) => messages.map(({ content }) => content));
    assert.equal(new Set(stored).size, stored.length, `twice: ${stored}`);
    for (const id of sent.keys())
      assert.notEqual(stored.includes(id), failed.has(id), `${id} is ${failed.has(id) ? "stored and failed" : "lost"}`);
    for (const { by, chat } of new Set(sent.values())) {
      const own = stored.filter((id) => sent.get(id)?.by === by && sent.get(id)?.chat === chat && !refused.has(id));
      const order = own.map((id) => Number(id.slice(1)));
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
        "not in the order in which they were written",
      );
    }
    for (const { engine } of tabs) engine.stop();
    await server.clock.settle();
  }
}

const send = (tab = 0) => ({ does: "send", tab, chat: "c" });
const wait = (ms) => ({ does: "wait", ms });
const open = { does: "open" };
/** What once went wrong: the steps, the times of the storage, whether the tabs share it. */
const EXAMPLES = [
  // The tab that follows heard of no event: its list of chats had the message already.
  [[open, { does: "server", how: "loses" }, send(), send(), wait(1), send(), send()], [], true],
  // The tab with the connection heard nothing while it hung.
  [[{ does: "network" }, { does: "hang", tab: 0 }, open, open, send(1), wait(1)], [], true],
  // A list of the storage that was read before the message was erased there.
  [
    [
      { does: "network" },
      send(),
      wait(20_000),
      open,
      send(),
      wait(20_000),
      send(),
      wait(1),
      { does: "network" },
      send(),
    ],
    [0, 0, 0, 0, 5, 400, 0],
    true,
  ],
  // The tab that follows read the message before it was refused.
  [[{ does: "server", how: "refuses" }, open, send(), send(), wait(4000), send(), send()], [400], true],
  // The message was sent while the new tab read the storage.
  [[send(), send(), wait(20_000), send(), send(), wait(1), send(), open], [0, 0, 400, 5], true],
  // The tab with the connection heard that the message of another tab is stored, and did not hold it.
  [
    [
      open,
      { does: "server", how: "fails" },
      { does: "webSocket" },
      send(),
      { does: "freeze", tab: 0 },
      send(1),
      { does: "hang", tab: 1 },
      wait(20_000),
    ],
    [5],
    true,
  ],
  // A tab crashed before it told the others what it had stored, and there were no WebSockets.
  [[open, { does: "webSocket" }, send(1), send(), open, { does: "crash", tab: 0 }, wait(1)], [5], true],
];

test("each message is stored once, and no tab shows one that waits", { timeout: 300_000 }, async () => {
  const storageTimes = fc.array(fc.constantFrom(0, 0, 5, 400), { maxLength: 7 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(STEP, { minLength: 5, maxLength: 60 }),
      storageTimes,
      fc.boolean(),
      async (steps, ...storage) => {
        const play = new Play(...storage);
        play.open();
        for (const step of steps) await play.step(step);
        await play.end();
      },
    ),
    { numRuns: Number(process.env.LAMBDA_CHAT_RUNS ?? 300), examples: EXAMPLES },
  );
});
