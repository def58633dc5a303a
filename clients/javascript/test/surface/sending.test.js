import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../../src/client.js";
import { ChatError } from "../../src/errors.js";
import { createFakeEngine, entry, group, settle } from "./fake-engine.js";

function setUp() {
  const engine = createFakeEngine();
  const client = new Client(engine, { logger: {} });
  engine.logIn();
  engine.catchUp([entry(group("g"))]);
  return { engine, client, chat: client.chat("g") };
}

test("a message is in the outbox at once, and its promise has the stored message", async () => {
  const { engine, chat } = setUp();
  const sending = chat.send({
    text: "Hello",
    replyTo: 3,
    mentions: ["ben"],
    custom: { a: 1 },
    clientMessageId: "mine",
  });
  assert.equal(sending.name, "mine");
  assert.deepEqual(
    engine.outbox.map(({ clientMessageId, chatId, draft }) => [clientMessageId, chatId, draft]),
    [["mine", "g", { type: "text", content: "Hello", replyTo: 3, mentions: ["ben"], custom: { a: 1 } }]],
  );
  assert.equal(sending.state, "waiting");
  engine.setUnsent("mine", { state: "sending" });
  assert.equal(sending.state, "sending");
  engine.store("mine", 1);
  assert.equal(sending.state, "stored");
  assert.equal((await sending.stored).seq, 1);
  sending.discard();
  assert.equal(sending.state, "stored", "it is too late");
});

test("a message can be written before the first token", () => {
  const engine = createFakeEngine();
  const chat = new Client(engine).chat("g");
  const sending = chat.send("early");
  assert.equal(sending.state, "waiting");
  assert.equal(chat.timeline().items.get()[0].message.content, "early");
});

test("what the outbox refuses is thrown", () => {
  const { chat } = setUp();
  chat.send({ text: "a", clientMessageId: "same" });
  assert.throws(() => chat.send({ text: "b", clientMessageId: "same" }), { code: "duplicate_message_id" });
});

test("a refused message rejects, nobody has to look, and retry and discard end it", async () => {
  const { engine, client, chat } = setUp();
  const unhandled = [];
  const note = (reason) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const refused = [];
  client.on("notSent", ({ clientMessageId, error }) => refused.push([clientMessageId, error.code]));
  const sending = chat.send({ text: "a", clientMessageId: "a" });
  engine.refuse("a");
  await settle();
  assert.deepEqual([sending.state, sending.error.code], ["failed", "blocked"]);
  assert.deepEqual(refused, [["a", "blocked"]]);
  await assert.rejects(sending.stored, (error) => error instanceof ChatError && error.code === "blocked");

  const again = sending.retry();
  assert.equal(sending.state, "waiting");
  assert.equal(sending.retry(), again, "it is on its way");
  engine.store("a", 1);
  assert.equal((await again).seq, 1);
  assert.equal((await sending.stored).seq, 1);

  const other = chat.send({ text: "b", clientMessageId: "b" });
  other.discard();
  other.discard();
  await settle();
  assert.equal(other.state, "discarded");
  assert.deepEqual(engine.outbox, []);
  await assert.rejects(other.stored, { code: "discarded" });
  await settle();
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
});

test("a message that another tab discards rejects, and its name can be used again", async () => {
  const { engine, client, chat } = setUp();
  const heard = [];
  client.on("discarded", ({ clientMessageId }) => heard.push(clientMessageId));
  const sending = chat.send({ text: "a", clientMessageId: "a" });
  engine.discard("a");
  assert.equal(sending.state, "discarded");
  await assert.rejects(sending.stored, { code: "discarded" });
  const next = chat.send({ text: "b", clientMessageId: "a" });
  assert.notEqual(next, sending);
  assert.equal(next.state, "waiting");
  next.discard();
  assert.deepEqual(heard, ["a", "a"]);
  await assert.rejects(next.stored, { code: "discarded" });
});

test("state and promise agree if a listener discards a message that was stored just now", async () => {
  const { engine, client, chat } = setUp();
  let sending;
  client.on("sent", () => sending.discard());
  sending = chat.send({ text: "a", clientMessageId: "a" });
  engine.store("a", 1);
  await assert.rejects(sending.stored, { code: "discarded" });
  assert.equal(sending.state, "discarded");
});

test("a failed message of an earlier visit can be retried", async () => {
  const { engine, chat } = setUp();
  engine.send("g", { type: "text", content: "old" }, { clientMessageId: "old" });
  engine.setUnsent("old", { state: "failed", error: new ChatError("chat_closed", "closed") });
  const [item] = chat.timeline().items.get();
  assert.equal(item.error.code, "chat_closed");
  await assert.rejects(item.sending.stored, { code: "chat_closed" });
  const stored = item.sending.retry();
  engine.store("old", 1);
  assert.equal((await stored).seq, 1);
});

test("the sending of a row is that of the caller", () => {
  const { chat } = setUp();
  const sending = chat.send("a");
  assert.equal(chat.timeline().items.get()[0].sending, sending);
});

test("a file is declared by what is known of it", () => {
  const { engine, chat } = setUp();
  const send = (blob, options) => {
    chat.sendFile(blob, options);
    const { draft, attachment, file } = engine.outbox.at(-1);
    assert.equal(file, blob);
    return { ...attachment, draft: draft.type, content: draft.content };
  };
  const shown = (made) => JSON.parse(JSON.stringify(made));
  assert.deepEqual(shown(send(new Blob(["x"]))), {
    type: "file",
    draft: "file",
    content: "",
    fileName: "file",
    contentType: "application/octet-stream",
  });
  const named = new File(["x"], "a.txt", { type: "text/plain;charset=utf-8" });
  assert.deepEqual(shown(send(named, { caption: "see" })), {
    type: "file",
    draft: "file",
    content: "see",
    fileName: "a.txt",
    contentType: "text/plain",
  });
  const image = new File(["x"], "a.png", { type: "image/png" });
  assert.deepEqual(shown(send(image, { width: 2, height: 1, blurHash: "00" })), {
    type: "image",
    draft: "image",
    content: "",
    fileName: "a.png",
    contentType: "image/png",
    width: 2,
    height: 1,
    blurHash: "00",
  });
  const sound = new Blob(["x"], { type: "audio/ogg" });
  assert.deepEqual(shown(send(sound, { durationMs: 10, fileName: "a.ogg" })), {
    type: "audio",
    draft: "audio",
    content: "",
    fileName: "a.ogg",
    contentType: "audio/ogg",
    durationMs: 10,
  });
});

test("an upload tells its progress, and a signal discards it", async () => {
  const { engine, chat } = setUp();
  const progress = [];
  const controller = new AbortController();
  const sending = chat.sendFile(new Blob(["x"]), {
    signal: controller.signal,
    onProgress: (part) => progress.push(part),
    clientMessageId: "f",
  });
  engine.setUnsent("f", { progress: 0 });
  engine.setUnsent("f", { progress: 0.5 });
  chat.send("other");
  assert.deepEqual([sending.state, sending.progress], ["uploading", 0.5]);
  controller.abort();
  assert.deepEqual(
    engine.outbox.map(({ clientMessageId }) => clientMessageId),
    ["id-1"],
  );
  await assert.rejects(sending.stored, { code: "discarded" });
  assert.deepEqual(progress, [0, 0.5]);
  const aborted = chat.sendFile(new Blob(["x"]), { signal: AbortSignal.abort() });
  assert.equal(aborted.state, "discarded");
});
