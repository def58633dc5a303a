// docs/API.md, "Notice gaps and sync": what was missed is asked for, once, and in time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { editMessage, getChat, markSeen } from "../../src/calls.js";
import { FakeServer, Refusal, SILENCE } from "./fake-server.js";
import { online, start, texts } from "./helpers.js";

async function begin(options) {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  const { engine, updates } = await online(server, "alice", options);
  const events = () =>
    updates.all.filter(({ event }) => event?.event === "message.created").map(({ event }) => event.data.content);
  return { server, clock: server.clock, engine, updates, events };
}

test("the inbox is listed page by page after the connection is there, with archived chats", async () => {
  const server = new FakeServer();
  for (let n = 0; n < 120; n++) server.chat(`c${n}`, "alice", "bob");
  const { engine } = await online(server, "alice");
  assert.equal(engine.state.chats.size, 120);
  const pages = server.seen("GET /chats");
  assert.deepEqual(
    pages.map(({ query }) => query.get("cursor")),
    [null, "50", "100"],
  );
  assert.ok(pages.every(({ query }) => query.get("archived") === "any"));
  assert.ok(server.requests.every(({ name }) => name === "GET /chats"));
});

test("more than 30 chats recover after a lost connection, and more than 100", async () => {
  for (const count of [35, 130]) {
    const server = new FakeServer();
    for (let n = 0; n < count; n++) server.chat(`c${n}`, "alice", "bob");
    const { engine } = await online(server, "alice");
    server.cut();
    for (let n = 0; n < count; n++) server.say(`c${n}`, "bob", `in ${n}`);
    await server.clock.until(() => engine.link.isCaughtUp);
    for (let n = 0; n < count; n++) assert.deepEqual(texts(engine, `c${n}`), [`in ${n}`]);
    engine.stop();
  }
});

test("an event that overtook another one waits for it, up to 300 ms, without a request", async () => {
  const { server, clock, engine, events } = await begin({ random: () => 1 });
  const [socket] = server.open;
  const first = server.say("c", "bob", "1", { isLost: true });
  server.say("c", "bob", "2");
  await clock.advance(250);
  assert.deepEqual(events(), []);
  socket.deliver({ event: "message.created", chatId: "c", seq: 1, data: first });
  await clock.settle();
  assert.deepEqual(events(), ["1", "2"]);
  await clock.advance(1000);
  assert.equal(server.seen("sync").length, 0);
  engine.stop();
});

test("a gap that stays open is asked for with a sync", async () => {
  const { server, clock, engine, events } = await begin({ random: () => 1 });
  server.say("c", "bob", "1", { isLost: true });
  server.say("c", "bob", "2");
  await clock.advance(290);
  assert.equal(server.seen("sync").length, 0);
  await clock.advance(20);
  assert.equal(server.seen("sync").length, 1);
  assert.deepEqual(server.seen("sync")[0].fields.cursors, { c: { seq: 0, rev: 0 } });
  assert.deepEqual(events(), ["1", "2"]);
  engine.stop();
});

test("each event is reported once and in order, whatever way it came", async () => {
  const { server, clock, engine, events } = await begin();
  for (let n = 0; n < 50; n++) {
    server.say("c", "bob", String(n), { isLost: n % 7 === 3 });
    if (n % 10 === 9) server.cut();
    await clock.advance(100);
  }
  await clock.until(() => engine.link.isCaughtUp && texts(engine).length === 50);
  assert.deepEqual(
    events(),
    Array.from({ length: 50 }, (_, n) => String(n)),
  );
  engine.stop();
});

test("a sync that is limited goes on until everything is there", async () => {
  const { server, clock, engine } = await begin();
  server.cut();
  for (let n = 0; n < 70; n++) server.say("c", "bob", String(n));
  await clock.until(() => engine.link.isCaughtUp);
  assert.equal(texts(engine).length, 70);
  assert.equal(server.seen("sync").length, 4);
  engine.stop();
});

test("a sync that fails is never given up: it is reported and sent again after the wait", async () => {
  const { server, clock, engine, updates } = await begin({ random: () => 1 });
  server.cut();
  server.say("c", "bob", "x");
  let failures = 8;
  server.script = ({ name }) =>
    name === "sync" && failures-- > 0
      ? new Refusal(503, "unavailable", { retryable: true, retryAfterMs: 1000 })
      : undefined;
  await clock.until(() => server.seen("sync").length === 1);
  await clock.advance(1300);
  assert.equal(server.seen("sync").length, 1, "retryAfterMs and the back-off");
  await clock.until(() => engine.link.isCaughtUp);
  assert.equal(server.seen("sync").length, 9);
  assert.equal(updates.all.filter(({ task }) => task === "catchUp").length, 8);
  assert.deepEqual(texts(engine), ["x"]);
  engine.stop();
});

