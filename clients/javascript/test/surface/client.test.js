import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../../src/client.js";
import { ChatError } from "../../src/errors.js";
import { MAX_WAITING_UPDATES } from "../../src/updates.js";
import { created, createFakeEngine, entry, group, message, pair, settle, updated, user } from "./fake-engine.js";

function setUp(options) {
  const warnings = [];
  const logger = { error: (text, error) => warnings.push([text, error]) };
  const engine = createFakeEngine(logger);
  return { engine, warnings, client: new Client(engine, { logger, ...options }) };
}

/** A logged-in client at a time that stands still, and what lets a minute pass. */
function setUpMute() {
  let now = Date.UTC(2026, 10, 26, 12);
  const timers = [];
  const { engine, client } = setUp({
    now: () => now,
    setTimeout: (callback, ms) => timers.push({ callback, ms }),
    clearTimeout: () => {},
  });
  engine.logIn();
  return {
    engine,
    client,
    muteUntil: new Date(now + 60_000).toISOString(),
    /** Calls the timers, and returns after which waits. */
    passMinute: async () => {
      const due = timers.splice(0);
      now += 60_000;
      for (const { callback } of due) callback();
      await settle();
      return due.map(({ ms }) => ms);
    },
  };
}

test("nothing happens before the start, and every value is empty", async () => {
  const { engine, client } = setUp();
  const chat = client.chat("g");
  assert.deepEqual(client.link.get(), { status: "stopped", isCaughtUp: false });
  assert.equal(client.me.get(), undefined);
  assert.deepEqual(client.chats.get(), []);
  assert.deepEqual(client.archived.get(), []);
  assert.equal(client.unreadTotal.get(), 0);
  assert.equal(chat.summary.get(), undefined);
  assert.deepEqual([chat.members.get(), chat.typing.get(), chat.timeline().items.get()], [[], [], []]);
  assert.deepEqual(client.person("zoe").get().name, "zoe");
  chat.open()();
  await settle();
  assert.deepEqual([engine.starts, engine.requests.length, engine.sockets], [0, 0, 0]);
});

test("starts are counted, and a start right after a stop keeps the connection", async () => {
  const { engine, client } = setUp();
  const first = client.start();
  first();
  first();
  const second = client.start();
  const third = client.start();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([engine.sockets, engine.stops], [1, 0]);
  second();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(engine.stops, 0, "one caller is left");
  third();
  assert.equal(engine.stops, 0);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(engine.stops, 1);
  client.start();
  assert.equal(engine.sockets, 2);
});

test("the chats are sorted and counted, and share what did not change", async () => {
  const { engine, client } = setUp();
  client.start();
  engine.logIn();
  engine.catchUp([
    entry(group("g", { seq: 3, topic: "Tents" }), { unreadCount: 2, readSeq: 1, lastMessage: message("g", 3) }),
    entry(pair("p", "ben", { seq: 1 }), {
      unreadCount: 1,
      lastMessage: message("p", 1),
      user: user("ben", { nickname: "Ben", status: "online" }),
      settings: { memberRev: 1, notify: "all", pinned: true },
    }),
    entry(group("muted", { seq: 2 }), { unreadCount: 2, settings: { memberRev: 1, notify: "none" } }),
    entry(group("old", { seq: 2 }), { unreadCount: 2, settings: { memberRev: 1, notify: "all", archivedSeq: 2 } }),
  ]);
  const before = client.chats.get();
  assert.deepEqual(
    before.map(({ id }) => id),
    ["p", "g", "muted"],
  );
  assert.deepEqual(
    client.archived.get().map(({ id }) => id),
    ["old"],
  );
  assert.equal(client.unreadTotal.get(), 3);
  const [p, g] = before;
  assert.deepEqual([p.title, p.otherUserId, p.pinned, p.isAdmin, p.unread], ["Ben", "ben", true, false, 1]);
  assert.deepEqual([g.title, g.topic, g.isAdmin, g.unread, g.readSeq, g.seq], ["Group g", "Tents", true, 2, 1, 3]);
  assert.ok([before, ...before].every(Object.isFrozen));
  assert.equal(client.chats.get(), before);

  engine.push(created(message("g", 4)));
  const after = client.chats.get();
  assert.notEqual(after, before);
  assert.deepEqual(
    after.map(({ id }) => id),
    ["p", "g", "muted"],
  );
  assert.equal(after[0], p, "nothing happened in this chat");
  assert.equal(after[1], client.chat("g").summary.get());
  assert.equal(after[1].unread, 3);
});

