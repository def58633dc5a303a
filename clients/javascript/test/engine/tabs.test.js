// One user with several tabs is one connection. Nothing is lost when the tab that has it ends, hangs or is frozen.
import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { test } from "node:test";
import { editMessage, getChat, markSeen } from "../../src/calls.js";
import { createEngine } from "../../src/engine/index.js";
import { memoryStorage } from "../../src/engine/storage.js";
import { indexedDBStorage } from "../../src/indexeddb.js";
import { FakeServer, Refusal, SILENCE } from "./fake-server.js";
import { FakeBrowser } from "./fake-tabs.js";
import { recorder, texts } from "./helpers.js";

let databases = 0;

function begin() {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  server.clock.realMs = 10;
  const browser = new FakeBrowser();
  const name = `tabs-${++databases}`;
  const engines = [];
  return {
    server,
    clock: server.clock,
    browser,
    /** An engine in a new tab. A tab that is frozen gets no timers, frames or messages. */
    async open(options = {}, user = "alice") {
      const tab = browser.tab();
      const { clock } = server;
      const setTimeout = (callback, ms) => clock.setTimeout(() => browser.later(tab, callback), ms);
      const storage = indexedDBStorage({ name });
      const engine = createEngine(server.options(user, { ...tab.options, setTimeout, storage, ...options }));
      const updates = recorder(engine);
      engine.start();
      engines.push(engine);
      await clock.until(() => engine.link.isCaughtUp);
      const socket = () => server.open.at(-1);
      return { tab, engine, updates, socket };
    },
    end() {
      for (const engine of engines) engine.stop();
    },
  };
}
const discarded = ({ updates }) =>
  updates.all.filter(({ type }) => type === "discarded").map(({ clientMessageId }) => clientMessageId);
const contents = (updates) =>
  updates.all.filter(({ event }) => event?.event === "message.created").map(({ event }) => event.data.content);

test("options that are undefined are as if they were not given", async () => {
  const { server, open, end } = begin();
  await open({ tabs: undefined, timing: undefined, logger: undefined });
  await open({ tabs: undefined });
  assert.equal(server.handshakes.length, 1);
  end();
});

test("three tabs are one socket and one lock, and every tab hears every event once and in order", async () => {
  const { server, clock, browser, open, end } = begin();
  const tabs = [await open(), await open(), await open()];
  assert.equal(server.handshakes.length, 1);
  assert.equal(browser.held.length, 1);
  assert.match(browser.held[0], /^lambda-chat\/1\/alice@/);
  for (let n = 0; n < 10; n++) server.say("c", "bob", String(n));
  await clock.advance(1000);
  for (const { updates, engine } of tabs) {
    assert.deepEqual(
      contents(updates),
      Array.from({ length: 10 }, (_, n) => String(n)),
    );
    assert.equal(engine.link.status, "online");
  }
  assert.equal(server.seen("sync").length + server.seen("POST /sync").length, 0);
  end();
});

test("other users have connections of their own", async () => {
  const { server, open, end } = begin();
  await open();
  await open({}, "bob");
  assert.equal(server.handshakes.length, 2);
  end();
});

test("without Web Locks each tab has its own connection", async () => {
  const { server, open, end } = begin();
  await open({ locks: null });
  await open({ locks: null });
  assert.equal(server.handshakes.length, 2);
  end();
});

test("where Web Locks are refused, as in a sandboxed frame, the tab has its own connection", async () => {
  const { server, open, end } = begin();
  const request = async () => {
    throw new DOMException("refused", "SecurityError");
  };
  const { engine } = await open({ locks: { request } });
  assert.equal(server.handshakes.length, 1);
  engine.send("c", { content: "x" });
  await server.clock.until(() => !engine.outbox.length);
  end();
});

test("what one tab changes shows in the others", async () => {
  const { server, clock, open, end } = begin();
  const [leader, follower] = [await open(), await open()];
  leader.engine.send("c", { content: "of the leader" });
  follower.engine.send("c", { content: "of the follower" });
  await clock.until(() => texts(leader.engine).length === 2 && texts(follower.engine).length === 2);
  assert.deepEqual(texts(leader.engine), texts(follower.engine));
  await leader.engine.request(editMessage("c", 1, { content: "edited 1" }));
  await follower.engine.request(editMessage("c", 2, { content: "edited 2" }));
  await leader.engine.request(markSeen("c", 2));
  await clock.until(() => texts(follower.engine).every((text) => text.startsWith("edited")));
  await clock.until(() => follower.engine.state.chat("c").unread("alice") === 0);
  assert.deepEqual(texts(leader.engine), ["edited 1", "edited 2"]);
  assert.equal(server.seen("POST /sync").length + server.seen("sync").length, 0);
  assert.equal(server.seen("editMessage").length, 1);
  assert.equal(server.seen("PATCH /chats/c/messages/2").length, 1);
  assert.equal(server.handshakes.length, 1);
  end();
});

