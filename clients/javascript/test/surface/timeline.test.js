import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Client } from "../../src/client.js";
import { ChatError } from "../../src/errors.js";
import { created, createFakeEngine, entry, group, message, serve, settle, time, updated } from "./fake-engine.js";

/** A client of a group with this many messages, which holds none of them yet. */
function setUp(count) {
  const engine = createFakeEngine();
  const client = new Client(engine, { logger: {} });
  const messages = Array.from({ length: count }, (_, index) => message("g", index + 1));
  const document = group("g", { seq: count });
  serve(engine, document, messages);
  engine.logIn();
  engine.catchUp([entry(document, { lastMessage: messages.at(-1) })]);
  engine.requests.length = 0;
  const chat = client.chat("g");
  const timeline = chat.timeline();
  const seqs = () => timeline.items.get().map((item) => item.message.seq);
  return { engine, client, chat, messages, document, timeline, seqs };
}
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const receipt = (userId, readSeq) => ({
  event: "receipt.updated",
  chatId: "g",
  data: { userId, readSeq, readAt: time(1) },
});
const pages = (engine) => engine.requests.filter(({ action }) => action === "listMessages").map(({ query }) => query);

test("older messages come by pages, and calls at the same time are one request", async () => {
  const { engine, chat, timeline, seqs } = setUp(120);
  assert.deepEqual(timeline.status.get(), { hasOlder: true, hasNewer: false, isLoading: false, error: undefined });
  const other = chat.timeline();
  const calls = [timeline.older(), timeline.older(), other.older()];
  assert.equal(timeline.status.get().isLoading, true);
  assert.deepEqual(await Promise.all(calls), [true, true, true]);
  assert.deepEqual(
    pages(engine).map(({ before, limit }) => [before, limit]),
    [[121, 50]],
  );
  assert.deepEqual(seqs(), range(71, 120));
  assert.equal(await timeline.older(100), false);
  assert.deepEqual(seqs(), range(1, 120));
  assert.equal(await timeline.older(), false);
  assert.equal(pages(engine).length, 2, "there is nothing older");
  assert.deepEqual(timeline.status.get(), { hasOlder: false, hasNewer: false, isLoading: false, error: undefined });
});

test("a load that fails is in the status and rejects, and nobody has to look; a signal ends it", async () => {
  const { engine, timeline } = setUp(10);
  const { answer } = engine;
  engine.answer = () => {
    throw new ChatError("network", "offline");
  };
  timeline.older();
  await settle();
  assert.equal(timeline.status.get().error.code, "network");
  await assert.rejects(timeline.older(), { code: "network" });
  engine.answer = answer;
  await assert.rejects(timeline.older(5, { signal: AbortSignal.abort() }), { code: "aborted" });
  assert.equal(timeline.items.get().length, 0);
  const load = timeline.older(5);
  assert.equal(timeline.status.get().error, undefined);
  await load;
  assert.equal(timeline.items.get().length, 5);
});

test("of 5,000 messages none is made again when one comes, and unrelated changes cost nothing", async () => {
  const { engine, client, timeline } = setUp(0);
  for (const seq of range(1, 5000)) engine.push(created(message("g", seq)));
  const { freeze } = Object;
  let frozen = 0;
  Object.freeze = (value) => (frozen++, freeze(value));
  try {
    const before = timeline.items.get();
    assert.ok(frozen >= 5000, "the test counts");
    assert.ok([before, ...before, ...before.map((item) => item.message)].every(Object.isFrozen));
    frozen = 0;
    engine.push(created(message("g", 5001)));
    const after = timeline.items.get();
    assert.ok(frozen <= 5, `${frozen} objects are new`);
    assert.equal(after.length, 5001);
    assert.ok(before.every((item, index) => item === after[index]));
    frozen = 0;
    engine.push({ event: "presence.updated", data: { userId: "ben", status: "online", at: time(1) } });
    assert.equal(timeline.items.get(), after);
    assert.equal(frozen, 0);
    engine.push(receipt("cleo", 2));
    const read = timeline.items.get();
    assert.ok(frozen <= 10, `${frozen} objects are new for 2 messages that were read`);
    assert.deepEqual(
      read.filter((item, index) => item !== after[index]).map((item) => item.message.seq),
      [1, 2],
    );
    assert.deepEqual(client.chat("g").timeline().items.get()[4000], after[4000]);
    assert.equal(client.chat("g").timeline().items.get()[4000], after[4000], "timelines share their items");
  } finally {
    Object.freeze = freeze;
  }
});

