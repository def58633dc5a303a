// An application that says who the user is shows what waits before there is a token.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createEngine } from "../../src/engine/index.js";
import { memoryStorage } from "../../src/engine/storage.js";
import { FakeServer } from "./fake-server.js";
import { start } from "./helpers.js";

function begin() {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  const storage = memoryStorage();
  const record = { clientMessageId: "m", chatId: "c", draft: { content: "typed before" }, createdAt: 1 };
  return {
    server,
    clock: server.clock,
    storage,
    put: () => storage.put("outbox", "alice@ws://server/live", "m", record),
  };
}

test("with userId, the outbox is there without a token, and goes when there is one", async () => {
  const { server, clock, storage, put } = begin();
  await put();
  let isSignedIn = false;
  const token = async () => {
    if (!isSignedIn) throw new Error("offline");
    return server.token("alice");
  };
  const { engine } = start(server, "alice", { storage, token, userId: "alice" });
  await clock.until(() => engine.outbox.length === 1);
  assert.equal(engine.me, "alice");
  engine.send("c", { content: "typed now" });
  isSignedIn = true;
  await clock.until(() => engine.link.isCaughtUp && !engine.outbox.length);
  assert.deepEqual(
    server.chats.get("c").messages.map(({ content }) => content),
    ["typed before", "typed now"],
  );
  engine.stop();
});

test("nothing is read before start", async () => {
  const { server, clock, storage, put } = begin();
  await put();
  const engine = createEngine(server.options("alice", { storage, userId: "alice" }));
  await clock.settle();
  assert.equal(engine.me, undefined);
  assert.equal(engine.outbox.length, 0);
});

test("a token of another user than userId is refused, and nothing of either goes", async () => {
  const { server, clock, storage, put } = begin();
  await put();
  const { engine } = start(server, "bob", { storage, userId: "alice" });
  await clock.until(() => engine.link.code === "token");
  await clock.advance(60_000);
  assert.equal(server.handshakes.length, 0);
  assert.equal(server.chats.get("c").messages.length, 0);
  assert.equal(engine.outbox.length, 1);
  engine.stop();
});
