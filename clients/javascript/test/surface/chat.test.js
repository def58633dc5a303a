import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../../src/client.js";
import { ChatError } from "../../src/errors.js";
import { created, createFakeEngine, entry, group, message, serve, settle, time, user } from "./fake-engine.js";

/** A client that holds a group of ana, ben and cleo with this many messages at its end. */
function setUp(count = 0, options = {}) {
  const engine = createFakeEngine();
  const client = new Client(engine, { logger: {}, ...options });
  client.start();
  engine.logIn();
  engine.catchUp([entry(group("g"))]);
  engine.requests.length = 0;
  for (let seq = 1; seq <= count; seq++) engine.push(created(message("g", seq)));
  return { engine, client, chat: client.chat("g") };
}
const paths = (engine) => engine.requests.map(({ method, path }) => `${method} ${path}`);

test("a chat is the same object each time", () => {
  const { client, chat } = setUp();
  assert.equal(client.chat("g"), chat);
});

test("members have their person, their place and their rights, and share what did not change", () => {
  const { engine, chat } = setUp(2);
  const before = chat.members.get();
  assert.deepEqual(
    before.map(({ id, isAdmin, readSeq }) => [id, isAdmin, readSeq]),
    [
      ["ana", true, 0],
      ["ben", false, 2],
      ["cleo", false, 0],
    ],
  );
  engine.push({ event: "receipt.updated", chatId: "g", data: { userId: "cleo", readSeq: 1, readAt: time(1) } });
  const after = chat.members.get();
  assert.equal(after[2].readSeq, 1);
  assert.deepEqual([after[0], after[1]], [before[0], before[1]]);
  assert.equal(after[0], before[0]);
  engine.update((state) => void state.applyUser(user("ben", { nickname: "Ben" })));
  assert.equal(chat.members.get()[1].person.name, "Ben");
});

test("an open chat is visible, and its members and first messages are loaded; a closed one is not", async () => {
  const engine = createFakeEngine();
  const client = new Client(engine);
  const messages = Array.from({ length: 120 }, (_, index) =>
    message("g", index + 1, { senderId: index ? "ben" : "zoe" }),
  );
  const document = group("g", { seq: 120 });
  serve(engine, document, messages);
  const chat = client.chat("g");
  const close = chat.open();
  client.start();
  engine.logIn();
  engine.catchUp([entry(document)]);
  await settle();
  assert.deepEqual(engine.state.visible, ["g"]);
  assert.deepEqual(
    paths(engine).filter((path) => path !== "GET /me"),
    ["GET /chats/g", "GET /chats/g/messages"],
  );
  assert.equal(chat.timeline().items.get().length, 50);
  assert.equal(chat.members.get()[1].person.name, "BEN");

  engine.push(created(message("g", 121, { senderId: "yara" })));
  await settle();
  assert.equal(engine.requests.at(-1).query.ids, "yara", "who is not known is asked for");
  assert.equal(client.person("yara").get().name, "YARA");
  close();
  close();
  assert.deepEqual(engine.state.visible, []);
  const count = engine.requests.length;
  engine.push(created(message("g", 122, { senderId: "xeno" })));
  await settle();
  assert.equal(engine.requests.length, count);
});

/** A client of a group with 120 messages, of which it holds none. `reads`: what it asked for since the last call. */
function setUpHistory() {
  const { engine, client } = setUp();
  const document = group("h", { seq: 120 });
  const messages = Array.from({ length: 120 }, (_, index) => message("h", index + 1));
  serve(engine, document, messages);
  engine.catchUp([entry(document, { lastMessage: messages.at(-1) })]);
  const chat = client.chat("h");
  const { items, status } = chat.timeline();
  /** Live messages up to this seq. */
  const say = (to) => {
    for (let seq = document.seq + 1; seq <= to; seq++) {
      document.seq = seq;
      messages.push(message("h", seq));
      engine.push(created(messages.at(-1)));
    }
  };
  const reads = () =>
    engine.requests.splice(0).flatMap(({ path }) => (path.startsWith("/chats/h") ? [path.slice("/chats/h".length)] : []));
  const seqs = () => items.get().map((item) => item.message.seq);
  return { engine, document, chat, timeline: { items, status }, say, reads, seqs };
}
const DETAILS = "";
const PAGE = "/messages";