test("nothing is computed for a timeline that nobody reads", async () => {
  const { engine, timeline } = setUp(0);
  const { freeze } = Object;
  let frozen = 0;
  Object.freeze = (value) => (frozen++, freeze(value));
  try {
    for (const seq of range(1, 100)) engine.push(created(message("g", seq)));
    await settle();
    assert.equal(frozen, 0);
    const off = timeline.items.subscribe(() => {});
    frozen = 0;
    for (const seq of range(101, 200)) engine.push(created(message("g", seq)));
    await settle();
    assert.ok(frozen >= 300 && frozen <= 405, `${frozen}: each new item, its message and its readers, once for all`);
    off();
  } finally {
    Object.freeze = freeze;
  }
});

test("who watches a timeline hears that somebody has read, and only the messages that were read are other items", async () => {
  const { engine, timeline } = setUp(0);
  for (const seq of range(1, 4)) engine.push(created(message("g", seq, { senderId: "ana", seenBy: ["ana"] })));
  const heard = [];
  timeline.items.subscribe((items) => heard.push(items));
  const before = timeline.items.get();
  assert.deepEqual([before[0].isOwn, before[0].seenBy], [true, ["ana"]]);
  engine.push(receipt("cleo", 2));
  await settle();
  engine.push(receipt("ben", 3));
  await settle();
  const readers = heard.map((items) => items.map((item) => item.seenBy.join()));
  assert.deepEqual(readers, [
    ["ana,cleo", "ana,cleo", "ana", "ana"],
    ["ana,ben,cleo", "ana,ben,cleo", "ana,ben", "ana"],
  ]);
  assert.equal(heard[0][2], before[2]);
  assert.equal(heard[1][3], before[3]);
  assert.deepEqual(before[0].seenBy, ["ana"], "an item does not change");
  assert.ok(heard.flat().every((item) => Object.isFrozen(item.seenBy)));
  // Ben has read up to there: a message that says so is not another item.
  engine.push(receipt("ben", 1));
  await settle();
  assert.equal(heard.length, 2);
});

test("members that say what the messages say already change no item, and others do", () => {
  const { engine, timeline } = setUp(0);
  const putMembers = (...members) => engine.update((state) => void state.chat("g").readers.putMembers(members));
  const seenBy = () => timeline.items.get()[0].seenBy;
  engine.push(created(message("g", 1, { senderId: "ana", seenBy: ["ana", "ben"] })));
  const before = timeline.items.get();
  const [ana, ben] = ["ana", "ben"].map((userId) => ({ userId, joinedSeq: 0, readSeq: 1 }));
  putMembers(ana, ben);
  assert.equal(timeline.items.get(), before);
  engine.push(receipt("cleo", 1));
  assert.deepEqual(seenBy(), ["ana", "ben", "cleo"]);
  putMembers(ana, ben, { userId: "cleo", joinedSeq: 1, readSeq: 1 });
  assert.deepEqual(seenBy(), ["ana", "ben"], "cleo joined after the message");
  putMembers(ana, ben, { userId: "cleo", joinedSeq: 0, readSeq: 1 });
  assert.deepEqual(seenBy(), ["ana", "ben", "cleo"]);
  putMembers(ana, ben);
  assert.deepEqual(seenBy(), ["ana", "ben"], "cleo is not known any more");
});

