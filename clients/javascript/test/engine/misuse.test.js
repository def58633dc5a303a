// What an application, a token source or a browser does wrong does not lose messages, block a chat, or tell secrets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStorage } from "../../src/engine/storage.js";
import { FakeServer, Refusal } from "./fake-server.js";
import { online, start } from "./helpers.js";

const SCOPE = "alice@ws://server/live";

function begin() {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  return { server, clock: server.clock };
}
const stored = (server) => server.chats.get("c").messages.map(({ content }) => content);

test("a draft that is no JSON is refused at once, and blocks no other message", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice");
  assert.throws(() => engine.send("c", { content: "x", custom: { n: 1n } }), TypeError);
  assert.equal(engine.outbox.length, 0);
  engine.send("c", { content: "y" });
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(stored(server), ["y"]);
  engine.stop();
});

test("a draft that the application changes later goes as it was", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice");
  const draft = { content: "x", mentions: ["bob"] };
  engine.send("c", draft);
  draft.mentions.push("carol");
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(server.seen("sendMessage")[0].fields.mentions, ["bob"]);
  engine.stop();
});

test("a token with a line break is no token, and is in no error", async () => {
  const { server, clock } = begin();
  const token = async () => server.token("alice") + "\n";
  const secret = server.token("alice");
  // As in a browser: its message has the subprotocol.
  const WebSocket = class {
    constructor(_url, [, protocol]) {
      throw new SyntaxError(`The subprotocol '${protocol}' is invalid.`);
    }
  };
  const { engine, updates } = start(server, "alice", { token, WebSocket });
  await clock.until(() => engine.link.status === "offline");
  assert.equal(engine.link.code, "token");
  assert.equal(engine.link.isTokenError, true);
  assert.ok(!JSON.stringify(updates.all).includes(secret));
  engine.stop();
});

test("a message that is sent again and discarded before that is written does not come back", async () => {
  const { server, clock } = begin();
  const storage = memoryStorage();
  const { engine } = await online(server, "alice", { storage });
  server.script = ({ name }) => (name === "sendMessage" ? new Refusal(409, "chat_closed") : undefined);
  const id = engine.send("c", { content: "x" });
  await clock.until(() => engine.outbox[0]?.state === "failed");
  await clock.settle();
  engine.retry(id);
  engine.discard(id);
  await clock.settle();
  assert.deepEqual(await storage.list("outbox", SCOPE), []);
  engine.stop();
});

test("more stored messages than may wait: all go, in their order, and new ones are stored", async () => {
  const { server, clock } = begin();
  const storage = memoryStorage();
  const count = 1003;
  for (let n = 0; n < count; n++)
    await storage.put("outbox", SCOPE, `m-${n}`, {
      ...{ clientMessageId: `m-${n}`, chatId: "c", draft: { content: String(n) }, createdAt: n },
    });
  const { engine } = await online(server, "alice", { storage });
  await clock.until(() => !engine.outbox.length);
  engine.send("c", { content: "new" });
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(stored(server), [...Array.from({ length: count }, (_, n) => String(n)), "new"]);
  engine.stop();
});

test("a file that cannot be read any more fails at once as lost", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice");
  const file = Object.assign(new Blob(["x"]), {
    arrayBuffer: async () => {
      throw new DOMException("gone", "NotFoundError");
    },
    stream: () => {
      throw new DOMException("gone", "NotFoundError");
    },
    slice: () => file,
  });
  engine.send("c", { type: "file" }, { file, attachment: { type: "file", fileName: "a", contentType: "a/b" } });
  await clock.until(() => engine.outbox[0]?.state === "failed");
  assert.equal(engine.outbox[0].error.code, "file_lost");
  engine.stop();
});

test("a wait that is longer than any timer does not end at once, again and again", async () => {
  const { server, clock } = begin();
  const waits = [];
  const setTimeout = (callback, ms) => (waits.push(ms), clock.setTimeout(callback, ms));
  const { engine } = await online(server, "alice", { setTimeout });
  server.open[0].closing({ code: "too_many_connections", retryAfterMs: 2 ** 40 });
  await clock.until(() => engine.link.status === "offline");
  await clock.settle();
  assert.ok(Math.max(...waits) < 2 ** 31, `${Math.max(...waits)}`);
  engine.stop();
});

test("an engine that is stopped by its own listener leaves no timer", async () => {
  const { server, clock } = begin();
  const { engine, updates } = start(server, "carol");
  engine.subscribe(({ type }) => type === "caughtUp" && engine.stop());
  await clock.until(() => updates.all.some(({ link }) => link?.status === "stopped"));
  await clock.settle();
  assert.equal(clock.timers, 0);
});

test("a chat id that no URL can have fails its message, and ends no process", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice");
  engine.send("\ud800", { content: "x" });
  engine.send("c", { content: "y" });
  await clock.until(() => engine.outbox[0]?.state === "failed");
  assert.deepEqual(stored(server), ["y"]);
  engine.stop();
});

test("nothing is asked after a stop, also if a file was read when it came", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice");
  let read = () => {};
  const isRead = new Promise((resolve) => (read = resolve));
  const bytes = async () => {
    await isRead;
    return new ArrayBuffer(1);
  };
  const file = Object.assign(new Blob(["x"]), { arrayBuffer: bytes, slice: () => file });
  engine.send("c", { type: "file" }, { file, attachment: { type: "file", fileName: "a", contentType: "a/b" } });
  await clock.until(() => engine.outbox[0].state === "uploading");
  engine.stop();
  const { length } = server.requests;
  read();
  await clock.until(() => engine.outbox[0].state === "waiting");
  await clock.settle();
  assert.equal(server.requests.length, length);
  assert.equal(clock.timers, 0);
});
