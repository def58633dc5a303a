// docs/API.md, "Send": a message is stored once, whatever happens on the way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock, FakeServer, Refusal, SILENCE } from "./fake-server.js";
import { online, texts } from "./helpers.js";

/** A server with a chat of alice and bob, and alice's engine. */
async function begin(options, clock) {
  const server = new FakeServer(clock);
  server.chat("c", "alice", "bob");
  server.chat("d", "alice", "bob");
  const { engine, updates } = await online(server, "alice", options);
  const kept = () => engine.outbox.map(({ draft, state, error }) => [draft.content, state, error?.code]);
  const sends = () => server.seen("sendMessage").map(({ fields }) => [fields.content, fields.clientMessageId]);
  return { server, clock: server.clock, engine, updates, kept, sends };
}

/** Answers the n-th send of the script, counted from 1. */
const onSend = (answer) => {
  let n = 0;
  return (request) => (request.name === "sendMessage" ? answer(++n, request) : undefined);
};

test("messages of one chat go one at a time in their order, and chats do not wait for one another", async () => {
  const { server, clock, engine, sends } = await begin();
  server.script = onSend((n) => (n === 1 ? SILENCE : undefined));
  engine.send("c", { content: "1" });
  engine.send("c", { content: "2" });
  engine.send("d", { content: "3" });
  await clock.advance(1000);
  assert.deepEqual(
    sends().map(([content]) => content),
    ["1", "3"],
  );
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(texts(engine), ["1", "2"]);
});

test("a reply that is lost: the same message goes again under the same id, and is stored once", async () => {
  const { server, clock, engine, sends } = await begin();
  server.script = onSend((n, { socket, fields }) => {
    if (n > 1) return undefined;
    server.act("alice", "sendMessage", fields, socket);
    return SILENCE;
  });
  const id = engine.send("c", { content: "once" });
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(sends(), [
    ["once", id],
    ["once", id],
  ]);
  assert.equal(server.chats.get("c").messages.length, 1);
  assert.equal(server.handshakes.length, 1, "the ping showed that the connection is alive");
});

test("no reply in 10 s leads to a ping; if it has none either, the connection is lost", async () => {
  const { server, clock, engine } = await begin();
  server.script = ({ socket }) => (socket === server.sockets[0] ? SILENCE : undefined);
  engine.send("c", { content: "x" });
  await clock.advance(9_900);
  assert.equal(server.seen("ping").length, 0);
  await clock.advance(200);
  assert.equal(server.seen("ping").length, 1);
  assert.equal(engine.link.status, "online");
  await clock.advance(10_000);
  await clock.until(() => !engine.outbox.length);
  assert.equal(server.handshakes.length, 2);
  assert.equal(server.chats.get("c").messages.length, 1);
});

test("an event with the message acknowledges it when the connection that it was sent on is gone", async () => {
  const { server, clock, engine, updates } = await begin();
  server.script = onSend((n, { socket, fields }) => {
    if (n > 1) return SILENCE;
    server.act("alice", "sendMessage", fields, socket);
    socket.end(1006);
    return SILENCE;
  });
  const clientMessageId = engine.send("c", { content: "x" });
  await clock.until(() => engine.link.isCaughtUp && server.handshakes.length === 2);
  await clock.until(() => !engine.outbox.length);
  assert.equal(updates.all.filter(({ type }) => type === "sent").length, 1);
  assert.equal(updates.all.find(({ type }) => type === "sent").clientMessageId, clientMessageId);
  assert.deepEqual(texts(engine), ["x"]);
});

test("a retryable refusal waits for retryAfterMs and the back-off, without a limit of tries", async () => {
  const { server, clock, engine, sends } = await begin();
  const refusal = new Refusal(429, "rate_limited", { retryable: true, retryAfterMs: 3000 });
  server.script = onSend((n) => (n < 8 ? refusal : undefined));
  engine.send("c", { content: "x" });
  await clock.advance(3000);
  assert.equal(sends().length, 1);
  await clock.advance(400);
  assert.equal(sends().length, 2);
  await clock.until(() => !engine.outbox.length);
  assert.equal(sends().length, 8);
});

test("internal five times: the message is given up, kept as failed, and the next one goes", async () => {
  const { server, clock, engine, updates, kept, sends } = await begin();
  server.script = onSend((n, { fields }) => (fields.content === "x" ? new Refusal(500, "internal") : undefined));
  const id = engine.send("c", { content: "x" });
  engine.send("c", { content: "y" });
  await clock.until(() => engine.outbox.length === 1);
  assert.deepEqual(kept(), [["x", "failed", "internal"]]);
  assert.equal(sends().filter(([content]) => content === "x").length, 5);
  assert.equal(updates.all.find(({ type }) => type === "notSent").clientMessageId, id);
  server.script = () => undefined;
  engine.retry(id);
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(texts(engine), ["y", "x"]);
});