test("who reads while a timeline shows another place is seen at the end of the chat too", async () => {
  const { engine, chat, timeline } = setUp(0);
  const messages = range(1, 60).map((seq) => message("g", seq, { senderId: "ana", seenBy: ["ana"] }));
  serve(engine, group("g", { seq: 200 }), messages);
  engine.update((state) => state.applyOlderPage("g", { messages: [], seq: 0, rev: 0, floor: 0, hasMoreBefore: true }));
  for (const one of messages) engine.push(created(one));
  const other = chat.timeline();
  const last = () => timeline.items.get().at(-1);
  assert.deepEqual(last().seenBy, ["ana"]);
  engine.state.chat("g").heldAbove = 55;
  await timeline.jumpTo(20, { limit: 4 });
  assert.ok(last().message.seq < 30);
  engine.push(receipt("cleo", 60));
  assert.deepEqual(last().seenBy, ["ana", "cleo"]);
  timeline.toLatest();
  assert.deepEqual(last().seenBy, ["ana", "cleo"]);
  assert.equal(other.items.get().at(-1), last());
});

test("a message keeps its key from the outbox to its place, and is never there twice or not at all", async () => {
  const { engine, chat, timeline } = setUp(0);
  const rows = () => timeline.items.get().map(({ key, state }) => [key, state]);
  const heard = [];
  const seen = [];
  timeline.items.subscribe(() => heard.push(rows()));
  // Every update is a moment at which the application may look.
  engine.subscribe(() => seen.push(rows()));
  engine.push(created(message("g", 1)));
  chat.send({ text: "mine", clientMessageId: "m" });
  await settle();
  engine.setUnsent("m", { state: "sending" });
  await settle();
  engine.store("m", 2);
  await settle();
  assert.deepEqual(rows(), [
    ["g:1", "stored"],
    ["m", "stored"],
  ]);
  const own = (at) => at.filter(([key]) => key === "m").map(([, state]) => state);
  assert.deepEqual(heard.map(own), [["waiting"], ["sending"], ["stored"]]);
  for (const at of seen) assert.ok(own(at).length <= 1);
  const item = timeline.items.get()[1];
  assert.equal(item.isOwn, true);
  assert.equal(item.message.seq, 2);
});

test("an event before the reply shows one row, and so does a reply before messages that are missing", async () => {
  const { engine, chat, timeline } = setUp(0);
  const rows = () => timeline.items.get().map(({ key, state, message }) => [key, state, message.seq]);
  chat.send({ text: "a", clientMessageId: "a" });
  engine.push(created(message("g", 1, { senderId: "ana", clientMessageId: "a" })));
  assert.deepEqual(rows(), [["a", "stored", 1]]);
  engine.remove("a");
  assert.deepEqual(rows(), [["a", "stored", 1]]);

  chat.send({ text: "b", clientMessageId: "b" });
  engine.store("b", 3);
  assert.deepEqual(
    rows(),
    [
      ["a", "stored", 1],
      ["b", "stored", 3],
    ],
    "the message before it is missing",
  );
  assert.equal(engine.state.chat("g").seq, 1);
  engine.push(created(message("g", 2)));
  assert.deepEqual(rows(), [
    ["a", "stored", 1],
    ["g:2", "stored", 2],
    ["b", "stored", 3],
  ]);
});

test("messages of others keep their own keys, whatever id their sender chose", () => {
  const { engine, timeline } = setUp(0);
  engine.push(created(message("g", 1, { senderId: "ben", clientMessageId: "m-1" })));
  engine.push(created(message("g", 2, { senderId: "ana", clientMessageId: "m-1" })));
  assert.deepEqual(
    timeline.items.get().map(({ key }) => key),
    ["g:1", "m-1"],
  );
});