test("a new name reaches the title of the private chat", () => {
  const { engine, client } = setUp();
  engine.logIn();
  engine.catchUp([entry(pair("p", "ben"), { user: user("ben") })]);
  assert.equal(client.chats.get()[0].title, "ben");
  engine.push({
    event: "nickname.updated",
    data: { userId: "ben", nickname: "Benny", at: "2026-11-26T12:00:00.000Z" },
  });
  assert.equal(client.chats.get()[0].title, "Benny");
  assert.equal(client.person("ben").get().name, "Benny");
});

test("a person has the nickname, else the display name, else the id", () => {
  const { engine, client } = setUp();
  engine.logIn();
  const show = (more) => {
    engine.update((state) => void state.applyUser(user("ben", more)));
    return client.person("ben").get();
  };
  assert.equal(show().name, "ben");
  const profile = { username: "b", displayName: "Ben B.", avatarUrl: "https://x.example/b.png" };
  assert.deepEqual([show({ profile }).name, show({ profile }).avatarUrl], ["Ben B.", profile.avatarUrl]);
  assert.equal(show({ nickname: "Benny" }).name, "Benny");
  assert.deepEqual(show({ custom: { team: 1 } }).custom, { team: 1 });
  assert.equal(client.person("ben"), client.person("ben"));
});

test("a mute that ends is seen in time by who watches", async () => {
  const { engine, client, muteUntil, passMinute } = setUpMute();
  engine.catchUp([entry(group("g"), { settings: { memberRev: 1, notify: "none", muteUntil } })]);
  const { summary } = client.chat("g");
  const heard = [];
  summary.subscribe(({ muted, mutedUntil, notify }) => heard.push({ muted, mutedUntil, notify }));
  assert.deepEqual([summary.get().muted, summary.get().mutedUntil], [true, muteUntil]);
  assert.deepEqual((await passMinute()).at(-1), 60_000);
  assert.deepEqual(heard, [{ muted: false, mutedUntil: undefined, notify: "all" }]);
});

test("an archived chat whose mute ends comes back in time for who watches the inbox", async () => {
  const { engine, client, muteUntil, passMinute } = setUpMute();
  const settings = { memberRev: 1, notify: "none", muteUntil, archivedSeq: 1 };
  engine.catchUp([entry(group("g", { seq: 2 }), { settings, unreadCount: 1 })]);
  const heard = [];
  client.unreadTotal.subscribe((total) => heard.push(total));
  client.chats.subscribe((chats) => heard.push(chats.map(({ id }) => id)));
  assert.deepEqual(client.chats.get(), []);
  await passMinute();
  assert.deepEqual(heard, [1, ["g"]]);
});