test("the first page is there after open, also if live messages came before; it is read once", async () => {
  const { engine, chat, timeline, say, reads, seqs } = setUpHistory();
  say(122);
  assert.deepEqual(seqs(), [121, 122]);
  const close = chat.open();
  await settle();
  assert.deepEqual(seqs(), Array.from({ length: 52 }, (_, index) => 71 + index));
  assert.equal(timeline.status.get().hasOlder, true);
  assert.deepEqual(reads(), [DETAILS, PAGE]);
  // Neither a message, nor a connection that was lost, nor another look costs a page.
  say(123);
  engine.catchUp();
  await settle();
  assert.deepEqual(reads(), []);
  close();
  chat.open();
  await settle();
  assert.deepEqual(reads(), [DETAILS]);
});

test("no page is read if one was, or if as many live messages are held, or if there is nothing older", async () => {
  const paged = setUpHistory();
  paged.say(121);
  await paged.chat.timeline().older(5);
  assert.deepEqual(paged.reads(), [PAGE]);
  const full = setUpHistory();
  full.say(170);
  const last = setUpHistory();
  last.engine.push({ event: "chat.updated", chatId: "h", rev: 1, data: group("h", { seq: 120, rev: 1, floor: 120 }) });
  last.say(121);
  for (const { chat, reads } of [paged, full, last]) {
    chat.open();
    await settle();
    assert.deepEqual(reads(), [DETAILS]);
  }
});

test("a chat that comes back with its history is read again, once", async () => {
  const { engine, document, chat, say, reads, seqs } = setUpHistory();
  chat.open();
  await settle();
  reads();
  engine.push({ event: "chat.left", chatId: "h", rev: 1, data: { by: "ben" } });
  document.rev = 2;
  engine.catchUp([entry(document)]);
  say(121);
  await settle();
  assert.deepEqual(reads(), [DETAILS, PAGE]);
  assert.equal(seqs().length, 51);
});

test("what an open chat could not load is loaded when the client is caught up again", async () => {
  const { engine, chat } = setUp(3);
  chat.open();
  await settle();
  assert.deepEqual(paths(engine), ["GET /chats/g"]);
  serve(engine, group("g", { seq: 3 }), []);
  engine.catchUp();
  await settle();
  assert.deepEqual(
    paths(engine).filter((path) => path !== "GET /me"),
    ["GET /chats/g", "GET /chats/g"],
  );
  assert.equal(chat.members.get()[1].person.name, "BEN");
});

test("a second mount of an open chat asks once", async () => {
  const { engine, chat } = setUp(3);
  serve(engine, group("g", { seq: 3 }), []);
  chat.open()();
  chat.open();
  await settle();
  assert.deepEqual(paths(engine), ["GET /chats/g"]);
  assert.deepEqual(engine.state.visible, ["g"]);
});

test("events in an open chat are looked at once for all of a task, and computed once", async () => {
  const { engine, client, chat } = setUp(3);
  serve(engine, group("g", { seq: 3 }), []);
  chat.open();
  await settle();
  engine.requests.length = 0;
  let looks = 0;
  const { state } = engine;
  const { unknownPeople } = Object.getPrototypeOf(Object.getPrototypeOf(state));
  state.unknownPeople = (id) => (looks++, unknownPeople.call(state, id));
  let computed = 0;
  client.chats.subscribe(() => computed++);
  const { inbox } = Object.getPrototypeOf(Object.getPrototypeOf(state));
  state.inbox = (now) => (computed++, inbox.call(state, now));
  for (let seq = 4; seq < 50; seq++) engine.push(created(message("g", seq)));
  await settle();
  assert.equal(looks, 1);
  assert.equal(computed, 2, "one computation, and one listener that hears of it");
  assert.equal(engine.requests.length, 0);
});

test("a chat that comes back while it is loaded is loaded again", async () => {
  const { engine, chat } = setUp(3);
  serve(engine, group("g", { seq: 3 }), []);
  const { answer } = engine;
  let finish;
  engine.answer = (call) => new Promise((resolve) => (finish = () => resolve(answer(call))));
  chat.open();
  await settle();
  engine.push({ event: "chat.left", chatId: "g", rev: 1, data: { by: "ben" } });
  engine.push({ event: "chat.created", chatId: "g", data: group("g", { rev: 2 }) });
  engine.answer = answer;
  finish();
  await settle();
  engine.requests.length = 0;
  engine.catchUp();
  await settle();
  assert.deepEqual(
    paths(engine).filter((path) => path !== "GET /me"),
    ["GET /chats/g"],
  );
});