test("unsent messages come last, in the order in which they were written, with what they say", () => {
  const { engine, client, chat, timeline } = setUp(0);
  chat.send({ text: "one", replyTo: 1, mentions: ["ben"], custom: { a: 1 } });
  client.chat("other").send("elsewhere");
  const file = new Blob(["x"], { type: "image/png" });
  chat.sendFile(file, { caption: "two" });
  engine.push(created(message("g", 1)));
  const [stored, one, two] = timeline.items.get();
  assert.equal(timeline.items.get().length, 3);
  assert.equal(stored.state, "stored");
  assert.deepEqual(
    [one.state, one.message.content, one.message.replyTo, one.message.mentions, one.message.custom],
    ["waiting", "one", 1, ["ben"], { a: 1 }],
  );
  assert.deepEqual([one.message.senderId, one.message.seq, one.isOwn], ["ana", undefined, true]);
  assert.deepEqual([two.state, two.message.type, two.message.content, two.file], ["uploading", "file", "two", file]);
  assert.deepEqual([two.attachment.fileName, two.attachment.contentType], ["file", "image/png"]);
  engine.setUnsent(two.key, { progress: 0.5 });
  assert.equal(timeline.items.get()[1], one, "nothing happened to it");
  assert.equal(timeline.items.get()[2].progress, 0.5);
  engine.refuse(one.key);
  const failed = timeline.items.get()[1];
  assert.deepEqual([failed.state, failed.error.code], ["failed", "blocked"]);
  failed.sending.discard();
  assert.deepEqual(
    timeline.items.get().map(({ key }) => key),
    [stored.key, two.key],
  );
});

test("a jump shows the messages around a place, and newer walks back to the end without a gap", async () => {
  const { engine, timeline, seqs } = setUp(200);
  await timeline.older(20);
  await timeline.jumpTo(100, { limit: 20 });
  assert.deepEqual(seqs(), range(90, 109));
  const { hasOlder, hasNewer } = timeline.status.get();
  assert.deepEqual([hasOlder, hasNewer], [true, true]);
  assert.deepEqual(pages(engine).at(-1), { around: 100, limit: 20 });
  assert.equal(await timeline.older(40), true);
  assert.deepEqual(seqs(), range(50, 109));
  const calls = [timeline.newer(60), timeline.newer(60)];
  assert.deepEqual(await Promise.all(calls), [true, true]);
  assert.deepEqual(seqs(), range(50, 169));
  engine.push(created(message("g", 201)));
  assert.deepEqual(seqs(), range(50, 169), "new messages are at the end");
  assert.equal(await timeline.newer(50), false);
  assert.deepEqual(seqs(), range(50, 201), "the end has what was shown, and more");
  assert.equal(timeline.status.get().hasNewer, false);
  engine.push(created(message("g", 202)));
  assert.equal(seqs().at(-1), 202);
  assert.equal(engine.state.isBehind, false);
});

test("a jump to what is held asks nobody, and a later jump wins", async () => {
  const { engine, timeline, seqs } = setUp(200);
  await timeline.older(50);
  engine.requests.length = 0;
  await timeline.jumpTo(170);
  assert.deepEqual([pages(engine).length, timeline.status.get().hasNewer], [0, false]);

  const { answer } = engine;
  const held = [];
  engine.answer = (call) => new Promise((resolve) => held.push(() => resolve(answer(call))));
  const first = timeline.jumpTo(20, { limit: 10 });
  const same = timeline.jumpTo(20, { limit: 10 });
  const second = timeline.jumpTo(100, { limit: 10 });
  await settle();
  assert.equal(held.length, 2);
  held[1]();
  await second;
  assert.equal(seqs()[0], 95);
  held[0]();
  await Promise.all([first, same]);
  assert.equal(seqs()[0], 95);
  timeline.toLatest();
  assert.deepEqual(seqs(), range(151, 200));

  engine.answer = answer;
  const late = timeline.jumpTo(50);
  timeline.toLatest();
  await late;
  assert.equal(timeline.status.get().hasNewer, false, "the way back was chosen later");
});

test("a timeline that leaves a place leaves nothing behind, and says that it loads", async () => {
  const { engine, timeline, seqs } = setUp(200);
  await timeline.older(50);
  const listeners = engine.listeners.size;
  const load = timeline.jumpTo(20, { limit: 10 });
  assert.equal(timeline.status.get().isLoading, true);
  await load;
  assert.equal(timeline.status.get().isLoading, false);
  await timeline.jumpTo(60, { limit: 10 });
  await timeline.jumpTo(100, { limit: 10 });
  assert.equal(engine.listeners.size, listeners + 1);
  await timeline.jumpTo(170);
  assert.deepEqual(seqs(), range(151, 200));
  assert.equal(timeline.status.get().hasNewer, false);
  assert.equal(engine.listeners.size, listeners);
});

