// What was typed survives a reload and goes once; a browser that stores nothing does not stop anybody from talking.
import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStorage } from "../../src/engine/storage.js";
import { ChatError } from "../../src/errors.js";
import { indexedDBStorage } from "../../src/indexeddb.js";
import { FakeServer, Refusal, SILENCE } from "./fake-server.js";
import { online, start, texts } from "./helpers.js";

let databases = 0;
const newStorage = () => indexedDBStorage({ name: `test-${++databases}` });

function begin() {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  server.clock.realMs = 15;
  return { server, clock: server.clock };
}

for (const [name, make] of [
  ["memoryStorage", memoryStorage],
  ["indexedDBStorage", newStorage],
]) {
  test(`${name} keeps values per store and user`, async () => {
    const storage = make();
    await storage.put("outbox", "alice", "1", { a: 1 });
    await storage.put("outbox", "alice", "2", { a: 2 });
    await storage.put("outbox", "alice2", "3", { a: 3 });
    await storage.put("drafts", "alice", "1", "text");
    await storage.put("outbox", "alice", "1", { a: 4 });
    const list = (user) => storage.list("outbox", user).then((values) => values.map(({ a }) => a).sort());
    assert.deepEqual(await list("alice"), [2, 4]);
    assert.deepEqual(await list("alice2"), [3]);
    assert.deepEqual(await list("bob"), []);
    assert.equal(await storage.get("drafts", "alice", "1"), "text");
    assert.equal(await storage.get("drafts", "alice", "2"), undefined);
    await storage.delete("outbox", "alice", "2");
    assert.deepEqual(await list("alice"), [4]);
    const blob = new Blob(["bytes"]);
    await storage.put("files", "alice", "1", blob);
    assert.equal(await (await storage.get("files", "alice", "1")).text(), "bytes");
  });
}

test("typed offline, page reloaded: each message goes once, in its order, and the storage is empty then", async () => {
  const { server, clock } = begin();
  const storage = newStorage();
  const first = await online(server, "alice", { storage });
  server.isReachable = false;
  server.cut();
  for (const content of ["1", "2", "3"]) first.engine.send("c", { content });
  await clock.until(() => first.engine.outbox.length === 3);
  await clock.advance(1000);
  first.engine.stop();
  server.isReachable = true;
  const { engine, updates } = await online(server, "alice", { storage });
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(
    server.chats.get("c").messages.map(({ content }) => content),
    ["1", "2", "3"],
  );
  assert.equal(updates.all.filter(({ type }) => type === "sent").length, 3);
  await clock.settle();
  assert.deepEqual(await storage.list("outbox", "alice@ws://server/live"), []);
  engine.stop();
});

test("what was typed before a reload goes before what is typed after it, also offline", async () => {
  const { server, clock } = begin();
  const storage = memoryStorage();
  for (const content of ["1", "2"]) {
    const record = { clientMessageId: content, chatId: "c", draft: { content }, createdAt: clock.now() };
    await storage.put("outbox", "alice@ws://server/live", content, record);
    await clock.advance(1000);
  }
  server.isReachable = false;
  const { engine } = start(server, "alice", { storage });
  engine.send("c", { content: "3" });
  await clock.until(() => engine.link.status === "offline" && engine.outbox.length === 3);
  await clock.advance(1000);
  server.isReachable = true;
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(
    server.chats.get("c").messages.map(({ content }) => content),
    ["1", "2", "3"],
  );
  engine.stop();
});

test("a message is in the storage before it is sent", async () => {
  const { server, clock } = begin();
  const order = [];
  const memory = memoryStorage();
  const storage = { ...memory, put: async (...values) => (await memory.put(...values), order.push("stored")) };
  server.script = ({ name }) => void (name === "sendMessage" && order.push("sent"));
  const { engine } = await online(server, "alice", { storage });
  engine.send("c", { content: "x" });
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(order, ["stored", "sent"]);
  engine.stop();
});