test("at most five chats are visible, those that were opened last", () => {
  const { engine, client } = setUp();
  for (const id of ["a", "b", "c", "d", "e", "f"]) client.chat(id).open();
  assert.deepEqual([...engine.state.visible].sort(), ["b", "c", "d", "e", "f"]);
  client.chat("b").open();
  client.chat("g").open();
  assert.deepEqual([...engine.state.visible].sort(), ["b", "d", "e", "f", "g"]);
});

test("a chat that comes back is visible again", async () => {
  const { engine, chat } = setUp();
  serve(engine, group("g"), []);
  chat.open();
  engine.push({ event: "chat.left", chatId: "g", rev: 1, data: { by: "ben" } });
  assert.equal(chat.summary.get(), undefined);
  assert.deepEqual(engine.state.visible, []);
  engine.push({ event: "chat.created", chatId: "g", data: group("g", { rev: 2 }) });
  assert.deepEqual(engine.state.visible, ["g"]);
  assert.equal(chat.summary.get().title, "Group g");
});

test("who types is shown until they stop, send, or time is over", async () => {
  const clock = { now: 0, timers: new Map(), last: 0 };
  const { engine, client, chat } = setUp(0, {
    now: () => clock.now,
    setTimeout: (callback, ms) => (clock.timers.set(++clock.last, { callback, ms }), clock.last),
    clearTimeout: (timer) => clock.timers.delete(timer),
  });
  const type = (userId, state = "start") =>
    engine.push({ event: "typing", chatId: "g", data: { userId, state, timeoutMs: 6000 } });
  const ids = () => chat.typing.get().map(({ id }) => id);
  type("ben");
  type("cleo");
  assert.deepEqual(ids(), ["ben", "cleo"]);
  assert.equal(chat.typing.get(), chat.typing.get());
  assert.equal(clock.timers.size, 0, "nobody watches");
  type("ben", "stop");
  assert.deepEqual(ids(), ["cleo"]);
  engine.push(created(message("g", 1, { senderId: "cleo" })));
  assert.deepEqual(ids(), []);

  type("ben");
  const heard = [];
  const off = chat.typing.subscribe((users) => heard.push(users.map(({ id }) => id)));
  assert.deepEqual(
    [...clock.timers.values()].map(({ ms }) => ms),
    [6000],
  );
  clock.now = 3000;
  type("ben");
  clock.now = 6000;
  [...clock.timers.values()][0].callback();
  await settle();
  assert.deepEqual(ids(), ["ben"], "they went on");
  clock.now = 9000;
  [...clock.timers.values()][0].callback();
  await settle();
  assert.deepEqual(heard, [[]]);
  off();
  assert.equal(clock.timers.size, 0);
  type("ben");
  clock.now = 20_000;
  assert.deepEqual(ids(), []);
  engine.push({ event: "typing", chatId: "g", data: { userId: "ben", state: "start" } });
  engine.push({ event: "typing", chatId: "g", data: { userId: "cleo", state: "start", timeoutMs: 1000 } });
  clock.now = 21_000;
  assert.deepEqual(ids(), ["ben"], "for as long as the event says");
  clock.now = 26_000;
  assert.deepEqual(ids(), []);
  assert.equal(client.chat("other").typing.get().length, 0);
  type("ben");
  clock.now -= 3_600_000;
  assert.deepEqual(ids(), ["ben"]);
  clock.now += 6000;
  assert.deepEqual(ids(), [], "also if the clock of the machine is set back");
});

test("the others are told every 3 s at most that this user types", () => {
  let now = 0;
  const { engine, chat } = setUp(0, { now: () => now });
  chat.setTyping(false);
  for (now = 0; now <= 6000; now += 500) chat.setTyping();
  assert.deepEqual(
    engine.frames.map(({ action, state }) => [action, state]),
    Array(3).fill(["typing", "start"]),
  );
  chat.setTyping(false);
  chat.setTyping(false);
  assert.deepEqual(
    engine.frames.slice(3).map(({ state }) => state),
    ["stop"],
  );
  chat.setTyping();
  chat.send("done");
  chat.setTyping(false);
  chat.setTyping();
  assert.deepEqual(
    engine.frames.slice(4).map(({ state }) => state),
    ["start", "start"],
    "the message says that they stopped",
  );
});