test("a page that is older than the changes that came makes the messages be read again", async () => {
  const { engine, timeline, messages, document } = setUp(200);
  await timeline.jumpTo(100, { limit: 10 });
  timeline.items.subscribe(() => {});
  messages[109] = message("g", 110, { rev: 1, content: "edited" });
  engine.push(updated(messages[109]));
  assert.equal(pages(engine).length, 1);
  // This page was read before the edit.
  messages[109] = message("g", 110);
  await timeline.newer(10);
  messages[109] = message("g", 110, { rev: 1, content: "edited" });
  document.rev = 1;
  engine.emit({ type: "caughtUp" });
  await settle();
  assert.equal(timeline.items.get().find((item) => item.message.seq === 110).message.content, "edited");

  timeline.toLatest();
  document.rev = 0;
  const count = pages(engine).length;
  await timeline.jumpTo(100, { limit: 10 });
  await settle();
  assert.equal(pages(engine).length, count + 2, "what was read again at another place does not count");
});

test("timelines of one chat load for themselves, and the oldest held message needs no request", async () => {
  const { engine, chat, timeline } = setUp(300);
  const other = chat.timeline();
  await Promise.all([timeline.jumpTo(100, { limit: 10 }), other.jumpTo(200, { limit: 10 })]);
  await Promise.all([timeline.older(10), other.older(10), timeline.newer(10), other.newer(10)]);
  const shown = (of) => of.items.get().map((item) => item.message.seq);
  assert.deepEqual([shown(timeline), shown(other)], [range(85, 114), range(185, 214)]);
  timeline.toLatest();
  await timeline.older(50);
  const count = pages(engine).length;
  await timeline.jumpTo(251);
  assert.equal(pages(engine).length, count);
  await timeline.jumpTo(250);
  assert.equal(pages(engine).length, count + 1);
});

test("a timeline can begin around a message", async () => {
  const { chat } = setUp(200);
  const timeline = chat.timeline({ around: 100 });
  await settle();
  assert.equal(timeline.items.get()[25].message.seq, 100);
});

test("a jump to where nothing can be seen shows the end, and what is older can still be loaded", async () => {
  const { engine, timeline, seqs } = setUp(200);
  await timeline.older(10);
  const { answer } = engine;
  engine.answer = (call) =>
    call.query?.around
      ? { messages: [], hasMoreBefore: true, hasMoreAfter: true, seq: 200, rev: 0, floor: 0 }
      : answer(call);
  await timeline.jumpTo(100);
  assert.deepEqual(timeline.status.get(), { hasOlder: true, hasNewer: false, isLoading: false, error: undefined });
  await timeline.older(10);
  assert.deepEqual(seqs(), range(181, 200));
});

test("a jump near the end shows the end", async () => {
  const { timeline, seqs } = setUp(100);
  await timeline.jumpTo(95, { limit: 20 });
  assert.deepEqual(seqs(), range(81, 100));
  assert.equal(timeline.status.get().hasNewer, false);
  assert.equal(timeline.status.get().hasOlder, true);
});