test("a message whose reply was lost with the page goes again under its id, and is stored once", async () => {
  const { server, clock } = begin();
  const storage = newStorage();
  const first = await online(server, "alice", { storage });
  server.script = ({ name, fields, socket }) => {
    if (name !== "sendMessage") return;
    server.act("alice", "sendMessage", fields, socket);
    first.engine.stop();
  };
  first.engine.send("c", { content: "once" });
  await clock.until(() => first.engine.link.status === "stopped");
  server.script = () => undefined;
  const { engine } = await online(server, "alice", { storage });
  await clock.until(() => !engine.outbox.length);
  assert.equal(server.chats.get("c").messages.length, 1);
  assert.deepEqual(texts(engine).slice(-1), ["once"].slice(0, texts(engine).length));
  engine.stop();
});

test("a failed message stays failed after a reload, with its error, until it is sent again or discarded", async () => {
  const { server, clock } = begin();
  const storage = newStorage();
  const first = await online(server, "alice", { storage });
  server.script = ({ name }) => (name === "sendMessage" ? new Refusal(409, "chat_closed") : undefined);
  for (const content of ["1", "2"]) first.engine.send("c", { content });
  await clock.until(() => first.engine.outbox.every(({ state }) => state === "failed"));
  await clock.advance(100);
  first.engine.stop();
  const { engine } = start(server, "alice", { storage });
  await clock.until(() => engine.outbox.length === 2);
  assert.deepEqual(
    engine.outbox.map(({ state, error }) => [state, error.code, error.status]),
    [
      ["failed", "chat_closed", 409],
      ["failed", "chat_closed", 409],
    ],
  );
  assert.ok(engine.outbox[0].error instanceof Error);
  await clock.until(() => engine.link.isCaughtUp);
  server.script = () => undefined;
  engine.discard(engine.outbox[0].clientMessageId);
  engine.retry(engine.outbox[0].clientMessageId);
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(
    server.chats.get("c").messages.map(({ content }) => content),
    ["2"],
  );
  engine.stop();
});

test("a file is in the storage with its message: after a reload it is uploaded and sent", async () => {
  const { server, clock } = begin();
  const storage = newStorage();
  const first = await online(server, "alice", { storage });
  server.isReachable = false;
  server.cut();
  const file = new Blob(["bytes"], { type: "text/plain" });
  first.engine.send(
    "c",
    { type: "file" },
    { file, attachment: { type: "file", fileName: "a.txt", contentType: "text/plain" } },
  );
  await clock.advance(1000);
  first.engine.stop();
  server.isReachable = true;
  const { engine } = await online(server, "alice", { storage });
  await clock.until(() => !engine.outbox.length);
  assert.equal(await server.bucket.get("/a1").text(), "bytes");
  await clock.settle();
  assert.equal(await storage.get("files", "alice@ws://server/live", "x"), undefined);
  assert.deepEqual(await storage.list("files", "alice@ws://server/live"), []);
  engine.stop();
});

test("a file that is uploaded is not uploaded again after a reload", async () => {
  const { server, clock } = begin();
  const storage = newStorage();
  const first = await online(server, "alice", { storage });
  server.script = ({ name }) => (name === "sendMessage" ? SILENCE : undefined);
  const attachment = { type: "file", fileName: "a.txt", contentType: "text/plain" };
  first.engine.send("c", { type: "file" }, { file: new Blob(["bytes"]), attachment });
  await clock.until(() => server.seen("sendMessage").length === 1);
  first.engine.stop();
  server.script = () => undefined;
  const { engine } = await online(server, "alice", { storage });
  await clock.until(() => !engine.outbox.length);
  assert.equal(server.seen("POST /attachments").length, 1);
  engine.stop();
});

test("a message that is discarded while it is written leaves nothing behind", async () => {
  const { server, clock } = begin();
  const memory = memoryStorage();
  const put = async (...values) => {
    await new Promise((resolve) => clock.setTimeout(resolve, 1000));
    return memory.put(...values);
  };
  const { engine } = await online(server, "alice", { storage: { ...memory, put } });
  const id = engine.send("c", { content: "x" });
  await clock.advance(500);
  engine.discard(id);
  await clock.advance(5000);
  assert.deepEqual(await memory.list("outbox", "alice@ws://server/live"), []);
  assert.equal(server.seen("sendMessage").length, 0);
  engine.stop();
});