test("one request at a time marks messages as seen, with the latest position, and never goes back", async () => {
  const { engine, chat } = setUp(9);
  let finish;
  engine.answer = ({ body }) =>
    new Promise((resolve) => {
      finish = () => resolve({ chatId: "g", readSeq: body.seq, unreadCount: 9 - body.seq });
    });
  const done = [chat.markSeen(2), chat.markSeen(7), chat.markSeen(4)];
  await settle();
  const seqs = () => engine.requests.map(({ body }) => body.seq);
  assert.deepEqual(seqs(), [2]);
  finish();
  await settle();
  assert.deepEqual(seqs(), [2, 7]);
  finish();
  await Promise.all(done);
  assert.equal(chat.summary.get().readSeq, 7);
  await chat.markSeen(3);
  assert.deepEqual(seqs(), [2, 7], "it has been read");
  const last = chat.markSeen();
  await settle();
  finish();
  await last;
  assert.deepEqual(seqs(), [2, 7, 9], "up to the last message that is held");
  assert.equal(chat.summary.get().unread, 0);
});

test("a position that could not be told is told after the next sync", async () => {
  const { engine, chat } = setUp(3);
  engine.answer = () => {
    throw new ChatError("network", "offline", { retryable: true });
  };
  await assert.rejects(chat.markSeen(3), { code: "network" });
  chat.markSeen(3);
  await settle();
  engine.requests.length = 0;
  engine.answer = ({ body }) => ({ chatId: "g", readSeq: body?.seq, unreadCount: 0 });
  engine.catchUp();
  await settle();
  assert.deepEqual(
    engine.requests.filter(({ action }) => action).map(({ body }) => body.seq),
    [3],
  );
  engine.catchUp();
  await settle();
  assert.equal(engine.requests.filter(({ action }) => action).length, 1);
});

test("a position in a chat that is not held yet is told when it is", async () => {
  const { engine, client } = setUp();
  engine.answer = ({ path, body }) => ({ chatId: path.split("/")[2], readSeq: body?.seq, unreadCount: 0 });
  await client.chat("later").markSeen(4);
  assert.equal(engine.requests.length, 0);
  engine.catchUp([entry(group("later", { seq: 4 }))]);
  await settle();
  assert.deepEqual(
    engine.requests.filter(({ action }) => action).map(({ path, body }) => [path, body.seq]),
    [["/chats/later/seen", 4]],
  );
});

test("seeing a chat takes its mark as unread back, also if the position stays", async () => {
  const { engine, chat } = setUp(1);
  engine.push({
    event: "member.updated",
    chatId: "g",
    data: {
      readSeq: 1,
      unreadCount: 0,
      settings: { memberRev: 5, notify: "all", markedUnread: true },
    },
  });
  assert.equal(chat.summary.get().markedUnread, true);
  engine.answer = ({ body }) => ({
    chatId: "g",
    readSeq: body.seq,
    unreadCount: 0,
    settings: { memberRev: 6, notify: "all" },
  });
  await chat.markSeen();
  assert.equal(chat.summary.get().markedUnread, false);
});