test("after each event, who watches a value was told what a client that looks for the first time sees", async () => {
  const { engine, client } = setUp();
  engine.logIn();
  engine.catchUp([entry(group("g")), entry(pair("p", "ben"), { user: user("ben") })]);
  const values = (/** @type {Client} */ of) => ({
    chats: of.chats,
    archived: of.archived,
    total: of.unreadTotal,
    me: of.me,
    link: of.link,
    ben: of.person("ben"),
    summary: of.chat("g").summary,
    members: of.chat("g").members,
    items: of.chat("g").timeline().items,
    status: of.chat("g").timeline().status,
  });
  const watched = values(client);
  const told = Object.fromEntries(Object.entries(watched).map(([name, value]) => [name, JSON.stringify(value.get())]));
  for (const [name, value] of Object.entries(watched))
    value.subscribe((/** @type {unknown} */ next) => (told[name] = JSON.stringify(next)));
  const at = "2026-11-26T12:00:00.000Z";
  const member = (settings, readSeq = 0) => ({
    event: "member.updated",
    chatId: "g",
    data: { readSeq, unreadCount: 0, settings: { notify: "all", ...settings } },
  });
  const receipt = (userId, readSeq) => ({ event: "receipt.updated", chatId: "g", data: { userId, readSeq, readAt: at } });
  const first = message("g", 1, { senderId: "ana", seenBy: ["ana"] });
  const events = [
    created(first),
    receipt("ben", 1),
    created(message("g", 2, { senderId: "cleo", seenBy: ["cleo"] })),
    receipt("ben", 2),
    receipt("ana", 2),
    updated({ ...first, content: "other", rev: 1 }),
    { event: "reaction.updated", chatId: "g", seq: 1, rev: 2, data: { userId: "ben", emojis: ["👍"] } },
    { event: "presence.updated", data: { userId: "ben", status: "online", at } },
    { event: "nickname.updated", data: { userId: "ben", nickname: "Benny", at } },
    { event: "nickname.updated", data: { userId: "ana", nickname: "Ana", at } },
    member({ memberRev: 2, pinned: true }),
    member({ memberRev: 3, notify: "none" }),
    member({ memberRev: 4, archivedSeq: 2 }, 2),
    created(message("g", 3)),
    member({ memberRev: 5, markedUnread: true }, 3),
    { event: "chat.updated", chatId: "g", rev: 3, data: group("g", { seq: 3, rev: 3, name: "New", topic: "T" }) },
    {
      event: "chat.updated",
      chatId: "g",
      rev: 4,
      left: { userId: "cleo", joinedSeq: 0, readSeq: 2 },
      data: group("g", { seq: 3, rev: 4, participants: ["ana", "ben"], participantCount: 2 }),
    },
    updated({ ...first, content: "", deletedBy: "ana", deletedAt: at, rev: 5 }),
    { event: "chat.left", chatId: "g", rev: 6, data: { by: "ben" } },
  ];
  for (const event of events) {
    const before = JSON.stringify(told);
    engine.push(event);
    await settle();
    assert.notEqual(JSON.stringify(told), before, `${event.event} changes a value`);
    for (const [name, value] of Object.entries(values(new Client(engine, { logger: {} }))))
      assert.equal(told[name], JSON.stringify(value.get()), `${name} after ${JSON.stringify(event)}`);
  }
});

test("this user is loaded once when the client is caught up", async () => {
  const { engine, client } = setUp();
  engine.answer = () => ({ user: user("ana", { nickname: "Ana", notifyOnMention: true }) });
  engine.logIn();
  assert.equal(client.me.get().name, "ana");
  engine.catchUp();
  await settle();
  assert.deepEqual(
    engine.requests.map(({ path }) => path),
    ["/me"],
  );
  assert.deepEqual([client.me.get().name, client.me.get().notifyOnMention], ["Ana", true]);
  engine.catchUp();
  await settle();
  assert.equal(engine.requests.length, 1);
});

test("listeners hear each event in order and once, and one that throws stops nobody", async () => {
  const { engine, client, warnings } = setUp();
  engine.logIn();
  engine.catchUp([entry(group("g"))]);
  const heard = [];
  const controller = new AbortController();
  client.on("message.created", () => {
    throw new Error("broken");
  });
  client.on("message.created", ({ seq, data }) => heard.push([seq, data.content]), { signal: controller.signal });
  const off = client.on("link", ({ status }) => heard.push(status));
  client.on("message.created", () => heard.push("never"), { signal: AbortSignal.abort() });
  engine.push(created(message("g", 1)), created(message("g", 1)), created(message("g", 3)), created(message("g", 2)));
  engine.setLink({ status: "offline", isCaughtUp: false });
  off();
  controller.abort();
  engine.push(created(message("g", 4)));
  engine.setLink({ status: "online", isCaughtUp: false });
  assert.deepEqual(heard, [[1, "text 1"], [2, "text 2"], [3, "text 3"], "offline"]);
  assert.deepEqual(
    warnings.map(([, error]) => error.message),
    Array(4).fill("broken"),
  );
});