test("messages around a place get edits, deletions and reactions", async () => {
  const { engine, timeline, seqs, messages, document } = setUp(200);
  await timeline.jumpTo(100, { limit: 10 });
  const item = (seq) => timeline.items.get().find(({ message }) => message.seq === seq);
  const before = timeline.items.get();
  const change = (data) => {
    document.rev = data.rev;
    messages[data.seq - 1] = data;
    engine.push(updated(data));
  };
  change(message("g", 100, { rev: 1, content: "edited", editedAt: time(9) }));
  assert.equal(item(100).message.content, "edited");
  assert.equal(timeline.items.get()[0], before[0]);
  engine.push({ event: "reaction.updated", chatId: "g", seq: 101, rev: 2, data: { userId: "cleo", emojis: ["👍"] } });
  assert.deepEqual(item(101).message.reactions, [{ emoji: "👍", count: 1, userIds: ["cleo"] }]);
  engine.push({ event: "chat.created", chatId: "other", data: group("other", { rev: 2, seq: 200 }) });
  engine.push({
    event: "reaction.updated",
    chatId: "other",
    seq: 101,
    rev: 3,
    data: { userId: "zoe", emojis: ["👎"] },
  });
  assert.equal(item(101).message.reactions.length, 1, "that was another chat");
  change(message("g", 102, { rev: 3, content: "", deletedAt: time(9), deletedBy: "ben" }));
  assert.equal(item(102).message.deletedBy, "ben");
  engine.push(updated(message("g", 103, { rev: 4, content: "", deletedFor: ["ana"] })));
  assert.equal(item(103), undefined);
  engine.push(updated(message("g", 150, { rev: 5, content: "elsewhere" })));
  change(message("g", 104, { rev: 6, content: "the last one" }));
  assert.equal(item(104).message.content, "the last one");
  assert.equal(pages(engine).length, 1, "no event was missed");
  assert.deepEqual(
    seqs(),
    range(95, 104).filter((seq) => seq !== 103),
  );
  engine.push({ event: "chat.updated", chatId: "g", rev: 7, data: { ...document, rev: 7, floor: 98 } });
  assert.deepEqual(seqs(), [99, 100, 101, 102, 104]);
});

test("messages around a place are read again when a change came without an event", async () => {
  const { engine, timeline, messages, document } = setUp(200);
  await timeline.jumpTo(100, { limit: 10 });
  timeline.items.subscribe(() => {});
  messages[98] = message("g", 99, { rev: 2, content: "edited while away" });
  messages.splice(99, 1);
  document.rev = 3;
  const sync = { request: { cursors: { g: { seq: 200, rev: 0 } }, open: [] }, sentAt: engine.state.plan.now };
  engine.update((state) =>
    state.applySync(sync, {
      chats: [
        {
          chatId: "g",
          messages: [],
          changed: [],
          readSeq: 0,
          unreadCount: 1,
          floor: 0,
          cursor: { seq: 200, rev: 3 },
          settings: { memberRev: 1, notify: "all" },
        },
      ],
      joined: [],
      gone: [],
      limited: false,
    }),
  );
  engine.emit({ type: "caughtUp" });
  await settle();
  const shown = timeline.items.get().map(({ message }) => message);
  assert.equal(shown.find(({ seq }) => seq === 99).content, "edited while away");
  assert.equal(
    shown.find(({ seq }) => seq === 100),
    undefined,
  );
  assert.deepEqual(
    pages(engine)
      .slice(1)
      .map(({ after, limit }) => [after, limit]),
    [[94, 10]],
  );
  engine.emit({ type: "caughtUp" });
  await settle();
  assert.equal(pages(engine).length, 2, "nothing was missed since");
});

test("a long window is read again in pages, and one of which nothing is left shows the end", async () => {
  const { engine, timeline, seqs, messages, document } = setUp(400);
  timeline.items.subscribe(() => {});
  await timeline.jumpTo(150, { limit: 100 });
  await timeline.newer(100);
  await timeline.older(20);
  assert.deepEqual(seqs(), range(80, 299));
  const change = async (rev) => {
    document.rev = rev;
    engine.state.chat("g").rev = rev;
    engine.emit({ type: "caughtUp" });
    await settle();
  };
  await change(1);
  assert.deepEqual(
    pages(engine)
      .slice(3)
      .map(({ after, limit }) => [after, limit]),
    [
      [79, 100],
      [179, 100],
      [279, 20],
    ],
  );
  assert.deepEqual(seqs(), range(80, 299));
  messages.length = 79;
  await change(2);
  assert.equal(timeline.status.get().hasNewer, false);
});