test("a follower hands its messages over: the leader sends them, each once, and both show them", async () => {
  const { server, clock, open, end } = begin();
  const [leader, follower] = [await open(), await open()];
  server.script = ({ name }) => (name === "sendMessage" ? SILENCE : undefined);
  const id = follower.engine.send("c", { content: "x" });
  await clock.until(() => leader.engine.outbox.length === 1);
  await clock.until(() => follower.engine.outbox[0]?.state === "sending");
  assert.equal(server.seen("sendMessage").length, 1);
  server.script = () => undefined;
  await clock.until(() => !leader.engine.outbox.length && !follower.engine.outbox.length);
  assert.equal(server.chats.get("c").messages.length, 1);
  assert.equal(server.seen("POST /chats/c/messages").length, 0);
  for (const { updates } of [leader, follower])
    assert.deepEqual(
      updates.all.filter(({ type }) => type === "sent").map(({ clientMessageId }) => clientMessageId),
      [id],
    );
  end();
});

test("a list of the storage that is older than a reply does not bring the message back", async () => {
  const { server, clock, open, end } = begin();
  const memory = memoryStorage();
  const list = async (...values) => {
    const records = await memory.list(...values);
    await new Promise((resolve) => clock.setTimeout(resolve, 2000));
    return records;
  };
  const storage = { ...memory, list, isShared: true };
  const [leader, follower] = [await open({ storage }), await open({ storage })];
  await clock.advance(5000);
  server.script = ({ name, fields, id, socket }) => {
    if (name !== "sendMessage" || fields.content !== "1") return undefined;
    clock.setTimeout(
      () => socket.deliver({ id, ok: true, data: server.act("alice", "sendMessage", fields, socket) }),
      1000,
    );
    return SILENCE;
  };
  leader.engine.send("c", { content: "1" });
  await clock.until(() => server.seen("sendMessage").length === 1);
  follower.engine.send("c", { content: "2" });
  await clock.until(() => !leader.engine.outbox.length && texts(leader.engine).length === 2);
  await clock.advance(10_000);
  assert.deepEqual(
    server.seen("sendMessage").map(({ fields }) => fields.content),
    ["1", "2"],
  );
  end();
});

test("a list of the storage that is older than the end of another tab's message does not bring it in", async () => {
  const { server, clock, open, end } = begin();
  const memory = memoryStorage();
  let isSlow = false;
  const storage = { ...memory, isShared: true };
  const list = async (...values) => {
    const records = await memory.list(...values);
    if (isSlow) await new Promise((resolve) => clock.setTimeout(resolve, 2000));
    return records;
  };
  const [writer, third] = [await open({ storage }), await open({ storage: { ...storage, list } })];
  isSlow = true;
  server.script = ({ name }) =>
    name === "sendMessage" ? new Refusal(503, "internal", { retryable: true }) : undefined;
  const id = writer.engine.send("c", { content: "x" });
  await clock.advance(1000);
  writer.engine.discard(id);
  await clock.advance(20_000);
  assert.deepEqual(third.engine.outbox, []);
  end();
});

test("a message that another tab sent leaves the outbox of a tab that did not hear of it", async () => {
  const { server, clock, open, end } = begin();
  const memory = { ...memoryStorage(), isShared: true };
  const [leader, follower] = [await open({ storage: memory }), await open({ storage: memory })];
  server.script = ({ name }) => (name === "sendMessage" ? SILENCE : undefined);
  const id = follower.engine.send("c", { content: "1" });
  await clock.until(() => leader.engine.outbox.length === 1);
  await memory.delete("outbox", "alice@ws://server/live", id);
  leader.engine.send("d", { content: "2" });
  await clock.until(() => follower.engine.outbox.length === 2);
  assert.deepEqual(discarded(follower), [], "it may hear of it in a moment");
  await clock.until(() => follower.engine.outbox.length === 1);
  assert.equal(follower.engine.outbox[0].draft.content, "2");
  assert.deepEqual(discarded(follower), [id]);
  end();
});