test("each request of a chat has its route and body, and takes a signal", async () => {
  const { engine, chat } = setUp(1);
  const until = new Date(Date.UTC(2030, 0, 1));
  const settings = { chatId: "g", readSeq: 0, unreadCount: 1, settings: { memberRev: 9, notify: "all" } };
  const said = { message: message("g", 1, { rev: 1, content: "new" }) };
  const cases = [
    [() => chat.setNotify("mentions"), settings, "PATCH /chats/g/me", { notify: "mentions" }],
    [() => chat.mute(until), settings, "PATCH /chats/g/me", { notify: "none", muteUntil: until.toISOString() }],
    [() => chat.mute(), settings, "PATCH /chats/g/me", { notify: "none" }],
    [() => chat.unmute(), settings, "PATCH /chats/g/me", { notify: "all" }],
    [() => chat.pin(), settings, "PATCH /chats/g/me", { pinned: true }],
    [() => chat.archive(false), settings, "PATCH /chats/g/me", { archived: false }],
    [() => chat.markUnread(), settings, "PATCH /chats/g/me", { markedUnread: true }],
    [() => chat.rename("N"), { chat: group("g") }, "PATCH /chats/g", { name: "N" }],
    [() => chat.setTopic(null), { chat: group("g") }, "PATCH /chats/g", { topic: null }],
    [() => chat.setCustom({ a: 1 }), { chat: group("g") }, "PATCH /chats/g", { custom: { a: 1 } }],
    [() => chat.setAvatar(null), { chat: group("g") }, "PATCH /chats/g", { avatar: null }],
    [() => chat.avatar(), {}, "GET /chats/g/avatar"],
    [() => chat.attachment(1), {}, "GET /chats/g/messages/1/attachment"],
    [() => chat.add(["dan"]), { chat: group("g") }, "POST /chats/g/participants", { participants: ["dan"] }],
    [() => chat.remove("ben"), { chat: group("g") }, "DELETE /chats/g/participants/ben"],
    [() => chat.setAdmin("ben", true), { chat: group("g") }, "PUT /chats/g/admins/ben"],
    [() => chat.setAdmin("ben", false), { chat: group("g") }, "DELETE /chats/g/admins/ben"],
    [() => chat.clear(), { chat: group("g") }, "DELETE /chats/g/messages"],
    [() => chat.loadMembers("c"), { members: [] }, "GET /chats/g/members"],
    [() => chat.edit(1, { text: "new" }), said, "PATCH /chats/g/messages/1", { content: "new" }],
    [
      () => chat.edit(1, { custom: null, mentions: [] }),
      said,
      "PATCH /chats/g/messages/1",
      { custom: null, mentions: [] },
    ],
    [() => chat.react(1, ["👍"]), said, "PUT /chats/g/messages/1/reactions", { emojis: ["👍"] }],
    [() => chat.edit(1, "new"), said, "PATCH /chats/g/messages/1", { content: "new" }],
    [() => chat.react(1, "👍"), said, "PUT /chats/g/messages/1/reactions", { emojis: ["👍"] }],
    [() => chat.react(1, []), said, "PUT /chats/g/messages/1/reactions", { emojis: [] }],
    [() => chat.delete(1), said, "DELETE /chats/g/messages/1"],
    [() => chat.delete(1, { forEveryone: true }), said, "DELETE /chats/g/messages/1"],
    [() => chat.leave(), { left: true }, "DELETE /chats/g/participants/ana"],
  ];
  for (const [run, answer, route, body] of cases) {
    engine.answer = () => answer;
    await run();
    const call = engine.requests.at(-1);
    assert.equal(`${call.method} ${call.path}`, route);
    assert.deepEqual(JSON.parse(JSON.stringify(call.body ?? null)), body ?? null, route);
  }
  assert.deepEqual(
    engine.requests.filter(({ query }) => query?.for).map(({ query }) => query.for),
    ["me", "everyone"],
  );
  assert.equal(chat.summary.get(), undefined, "this user left");
  await assert.rejects(chat.pin(true, { signal: AbortSignal.abort() }), { code: "aborted" });
  await assert.rejects(chat.edit(1, { text: "x" }, { signal: AbortSignal.abort() }), { code: "aborted" });
});

test("a deletion with options that it does not know is refused, and not made for this user alone", () => {
  const { engine, chat } = setUp(1);
  engine.requests.length = 0;
  for (const wrong of [{ for: "everyone" }, "everyone", true])
    assert.throws(() => chat.delete(1, wrong), { name: "TypeError", message: /forEveryone/ });
  assert.deepEqual(engine.requests, []);
});

test("a changed message is returned, and shown at once", async () => {
  const { engine, chat } = setUp(1);
  const { items } = chat.timeline();
  engine.answer = () => ({ message: message("g", 1, { rev: 1, content: "new", editedAt: time(2) }) });
  assert.equal((await chat.edit(1, { text: "new" })).content, "new");
  assert.equal(items.get()[0].message.content, "new");
});

test("an avatar is uploaded before it is set", async () => {
  const { engine, chat } = setUp();
  const uploads = [];
  engine.upload = async (...args) => (uploads.push(args), { attachmentId: "a-1" });
  engine.answer = () => ({ chat: group("g") });
  const image = new Blob(["x"], { type: "image/png" });
  await chat.setAvatar(image, { width: 1, height: 1, blurHash: "00", fileName: "a.png" });
  const [id, attachment, blob] = uploads[0];
  assert.deepEqual([id, blob], ["g", image]);
  assert.deepEqual(attachment, {
    type: "image",
    fileName: "a.png",
    contentType: "image/png",
    width: 1,
    height: 1,
    blurHash: "00",
    durationMs: undefined,
  });
  assert.deepEqual(engine.requests.at(-1).body, { avatar: "a-1" });
});