test("the updates come in order and each once, until the signal", async () => {
  const { engine, client } = setUp();
  const controller = new AbortController();
  const updates = client.updates({ signal: controller.signal });
  const seen = [];
  const loop = (async () => {
    for await (const update of updates) seen.push(update.type === "event" ? update.event.event : update.type);
  })();
  engine.logIn();
  engine.catchUp([entry(group("g"))]);
  await settle();
  engine.push(created(message("g", 1)));
  await settle();
  const types = seen.filter((type) => type !== "changed");
  assert.deepEqual(types, ["link", "chat.created", "caughtUp", "message.created"]);
  controller.abort();
  await loop;
  engine.push(created(message("g", 2)));
  assert.equal(seen.filter((type) => type === "message.created").length, 1);
});

test("a reader that breaks is forgotten, and a slow one is told what it lost", async () => {
  const { engine, client } = setUp();
  const slow = client.updates()[Symbol.asyncIterator]();
  for (let count = 0; count <= MAX_WAITING_UPDATES; count++) engine.emit({ type: "outbox" });
  await assert.rejects(slow.next(), (error) => error instanceof ChatError && error.code === "updates_overflow");
  assert.equal((await slow.next()).done, true);

  const full = client.updates()[Symbol.asyncIterator]();
  for (let count = 0; count < MAX_WAITING_UPDATES; count++) engine.emit({ type: "outbox" });
  for (let count = 0; count < MAX_WAITING_UPDATES; count++) assert.equal((await full.next()).done, false);
  const next = full.next();
  engine.emit({ type: "caughtUp" });
  assert.equal((await next).value.type, "caughtUp");
  assert.equal((await full.return()).done, true);
});

test("the requests of a user name their route and change what is shown", async () => {
  const { engine, client } = setUp();
  engine.logIn();
  engine.catchUp([entry(pair("p", "ben"), { user: user("ben") })]);
  const answers = {
    "PUT /users/ben/block": { userId: "ben", blocked: true },
    "DELETE /users/ben/block": { userId: "ben", blocked: false },
    "GET /me/blocks": { blocks: [{ userId: "ben", blockedAt: "x" }] },
    "GET /me/unread": { unreadTotal: 1, chatsWithUnread: 1, isExact: true },
    "PATCH /me": { user: user("ana", { nickname: "Ana" }) },
    "GET /users/ben": { user: user("ben", { nickname: "Ben" }) },
    "POST /chats": { chat: group("new") },
  };
  engine.answer = ({ method, path }) => answers[`${method} ${path}`];
  const body = () => engine.requests.at(-1).body;
  await client.block("ben");
  assert.equal(client.chats.get()[0].blocked, true);
  await client.unblock("ben");
  assert.equal(client.chats.get()[0].blocked, false);
  assert.deepEqual(await client.blocks(), [{ userId: "ben", blockedAt: "x" }]);
  assert.equal((await client.countUnread({ all: true })).unreadTotal, 1);
  assert.equal(engine.requests.at(-1).query.all, true);
  await client.setNickname("Ana");
  assert.deepEqual(body(), { nickname: "Ana" });
  assert.equal(client.me.get().name, "Ana");
  await client.setNotifyOnMention(true);
  assert.deepEqual(body(), { notifyOnMention: true });
  await client.setCustom(null);
  assert.deepEqual(body(), { custom: null });
  assert.equal((await client.loadPerson("ben")).name, "Ben");
  const chat = await client.createChat({ name: "New", participants: ["ben"] });
  assert.equal(chat, client.chat("new"));
  assert.equal(chat.summary.get().title, "Group new");
  assert.equal(body().isGroup, true);
  await client.createChat({ with: "ben" });
  assert.deepEqual(body(), { isGroup: false, participants: ["ben"] });
  const signal = AbortSignal.abort();
  await assert.rejects(client.createChat({ with: "ben" }, { signal }), { code: "aborted" });
});