test("an answer that cannot be read is a failure, and what was missed comes with the next one", async () => {
  const { server, clock, engine, updates } = await begin();
  server.cut();
  server.say("c", "bob", "x");
  let failures = 2;
  server.script = ({ name }) => (name === "sync" && failures-- > 0 ? { nonsense: true } : undefined);
  await clock.until(() => engine.link.isCaughtUp);
  assert.deepEqual(
    updates.all.filter(({ task }) => task === "catchUp").map(({ error }) => error.code),
    ["unexpected", "unexpected"],
  );
  assert.deepEqual(texts(engine), ["x"]);
  engine.stop();
});

test("after ten answers in a row without news, the next request waits", async () => {
  const { server, clock, engine } = await begin({ random: () => 1 });
  server.script = ({ name, fields }) => {
    if (name !== "sync") return undefined;
    const chats = Object.entries(fields.cursors).map(([chatId, cursor]) => ({
      chatId,
      messages: [],
      changed: [],
      readSeq: 0,
      unreadCount: 0,
      floor: 0,
      settings: { memberRev: 0, notify: "all" },
      cursor,
    }));
    return { chats, joined: [], gone: [], limited: true };
  };
  server.cut();
  await clock.until(() => server.seen("sync").length === 10);
  const at = clock.now();
  await clock.until(() => server.seen("sync").length === 11);
  assert.ok(clock.now() > at);
  engine.stop();
});

test("60 s without a frame lead to a sync while a chat is on the screen, and only then", async () => {
  const { server, clock, engine } = await begin();
  await clock.advance(200_000);
  assert.equal(server.seen("sync").length, 0);
  server.say("c", "bob", "lost", { isLost: true });
  engine.update((state) => state.setVisible(["c"]));
  await clock.advance(1000);
  assert.deepEqual(texts(engine), ["lost"], "the silence began before the chat was opened");
  server.say("c", "bob", "lost too", { isLost: true });
  await clock.advance(58_000);
  assert.equal(texts(engine).length, 1);
  await clock.advance(3000);
  assert.equal(texts(engine).length, 2);
  engine.stop();
});

test("an answer that comes after the connection was lost does not count", async () => {
  const { server, clock, engine } = await begin();
  server.cut();
  server.script = ({ name }) => (name === "sync" ? SILENCE : undefined);
  await clock.until(() => server.seen("sync").length === 1);
  server.cut();
  server.script = () => undefined;
  server.say("c", "bob", "x");
  await clock.until(() => engine.link.isCaughtUp);
  assert.deepEqual(texts(engine), ["x"]);
  engine.stop();
});

test("a page of the inbox that does not come over a lost connection is asked for again, and its failure is nobody's", async () => {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  let n = 0;
  server.script = ({ name }) => (name === "GET /chats" && ++n === 1 ? SILENCE : undefined);
  const { engine, updates } = start(server, "alice");
  await server.clock.until(() => n === 1);
  server.cut();
  await server.clock.until(() => engine.link.isCaughtUp);
  await server.clock.advance(60_000);
  assert.equal(n, 2);
  assert.deepEqual(
    updates.all.filter(({ type }) => type === "failed"),
    [],
  );
  engine.stop();
});

test("a chat that is new is reported, and its messages come", async () => {
  const { server, clock, engine, updates } = await begin();
  server.chat("new", "alice", "carol");
  server.say("new", "carol", "hello");
  await clock.until(() => engine.state.chat("new") && texts(engine, "new").length === 1);
  assert.ok(updates.all.some(({ event }) => event?.event === "chat.created" && event.chatId === "new"));
  engine.stop();
});

test("requests go over the socket if they are actions, else over HTTP, and their answers are applied", async () => {
  const { server, clock, engine, events } = await begin();
  server.say("c", "alice", "mine");
  await clock.settle();
  await engine.request(editMessage("c", 1, { content: "edited" }));
  await engine.request(markSeen("c", 1));
  await engine.request(getChat("c"));
  assert.deepEqual(texts(engine), ["edited"]);
  assert.deepEqual(
    server.requests.slice(-3).map(({ name }) => name),
    ["editMessage", "markSeen", "GET /chats/c"],
  );
  assert.deepEqual(events(), ["mine"]);
  engine.stop();
});

test("a request whose connection is lost, or whose reply does not come, goes again over HTTP", async () => {
  const { server, clock, engine } = await begin();
  server.say("c", "alice", "mine");
  await clock.settle();
  server.script = ({ action }) => (action ? SILENCE : undefined);
  const edit = engine.request(editMessage("c", 1, { content: "edited" }));
  await clock.until(() => server.seen("editMessage").length === 1);
  server.cut();
  await edit;
  assert.equal(server.seen("PATCH /chats/c/messages/1").length, 1);
  assert.deepEqual(texts(engine), ["edited"]);
  engine.stop();
});