test("a message that fails can be sent again or discarded in any tab", async () => {
  const { server, clock, open, end } = begin();
  const [leader, follower] = [await open(), await open()];
  server.script = ({ name }) => (name === "sendMessage" ? new Refusal(409, "chat_closed") : undefined);
  follower.engine.send("c", { content: "1" });
  leader.engine.send("c", { content: "2" });
  const isFailed = ({ engine }) => engine.outbox.length === 2 && engine.outbox.every(({ state }) => state === "failed");
  await clock.until(() => isFailed(leader) && isFailed(follower));
  assert.equal(follower.engine.outbox[0].error.code, "chat_closed");
  assert.equal(follower.updates.all.filter(({ type }) => type === "notSent").length, 2);
  server.script = () => undefined;
  const idOf = (content) => follower.engine.outbox.find(({ draft }) => draft.content === content).clientMessageId;
  const id = idOf("1");
  follower.engine.discard(id);
  follower.engine.retry(idOf("2"));
  await clock.until(() => !leader.engine.outbox.length && !follower.engine.outbox.length);
  assert.deepEqual([discarded(leader), discarded(follower)], [[id], [id]]);
  assert.deepEqual(
    server.chats.get("c").messages.map(({ content }) => content),
    ["2"],
  );
  end();
});

test("a message that cannot be stored waits for those before it that another tab sends", async () => {
  const { server, clock, open, end } = begin();
  const shared = { ...memoryStorage(), isShared: true };
  const put = async (...values) => {
    if (values[3].draft?.content === "2") throw new Error("full");
    return shared.put(...values);
  };
  const [leader, follower] = [await open({ storage: shared }), await open({ storage: { ...shared, put } })];
  server.script = ({ name }) => (name === "sendMessage" ? SILENCE : undefined);
  follower.engine.send("c", { content: "1" });
  follower.engine.send("c", { content: "2" });
  await clock.until(() => follower.engine.outbox[0]?.state === "sending");
  await clock.advance(5000);
  assert.deepEqual(server.chats.get("c").messages, []);
  server.script = () => undefined;
  await clock.until(() => !leader.engine.outbox.length && !follower.engine.outbox.length);
  assert.deepEqual(
    server.chats.get("c").messages.map(({ content }) => content),
    ["1", "2"],
  );
  end();
});

test("without a storage that tabs share, a follower sends its own messages over HTTP", async () => {
  const { server, clock, open, end } = begin();
  const [leader, follower] = [await open({ storage: memoryStorage() }), await open({ storage: memoryStorage() })];
  follower.engine.send("c", { content: "1" });
  follower.engine.send("c", { content: "2" });
  await clock.until(() => !follower.engine.outbox.length);
  assert.equal(server.seen("POST /chats/c/messages").length, 2);
  await clock.until(() => texts(leader.engine).length === 2);
  assert.deepEqual(texts(leader.engine), ["1", "2"]);
  end();
});

test("where no WebSocket gets through, a follower without a shared storage sends over HTTP too", async () => {
  const { server, clock, open, end } = begin();
  const [leader, follower] = [await open({ storage: memoryStorage() }), await open({ storage: memoryStorage() })];
  server.refusesHandshake = () => true;
  server.cut();
  await clock.until(() => follower.engine.link.status === "offline");
  follower.engine.send("c", { content: "1" });
  await clock.until(() => !follower.engine.outbox.length);
  assert.deepEqual(
    server.chats.get("c").messages.map(({ content }) => content),
    ["1"],
  );
  assert.notEqual(leader.engine.link.status, "online");
  end();
});

test("a leader that crashes: the next tab takes the connection over, and no event is lost or doubled", async () => {
  const { server, clock, open, end } = begin();
  const [leader, second, third] = [await open(), await open(), await open()];
  server.say("c", "bob", "before");
  await clock.advance(100);
  const [socket] = server.open;
  socket.onmessage = socket.onclose = null;
  leader.tab.crash();
  socket.end(1006);
  server.say("c", "bob", "between");
  await clock.until(() => server.handshakes.length === 2);
  await clock.until(
    () => second.engine.link.isCaughtUp && third.engine.link.isCaughtUp && texts(third.engine).length === 2,
  );
  server.say("c", "bob", "after");
  await clock.advance(1000);
  for (const { updates } of [second, third]) assert.deepEqual(contents(updates), ["before", "between", "after"]);
  assert.equal(server.open.length, 1);
  end();
});