test("users do not see one another's messages", async () => {
  const { server, clock } = begin();
  const storage = newStorage();
  const alice = await online(server, "alice", { storage });
  server.isReachable = false;
  server.cut();
  alice.engine.send("c", { content: "of alice" });
  await clock.advance(1000);
  alice.engine.stop();
  server.isReachable = true;
  const { engine } = await online(server, "bob", { storage });
  await clock.advance(60_000);
  assert.equal(engine.outbox.length, 0);
  assert.equal(server.chats.get("c").messages.length, 0);
  engine.stop();
});

for (const [name, storage] of [
  [
    "IndexedDB is refused, as in some private windows",
    indexedDBStorage({
      indexedDB: /** @type {any} */ ({
        open: () => {
          throw new DOMException("refused", "SecurityError");
        },
      }),
    }),
  ],
  ["IndexedDB hangs", indexedDBStorage({ indexedDB: /** @type {any} */ ({ open: () => ({}) }) })],
  [
    "the quota is exceeded",
    {
      ...memoryStorage(),
      isShared: true,
      put: async () => {
        throw new DOMException("full", "QuotaExceededError");
      },
    },
  ],
  ["the list is no array", { ...memoryStorage(), isShared: true, list: async () => undefined }],
  ["the functions return nothing", { put() {}, get() {}, delete() {}, list() {} }],
  [
    "the list throws",
    {
      ...memoryStorage(),
      list: () => {
        throw new Error("the disk is gone");
      },
    },
  ],
]) {
  test(`${name}: the messages go from memory, and a warning is logged`, async () => {
    const { server, clock } = begin();
    const warnings = [];
    const logger = { warn: (message) => warnings.push(message), error() {} };
    const { engine, updates } = await online(server, "alice", { storage, logger });
    engine.send("c", { content: "x" });
    await clock.until(() => !engine.outbox.length);
    await clock.settle();
    assert.equal(server.chats.get("c").messages.length, 1);
    assert.match(warnings[0], /cannot be stored/);
    const failures = updates.all.filter(({ type, task }) => type === "failed" && task === "storage");
    assert.equal(failures.length, warnings.length);
    assert.ok(failures.every(({ error }) => error instanceof ChatError && error.message));
    engine.stop();
  });
}

test("a database that the browser closed is opened again", async () => {
  const name = `test-${++databases}`;
  const storage = indexedDBStorage({ name });
  await storage.put("outbox", "alice", "1", { a: 1 });
  await new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 2);
    request.onsuccess = () => (request.result.close(), resolve(undefined));
    request.onerror = reject;
  });
  await assert.rejects(storage.list("outbox", "alice"), { name: "VersionError" });
});

test("a storage whose functions return values instead of promises will do", async () => {
  const { server, clock } = begin();
  const values = new Map();
  const storage = {
    put: (store, user, id, value) => void values.set(store + user + id, value),
    get: (store, user, id) => values.get(store + user + id),
    delete: (store, user, id) => void values.delete(store + user + id),
    list: (store, user) => [...values].filter(([key]) => key.startsWith(store + user)).map(([, value]) => value),
  };
  const { engine, updates } = await online(server, "alice", { storage });
  server.isReachable = false;
  engine.send("c", { content: "x" });
  await clock.until(() => values.size === 1);
  server.isReachable = true;
  await clock.until(() => !engine.outbox.length && !values.size);
  assert.equal(updates.all.filter(({ type, task }) => type === "failed" && task === "storage").length, 0);
  engine.stop();
});

test("what a storage lists that is no message holds up no message", async () => {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  const { engine } = start(server, "alice", { storage: { ...memoryStorage(), list: async () => [null, {}] } });
  engine.send("c", { content: "x" });
  await server.clock.until(() => !engine.outbox.length);
  engine.stop();
});