test("a change whose answer is lost may be stored: the chat is synced", async () => {
  const { server, clock, engine } = await begin();
  server.say("c", "alice", "mine");
  await clock.settle();
  server.script = ({ name, fields, socket }) => {
    if (name !== "editMessage") return undefined;
    server.act("alice", "editMessage", fields, socket);
    return new Refusal(500, "internal", { requestId: "r-1" });
  };
  const failed = await engine.request(editMessage("c", 1, { content: "edited" })).catch((error) => error);
  assert.deepEqual([failed.code, failed.status, failed.requestId], ["internal", 500, "r-1"]);
  await clock.until(() => texts(engine)[0] === "edited");
  engine.stop();
});

test("a refusal has its code, status, fields and limit; Retry-After counts", async () => {
  const { server, clock, engine } = await begin();
  const errors = [{ field: "name", reason: "must not be blank" }];
  server.script = () => new Refusal(400, "invalid_request", { errors, limit: 7 });
  const refused = await engine.request(getChat("c")).catch((error) => error);
  assert.deepEqual(
    { ...refused },
    {
      ...{ name: "ChatError", code: "invalid_request", status: 400, retryable: false, retryAfterMs: undefined },
      errors,
      requestId: undefined,
      limit: 7,
    },
  );
  server.script = () => new Response("", { status: 503, headers: { "retry-after": "3" } });
  const busy = await engine.request(getChat("c")).catch((error) => error);
  assert.deepEqual([busy.code, busy.retryable, busy.retryAfterMs], ["gateway", true, 3000]);
  server.script = () => new Response("<html>");
  await assert.rejects(engine.request(getChat("c")), { code: "unexpected" });
  engine.stop();
});

test("an HTTP request times out after 30 s, and the caller's signal aborts any request", async () => {
  const { server, clock, engine } = await begin();
  server.script = () => SILENCE;
  const slow = engine.request(getChat("c")).catch((error) => error);
  await clock.advance(29_000);
  await clock.advance(2_000);
  assert.equal((await slow).code, "timeout");
  for (const call of [getChat("c"), markSeen("c", 1)]) {
    const controller = new AbortController();
    const request = engine.request(call, { signal: controller.signal });
    controller.abort("enough");
    await assert.rejects(request, { code: "aborted", cause: "enough" });
    await assert.rejects(engine.request(call, { signal: controller.signal }), { code: "aborted" });
  }
  engine.stop();
});

test("requests that are refused because of the token share one new token", async () => {
  const asked = [];
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  const token = async (reason) => (asked.push(reason), server.token("alice", 3600 * asked.length));
  const { engine } = await online(server, "alice", { token });
  const old = server.handshakes[0].token;
  server.refuses = (token) => token === old;
  await Promise.all([1, 2, 3].map(() => engine.request(getChat("c"))));
  assert.deepEqual(asked, ["start", "refused"]);
  engine.stop();
});

test("a token source that gives the refused token again: the request fails, and is not sent again", async () => {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  const same = server.token("alice");
  const { engine } = await online(server, "alice", { token: async () => same });
  server.refuses = () => true;
  await assert.rejects(engine.request(getChat("c")), { code: "token_refused", status: 403 });
  assert.equal(server.seen("GET /chats/c").length, 1);
  engine.stop();
});

test("a 403 with a code is no matter of the token", async () => {
  const { server, clock, engine } = await begin();
  server.script = () => new Refusal(403, "not_an_admin");
  await assert.rejects(engine.request(getChat("c")), { code: "not_an_admin", status: 403 });
  assert.equal(server.requests.filter(({ name }) => name === "GET /chats/c").length, 1);
  engine.stop();
});

test("updates come in one order for every listener, also if one causes more, and one that throws stops nobody", async () => {
  const { server, clock, engine } = await begin({ logger: {} });
  const seen = [];
  engine.subscribe(({ event }) => {
    if (event?.event !== "message.created" || event.seq > 1) return;
    engine.update((state) =>
      state.applyEvent({
        event: "message.created",
        chatId: "c",
        seq: 2,
        data: { ...event.data, seq: 2, messageId: "c:2", content: "2" },
      }),
    );
    throw new Error("a bug of the application");
  });
  const off = engine.subscribe(({ event }) => event && seen.push(event.data.content));
  server.say("c", "bob", "1");
  await clock.settle();
  assert.deepEqual(seen, ["1", "2"]);
  off();
  server.say("c", "bob", "2", { isLost: true });
  server.say("c", "bob", "3");
  await clock.settle();
  assert.equal(seen.length, 2);
  engine.stop();
});

test("a failed request before the first token is an error of the token", async () => {
  const server = new FakeServer();
  const { engine } = start(server, "alice", { token: async () => Promise.reject(new Error("signed out")) });
  await assert.rejects(engine.request(getChat("c")), { code: "token" });
  engine.stop();
});