test("a leader that ends while it sends: the next tab sends the message again, and it is stored once", async () => {
  const { server, clock, open, end } = begin();
  const [leader, follower] = [await open(), await open()];
  server.script = ({ name, fields, socket }) => {
    if (name !== "sendMessage" || server.handshakes.length > 1) return undefined;
    server.act("alice", "sendMessage", fields, socket);
    return SILENCE;
  };
  leader.engine.send("c", { content: "once" });
  await clock.until(() => server.seen("sendMessage").length === 1);
  await clock.until(() => follower.engine.outbox.length === 1);
  leader.engine.stop();
  await clock.until(() => !follower.engine.outbox.length);
  await clock.until(() => texts(follower.engine).length === 1);
  assert.equal(server.chats.get("c").messages.length, 1);
  end();
});

for (const kind of ["hangs", "is frozen"])
  test(`a leader that ${kind}: a visible tab takes over after 3 s, and the old leader closes its socket when it wakes`, async () => {
    const { server, clock, open, end } = begin();
    const [leader, follower] = [await open(), await open()];
    const [old] = server.open;
    leader.tab.isFrozen = true;
    leader.tab.isHung = kind === "hangs";
    const { onmessage } = old;
    old.onmessage = (message) => server.clock && leader.tab.browser.later(leader.tab, () => onmessage(message));
    server.say("c", "bob", "while frozen");
    const took = await clock.until(() => server.handshakes.length === 2);
    assert.ok(took >= 3000);
    await clock.until(() => texts(follower.engine).length === 1);
    assert.deepEqual(contents(follower.updates), ["while frozen"]);
    leader.tab.thaw();
    await clock.until(() => old.readyState === 3);
    await clock.until(() => leader.engine.link.isCaughtUp && texts(leader.engine).length === 1);
    assert.deepEqual(contents(leader.updates), ["while frozen"]);
    await clock.advance(60_000);
    assert.equal(server.open.length, 1);
    assert.equal(server.handshakes.length, 2);
    end();
  });

test("a frozen leader is noticed within 3 s when a visible tab sends a message", async () => {
  const { server, clock, open, end } = begin();
  const [leader, follower] = [await open(), await open()];
  await clock.advance(1000);
  leader.tab.isFrozen = true;
  follower.engine.send("c", { content: "x" });
  const took = await clock.until(() => !follower.engine.outbox.length);
  assert.ok(took < 4000, `${took}`);
  assert.equal(server.chats.get("c").messages.length, 1);
  end();
});

test("a hidden tab does not take over", async () => {
  const { server, clock, open, end } = begin();
  const [leader, follower] = [await open(), await open()];
  follower.tab.show(false);
  leader.tab.isFrozen = true;
  await clock.advance(120_000);
  assert.equal(server.handshakes.length, 1);
  follower.tab.show(true);
  await clock.advance(1000);
  follower.tab.show(false);
  await clock.advance(60_000);
  assert.equal(server.handshakes.length, 1, "it hid before the 3 s were over");
  follower.tab.show(true);
  await clock.until(() => server.handshakes.length === 2);
  end();
});

test("a tab that wakes checks the connection with a ping of 3 s, and syncs", async () => {
  const { server, clock, open, end } = begin();
  const { tab, engine } = await open();
  server.say("c", "bob", "lost", { isLost: true });
  tab.fire("pageshow");
  await clock.advance(100);
  assert.equal(server.seen("ping").length, 1);
  assert.deepEqual(texts(engine), ["lost"]);
  // The network took the connection away without a word.
  const [socket] = server.open;
  server.script = (request) => (request.socket === socket ? SILENCE : undefined);
  tab.fire("resume");
  await clock.advance(2900);
  assert.equal(server.handshakes.length, 1);
  await clock.advance(2000);
  assert.equal(server.handshakes.length, 2);
  end();
});

test("a machine that slept: a timer that comes more than 60 s late leads to the same check", async () => {
  const { server, clock, open, end } = begin();
  await open();
  await clock.advance(1000);
  clock.time += 3_600_000;
  await clock.advance(1000);
  assert.ok(server.seen("ping").length >= 1);
  assert.ok(server.seen("sync").length >= 1);
  end();
});

test("a tab that comes online connects at once", async () => {
  const { server, clock, open, end } = begin();
  const { tab, engine } = await open({ random: () => 1 });
  server.isReachable = false;
  server.cut();
  await clock.advance(200_000);
  server.isReachable = true;
  const before = clock.now();
  tab.fire("online");
  await clock.until(() => engine.link.status === "online");
  assert.equal(clock.now(), before);
  end();
});

test("typing of a follower goes over the leader's socket", async () => {
  const { server, clock, open, end } = begin();
  const [, follower] = [await open(), await open()];
  follower.engine.sendFrame("typing", { chatId: "c", state: "start" });
  await clock.until(() => server.seen("typing").length === 1);
  end();
});