test("time-outs do not count as failures of the server", async () => {
  const { server, clock, engine } = await begin();
  server.script = onSend((n) => (n <= 5 ? SILENCE : n === 6 ? new Refusal(500, "internal") : undefined));
  engine.send("c", { content: "x" });
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(texts(engine), ["x"]);
});

test("a timer that comes early does not delay a message until the next ping", async () => {
  // Timers of Node.js come up to 1 ms early, and the clock goes on between two readings: one of these meets the moment.
  for (let early = 1; early <= 20; early++) {
    const clock = new Clock();
    const { setTimeout } = clock;
    clock.now = () => clock.time++;
    clock.setTimeout = (callback, ms) => setTimeout(callback, Math.max(ms - early, 0));
    const { server, engine } = await begin({}, clock);
    server.script = onSend((n) => (n === 1 ? new Refusal(503, "internal", { retryable: true }) : undefined));
    engine.send("c", { content: "x" });
    await clock.advance(30_000);
    assert.deepEqual(engine.outbox, [], `with timers ${early} ms early`);
    engine.stop();
  }
});

test("a reply that cannot be read counts as a failure, and does not end the connection", async () => {
  const { server, clock, engine, kept } = await begin();
  server.script = onSend(() => ({ message: "not a message" }));
  engine.send("c", { content: "x" });
  await clock.until(() => engine.outbox[0]?.state === "failed");
  assert.deepEqual(kept(), [["x", "failed", "unexpected"]]);
  assert.equal(server.handshakes.length, 1);
});

test("a refusal for good fails at once; discard takes the message out", async () => {
  const { server, clock, engine, sends, kept } = await begin();
  server.script = onSend(() => new Refusal(409, "chat_closed"));
  const id = engine.send("c", { content: "x" });
  await clock.until(() => engine.outbox[0]?.state === "failed");
  assert.deepEqual(kept(), [["x", "failed", "chat_closed"]]);
  assert.equal(sends().length, 1);
  engine.discard(id);
  assert.deepEqual(engine.outbox, []);
});

test("a reply acknowledges its message even with another clientMessageId", async () => {
  const { server, clock, engine, updates } = await begin();
  server.script = onSend(() => ({
    message: server.say("c", "alice", "x", { clientMessageId: "another", isLost: true }),
  }));
  engine.send("c", { content: "x" }, { clientMessageId: "mine" });
  await clock.until(() => !engine.outbox.length);
  assert.equal(updates.all.find(({ type }) => type === "sent").clientMessageId, "mine");
});

test("a frame over 32 KB goes over HTTP, counted in bytes", async () => {
  const { server, clock, engine } = await begin();
  engine.send("c", { content: "é".repeat(17_000) });
  engine.send("c", { content: "e".repeat(17_000) });
  engine.send("c", { content: "é".repeat(15_000) });
  await clock.until(() => !engine.outbox.length);
  assert.equal(server.seen("POST /chats/c/messages").length, 1);
  assert.equal(server.seen("sendMessage").length, 2);
});

test("the outbox takes 1000 messages, and one message per id", async () => {
  const { server, clock, engine } = await begin();
  server.isReachable = false;
  server.cut();
  for (let n = 0; n < 1000; n++) engine.send("c", { content: "x" }, { clientMessageId: `m-${n}` });
  assert.throws(() => engine.send("c", { content: "x" }), { code: "outbox_full", limit: 1000 });
  assert.throws(() => engine.send("d", { content: "x" }, { clientMessageId: "m-7" }), { code: "duplicate_message_id" });
  engine.stop();
  await clock.settle();
});

test("the outbox is another array when something changed, and the same one when nothing did", async () => {
  const { clock, engine } = await begin();
  const before = engine.outbox;
  assert.equal(engine.outbox, before);
  engine.send("c", { content: "x" });
  assert.notEqual(engine.outbox, before);
  assert.equal(engine.outbox, engine.outbox);
  await clock.until(() => !engine.outbox.length);
});

test("what is sent before the first token goes as soon as there is a connection", async () => {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  const { createEngine } = await import("../../src/engine/index.js");
  const engine = createEngine(server.options("alice"));
  engine.send("c", { content: "early" });
  await server.clock.advance(60_000);
  assert.equal(server.requests.length, 0, "nothing happens before start");
  engine.start();
  await server.clock.until(() => !engine.outbox.length);
  assert.equal(server.chats.get("c").messages.length, 1);
});