test("messages around a place that could not be read again are read with the next change", async () => {
  const { engine, timeline, messages, document } = setUp(200);
  await timeline.jumpTo(100, { limit: 10 });
  timeline.items.subscribe(() => {});
  const { answer } = engine;
  engine.answer = () => {
    throw new ChatError("network", "offline");
  };
  messages[98] = message("g", 99, { rev: 1, content: "edited" });
  document.rev = 2;
  const held = engine.state.chat("g");
  held.rev = 2;
  engine.emit({ type: "caughtUp" });
  await settle();
  engine.answer = answer;
  engine.emit({ type: "caughtUp" });
  await settle();
  assert.equal(timeline.items.get().find(({ message }) => message.seq === 99).message.content, "edited");
});

test("what a window had to miss is asked for when it reaches the end", async () => {
  const { engine, timeline, seqs } = setUp(30);
  await timeline.jumpTo(5, { limit: 10 });
  assert.deepEqual(seqs(), range(1, 10));
  engine.state.chat("g").rev = 4;
  await timeline.newer(50);
  assert.deepEqual(seqs(), range(1, 30));
  assert.equal(engine.state.chat("g").rev, 0);
  assert.equal(engine.state.isBehind, true, "a sync asks for the changes since the pages were read");
});

test("wherever a timeline was, walking to both ends shows every message once, in its latest state", async () => {
  const limit = fc.integer({ min: 1, max: 15 });
  const seq = fc.integer({ min: 1, max: 60 });
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom("older", "newer"), limit }),
    fc.record({ kind: fc.constant("jump"), limit, seq }),
    fc.record({ kind: fc.constantFrom("say", "latest", "sync") }),
    fc.record({ kind: fc.constantFrom("edit", "hide"), seq, isLost: fc.boolean() }),
  );
  const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
    const { engine, timeline, messages, document } = setUp(60);
    timeline.items.subscribe(() => {});
    /** What a sync brings after events were lost: the messages that changed. */
    const sync = () => {
      for (let next; (next = engine.state.nextRequest()) && next.kind === "sync";) {
        const cursor = next.request.cursors.g;
        const changed = changes.filter((data) => data.rev > cursor.rev && data.seq <= cursor.seq);
        const part = {
          chatId: "g",
          messages: messages.filter((held) => held.seq > cursor.seq),
          changed: changed.filter((data) => !changed.some((later) => later.seq === data.seq && later.rev > data.rev)),
          ...{ readSeq: 0, unreadCount: messages.length, floor: 0, settings: { memberRev: 1, notify: "all" } },
          cursor: { seq: document.seq, rev: document.rev },
        };
        engine.update((state) => state.applySync(next, { chats: [part], joined: [], gone: [], limited: false }));
      }
      engine.emit({ type: "caughtUp" });
    };
    const changes = [];
    for (const { kind, limit, seq, isLost } of steps) {
      if (kind === "older") await timeline.older(limit);
      if (kind === "newer") await timeline.newer(limit);
      if (kind === "jump") await timeline.jumpTo(seq, { limit });
      if (kind === "latest") timeline.toLatest();
      if (kind === "sync") sync();
      if (kind === "say") {
        messages.push(message("g", ++document.seq));
        engine.push(created(messages.at(-1)));
      }
      const index = messages.findIndex((held) => held.seq === seq);
      if ((kind === "edit" || kind === "hide") && index >= 0) {
        const rev = ++document.rev;
        const data = message("g", seq, { rev, content: `rev ${rev}`, deletedFor: kind === "hide" ? ["ana"] : [] });
        messages.splice(index, 1, ...(kind === "hide" ? [] : [data]));
        changes.push(data);
        if (!isLost) engine.push(updated(data));
      }
      const seqs = timeline.items.get().map((item) => item.message.seq);
      assert.deepEqual(
        seqs,
        [...new Set(seqs)].sort((a, b) => a - b),
      );
    }
    engine.state.markBehind();
    sync();
    await settle();
    while (await timeline.newer(10));
    while (await timeline.older(10));
    sync();
    await settle();
    assert.deepEqual(
      timeline.items.get().map((item) => [item.message.seq, item.message.content]),
      messages.map((held) => [held.seq, held.content]),
    );
  });
  await fc.assert(property, { numRuns: 200 });
});