test("a follower shows that the leader is offline, and both catch up", async () => {
  const { server, clock, open, end } = begin();
  const [leader, follower] = [await open(), await open()];
  server.isReachable = false;
  server.cut();
  await clock.until(() => follower.engine.link.status === "offline");
  server.say("c", "bob", "missed");
  await clock.advance(20_000);
  server.isReachable = true;
  await clock.until(() =>
    [leader, follower].every(({ engine }) => engine.link.isCaughtUp && texts(engine).length === 1),
  );
  assert.deepEqual(contents(follower.updates), ["missed"]);
  assert.equal(server.open.length, 1);
  end();
});

test("stop leaves no lock, channel, listener, socket or timer", async () => {
  const { server, clock, browser, open } = begin();
  const tabs = [await open(), await open()];
  // The last answer of the leader to the new tab.
  await clock.advance(0);
  for (const { engine } of tabs) engine.stop();
  await clock.settle();
  assert.deepEqual(browser.held, []);
  assert.equal(browser.channels.size, 0);
  assert.equal(server.open.length, 0);
  assert.equal(clock.timers, 0);
  for (const { tab } of tabs) for (const listeners of tab.listeners.values()) assert.equal(listeners.size, 0);
});

test("start, stop and start in a row leave one lock and one socket", async () => {
  const { server, clock, browser, open, end } = begin();
  const { engine } = await open();
  engine.stop();
  engine.start();
  engine.stop();
  engine.start();
  await clock.until(() => engine.link.isCaughtUp);
  assert.equal(server.open.length, 1);
  assert.equal(browser.held.length, 1);
  end();
});

test("a file of a follower is uploaded by the leader, and the follower sees the progress", async () => {
  const { server, clock, open, end } = begin();
  const [, follower] = [await open(), await open()];
  const attachment = { type: "file", fileName: "a", contentType: "text/plain" };
  follower.engine.send("c", { type: "file" }, { file: new Blob(["bytes"]), attachment });
  const progress = new Set();
  follower.engine.subscribe(() => follower.engine.outbox[0] && progress.add(follower.engine.outbox[0].progress));
  await clock.until(() => !follower.engine.outbox.length);
  assert.equal(await server.bucket.get("/a1").text(), "bytes");
  assert.deepEqual([...progress], [0, 1]);
  end();
});

test("a request of a follower for a chat goes over HTTP and changes its own state", async () => {
  const { server, open, end } = begin();
  const [, follower] = [await open(), await open()];
  await follower.engine.request(getChat("c"));
  assert.equal(server.seen("GET /chats/c").length, 1);
  end();
});

test("what a follower wrote right before it stopped goes when it starts again", async () => {
  const { server, clock, open, end } = begin();
  const [, follower] = [await open(), await open()];
  follower.engine.send("c", { content: "x" });
  follower.engine.stop();
  await clock.advance(1000);
  assert.equal(server.chats.get("c").messages.length, 0);
  follower.engine.start();
  await clock.until(() => !follower.engine.outbox.length);
  assert.equal(server.chats.get("c").messages.length, 1);
  end();
});

test("a tab that began behind a message whose reply was lost hears that it is stored", async () => {
  const { server, clock, open, end } = begin();
  const leader = await open();
  server.script = ({ name, fields, socket }) => {
    if (name !== "sendMessage") return undefined;
    server.act("alice", "sendMessage", fields, socket);
    return SILENCE;
  };
  const id = leader.engine.send("c", { content: "x" });
  await clock.until(() => server.seen("sendMessage").length === 1);
  const follower = await open();
  await clock.until(() => follower.engine.outbox.length === 1);
  server.cut();
  await clock.until(() => !leader.engine.outbox.length && !follower.engine.outbox.length);
  assert.ok(follower.updates.all.some(({ type, clientMessageId }) => type === "sent" && clientMessageId === id));
  end();
});

test("a leader that could not read the storage once reads it again when another tab asks", async () => {
  const { server, clock, open, end } = begin();
  const storage = { ...memoryStorage(), isShared: true };
  let isBroken = false;
  const list = async (...values) => {
    if (isBroken) throw new Error("broken");
    return storage.list(...values);
  };
  const [, follower] = [await open({ storage: { ...storage, list } }), await open({ storage })];
  isBroken = true;
  follower.engine.send("c", { content: "x" });
  await clock.advance(100);
  isBroken = false;
  const waited = await clock.until(() => !follower.engine.outbox.length, 60_000);
  assert.ok(waited <= 20_000, `${waited}`);
  end();
});
