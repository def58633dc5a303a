// docs/API.md: "Connect", "Stay connected", "Close codes", "Refused handshakes" and "Numbers".
import assert from "node:assert/strict";
import { test } from "node:test";
import { getMe } from "../../src/calls.js";
import { createEngine } from "../../src/engine/index.js";
import { FakeServer, SILENCE, jwt } from "./fake-server.js";
import { online, start, texts } from "./helpers.js";

function begin() {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  return { server, clock: server.clock };
}
const statuses = (updates) => updates.all.filter(({ type }) => type === "link").map(({ link }) => link.status);
const tokens = (server, seconds) => {
  const asked = [];
  return { asked, token: async (reason) => (asked.push(reason), server.token("alice", seconds)) };
};

test("nothing happens before start; start and stop twice is one socket, and nothing is left", async () => {
  const { server, clock } = begin();
  const engine = createEngine(server.options("alice"));
  await clock.advance(60_000);
  assert.equal(server.handshakes.length, 0);
  engine.start();
  engine.start();
  await clock.until(() => engine.link.isCaughtUp);
  assert.equal(server.handshakes.length, 1);
  engine.stop();
  engine.stop();
  assert.equal(engine.link.status, "stopped");
  assert.equal(server.open.length, 0);
  assert.equal(clock.timers, 0);
  await clock.advance(24 * 3_600_000);
  assert.equal(server.handshakes.length, 1);
});

test("start, stop and start in a row, as React mounts twice, is one socket", async () => {
  const { server, clock } = begin();
  const engine = createEngine(server.options("alice"));
  engine.start();
  engine.stop();
  engine.start();
  await clock.until(() => engine.link.isCaughtUp);
  assert.equal(server.open.length, 1);
  engine.stop();
  await clock.settle();
  assert.equal(server.open.length, 0);
});

test("stop and start while a token is asked for: the old question is aborted, and the link is never offline", async () => {
  const { server, clock } = begin();
  const signals = [];
  const token = async (reason, { signal }) => {
    signals.push(signal);
    await new Promise((resolve) => clock.setTimeout(resolve, 1000));
    return server.token("alice");
  };
  const { engine, updates } = start(server, "alice", { token });
  await clock.advance(500);
  engine.stop();
  engine.start();
  await clock.until(() => engine.link.isCaughtUp);
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, false],
  );
  assert.ok(!statuses(updates).includes("offline"));
  assert.equal(server.handshakes.length, 1);
  engine.stop();
});

test("stop at any moment leaves no timer and no socket", async () => {
  for (let turns = 0; turns < 14; turns++) {
    const { server, clock } = begin();
    const engine = createEngine(server.options("alice"));
    engine.start();
    engine.send("c", { content: "x" });
    for (let n = 0; n < turns; n++) await new Promise((resolve) => setImmediate(resolve));
    engine.stop();
    await clock.settle();
    assert.equal(clock.timers, 0, `after ${turns} turns`);
    assert.equal(server.open.length, 0, `after ${turns} turns`);
  }
});

test("a request that waits when the engine stops is rejected", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice");
  server.script = () => SILENCE;
  const { getMe, ping } = await import("../../src/calls.js");
  const requests = [engine.request(getMe()), engine.request(ping())];
  await clock.settle();
  engine.stop();
  for (const request of requests) await assert.rejects(request, { code: "stopped" });
  await assert.rejects(engine.request(ping()), { code: "stopped" });
});

test("after a lost connection the engine waits a random time, connects, syncs and loses nothing", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice", { random: () => 1 });
  server.cut();
  server.say("c", "bob", "missed");
  assert.equal(engine.link.status, "offline");
  assert.equal(engine.link.retryAt, clock.now() + 500);
  await clock.until(() => engine.link.isCaughtUp);
  assert.deepEqual(texts(engine), ["missed"]);
});

test("the wait doubles up to 30 s, and begins anew after a connection that lasted 30 s", async () => {
  const { server, clock } = begin();
  const { engine, updates } = await online(server, "alice", { random: () => 1 });
  server.isReachable = false;
  server.cut();
  await clock.advance(300_000);
  const waits = [];
  for (const { link } of updates.all) if (link?.retryAt) waits.push(link.retryAt);
  const bounds = waits.slice(1).map((at, index) => at - waits[index]);
  assert.deepEqual(bounds.slice(0, 8), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  server.isReachable = true;
  await clock.until(() => engine.link.status === "online");
  await clock.advance(29_000);
  server.cut();
  assert.equal(engine.link.retryAt, clock.now() + 30_000);
  await clock.until(() => engine.link.status === "online");
  await clock.advance(31_000);
  server.cut();
  assert.equal(engine.link.retryAt, clock.now() + 500);
  engine.stop();
});

test("close 1000 without a reason is not final", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice");
  server.open[0].end(1000);
  await clock.until(() => engine.link.isCaughtUp);
  assert.equal(server.handshakes.length, 2);
});

test("the same token serves until it has less than a minute left", async () => {
  const { server, clock } = begin();
  const { asked, token } = tokens(server);
  const { engine } = await online(server, "alice", { token });
  for (let n = 0; n < 3; n++) {
    server.cut();
    await clock.until(() => engine.link.isCaughtUp);
  }
  assert.deepEqual(asked, ["start"]);
});

test("a token with less than a minute left is not used for another connection", async () => {
  const { server, clock } = begin();
  const { asked, token } = tokens(server, 90);
  const { engine } = await online(server, "alice", { token });
  await clock.advance(20_000);
  server.cut();
  await clock.until(() => engine.link.isCaughtUp);
  assert.deepEqual(asked, ["start"]);
  await clock.advance(20_000);
  server.cut();
  await clock.until(() => engine.link.isCaughtUp);
  assert.deepEqual(asked, ["start", "expiring"]);
  engine.stop();
});

test("a handshake without an answer is given up after 30 s", async () => {
  const { server, clock } = begin();
  let n = 0;
  server.refusesHandshake = () => (++n === 1 ? SILENCE : false);
  const { engine } = start(server, "alice");
  await clock.advance(29_900);
  assert.equal(engine.link.status, "connecting");
  await clock.advance(200);
  await clock.until(() => engine.link.isCaughtUp);
  assert.equal(server.handshakes.length, 2);
  engine.stop();
});

test("token_expired over the former connection does not end the present one", async () => {
  const { server, clock } = begin();
  const { engine, updates } = await online(server, "alice", { token: async () => server.token("alice", 20) });
  const [old] = server.open;
  server.script = ({ socket }) => (socket === old ? SILENCE : undefined);
  await clock.advance(17_900);
  engine.send("c", { content: "x" });
  await clock.until(() => server.handshakes.length === 2);
  const error = { status: 401, code: "token_expired", detail: "" };
  old.deliver({ id: server.seen("sendMessage")[0].id, ok: false, error });
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(statuses(updates), ["connecting", "online", "online"]);
  assert.equal(server.chats.get("c").messages.length, 1);
  engine.stop();
});

test("too_many_connections: the application is told, and the next try waits for 30 s and up to 30 s more", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice", { random: () => 1 });
  server.open[0].closing({ code: "too_many_connections", retryAfterMs: 30_000 });
  await clock.settle();
  assert.equal(engine.link.closing, "too_many_connections");
  assert.equal(engine.link.code, "too_many_connections");
  assert.equal(engine.link.retryAt, clock.now() + 60_000);
  await clock.advance(59_000);
  assert.equal(server.handshakes.length, 1);
  await clock.until(() => engine.link.isCaughtUp);
});

test("closing with token_expired: a new token, and the usual back-off", async () => {
  const { server, clock } = begin();
  const { asked, token } = tokens(server);
  const { engine } = await online(server, "alice", { token });
  server.open[0].closing({ code: "token_expired" });
  await clock.settle();
  assert.ok(engine.link.retryAt <= clock.now() + 500);
  await clock.until(() => engine.link.isCaughtUp);
  assert.deepEqual(asked, ["start", "refused"]);
});

test("a token that expires in the conversation: the reply says so, and the message is stored all the same", async () => {
  const { server, clock } = begin();
  const { asked, token } = tokens(server);
  const { engine } = await online(server, "alice", { token });
  const old = server.handshakes[0].token;
  server.refuses = (token) => token === old;
  await clock.advance(1000);
  engine.send("c", { content: "x" });
  await clock.until(() => !engine.outbox.length);
  assert.equal(server.chats.get("c").messages.length, 1);
  assert.deepEqual(asked, ["start", "refused"]);
});

test("a handshake that fails with a good token: GET /me says so once, and the token stays", async () => {
  const { server, clock } = begin();
  const { asked, token } = tokens(server);
  let refusals = 4;
  server.refusesHandshake = () => refusals-- > 0;
  const { engine } = await online(server, "alice", { token });
  assert.deepEqual(asked, ["start"]);
  assert.equal(server.handshakes.length, 5);
  assert.equal(server.seen("GET /me").length, 1);
  assert.equal(engine.link.status, "online");
});

test("a handshake that fails with a bad token: GET /me says so, and another token comes", async () => {
  const { server, clock } = begin();
  const bad = server.token("alice", 3600);
  const asked = [];
  server.refuses = (token) => token === bad;
  const token = async (reason) => (asked.push(reason), asked.length === 1 ? bad : server.token("alice"));
  const { updates } = await online(server, "alice", { token });
  assert.deepEqual(asked, ["start", "refused"]);
  assert.ok(updates.all.some(({ link }) => link?.code === "token_refused" && link.isTokenError));
});

test("no network is no reason for another token", async () => {
  const { server, clock } = begin();
  const { asked, token } = tokens(server);
  const { engine } = await online(server, "alice", { token });
  server.isReachable = false;
  server.cut();
  await clock.advance(120_000);
  assert.equal(engine.link.isTokenError, false);
  server.isReachable = true;
  await clock.until(() => engine.link.isCaughtUp);
  assert.deepEqual(asked, ["start"]);
});

test("three refusals in a row of fresh tokens: the engine stops with an error that the application can catch", async () => {
  const { server, clock } = begin();
  let n = 0;
  server.refuses = () => true;
  const token = async () => server.token("alice", 3600 + ++n);
  const { engine, updates } = start(server, "alice", { token });
  await clock.until(() => updates.all.some(({ type }) => type === "failed"));
  const { task, error } = updates.all.find(({ type }) => type === "failed");
  assert.deepEqual([task, error.code], ["connect", "token_refused"]);
  assert.equal(engine.link.status, "offline");
  assert.equal(engine.link.isTokenError, true);
  assert.equal(engine.link.retryAt, undefined);
  assert.equal(server.handshakes.length, 3);
  await clock.advance(24 * 3_600_000);
  assert.equal(server.handshakes.length, 3, "it does not go on asking");
  server.refuses = () => false;
  engine.start();
  await clock.until(() => engine.link.isCaughtUp);
  engine.stop();
});

test("after three refusals, a token that another request got accepted connects again", async () => {
  const { server, clock } = begin();
  let n = 0;
  server.refuses = () => true;
  const { engine, updates } = start(server, "alice", { token: async () => server.token("alice", 3600 + ++n) });
  await clock.until(() => updates.all.some(({ type }) => type === "failed"));
  server.refuses = () => false;
  const { getMe } = await import("../../src/calls.js");
  await engine.request(getMe());
  await clock.until(() => engine.link.isCaughtUp);
  engine.stop();
});

test("a token source that fails is reported and asked again; one that hangs is given up after 10 s", async () => {
  const { server, clock } = begin();
  const asked = [];
  const token = (reason, { signal }) => {
    asked.push(signal);
    if (asked.length === 1) return Promise.reject(new Error("signed out"));
    if (asked.length === 2) return new Promise(() => {});
    return Promise.resolve(server.token("alice"));
  };
  const { engine, updates } = start(server, "alice", { token });
  await clock.until(() => engine.link.isCaughtUp);
  const failures = updates.all.filter(({ link }) => link?.status === "offline").map(({ link }) => link);
  assert.deepEqual(
    failures.map(({ code, isTokenError }) => [code, isTokenError]),
    [
      ["token", true],
      ["token", true],
    ],
  );
  assert.equal(failures[0].reason, "signed out");
  assert.ok(asked[1].aborted);
  engine.stop();
});

test("a token that is no JWT, or of another user, is an error", async () => {
  const { server, clock } = begin();
  const { engine } = start(server, "alice", { token: async () => "secret" });
  await clock.until(() => engine.link.status === "offline");
  assert.equal(engine.link.code, "token");
  assert.ok(!engine.link.reason.includes("secret"));
  engine.stop();
  const given = [server.token("alice"), server.token("bob")];
  const other = await online(server, "alice", { token: async () => given.shift() });
  server.open[0].closing({ code: "token_expired" });
  await clock.until(() => other.engine.link.code === "token");
  assert.equal(other.engine.me, "alice");
  other.engine.stop();
});

test("a connection is renewed 60 s before its token ends, with a new token, and no event is lost", async () => {
  const { server, clock } = begin();
  const { asked, token } = tokens(server, 1200);
  const { engine, updates } = await online(server, "alice", { token });
  const [old] = server.open;
  await clock.advance(1_139_000);
  assert.equal(server.handshakes.length, 1);
  await clock.advance(2_000);
  assert.equal(server.open.length, 2, "both are open");
  assert.deepEqual(asked, ["start", "expiring"]);
  // Events that only one of them gets, in any order.
  const late = server.say("c", "bob", "1", { except: server.open[1] });
  server.say("c", "bob", "2", { except: old });
  await clock.settle();
  assert.equal(late.seq, 1);
  assert.deepEqual(texts(engine), ["1", "2"]);
  await clock.advance(10_000);
  assert.deepEqual(server.open.length, 1);
  assert.notEqual(server.open[0], old);
  assert.deepEqual(statuses(updates), ["connecting", "online", "online"], "the second online: it is caught up");
  assert.equal(server.seen("sync").length, 0, "a planned change needs no sync");
  engine.stop();
});

test("a connection is renewed at an age between 103.5 and 115 min", async () => {
  for (const [random, minutes] of [
    [0, 115],
    [1, 103.5],
  ]) {
    const { server, clock } = begin();
    const { engine } = await online(server, "alice", { random: () => random });
    const passed = await clock.until(() => server.handshakes.length === 2, 3 * 3_600_000);
    assert.equal(Math.round(passed / 6000) / 10, minutes);
    engine.stop();
  }
});

test("a renewal that fails is reported and tried again, and the present connection goes on", async () => {
  const { server, clock } = begin();
  let isDown = false;
  const token = async () => {
    if (isDown) throw new Error("down");
    return server.token("alice", 1200);
  };
  const { engine, updates } = await online(server, "alice", { token });
  isDown = true;
  await clock.until(() => updates.all.some(({ type, task }) => type === "failed" && task === "renew"));
  assert.equal(engine.link.status, "online");
  isDown = false;
  await clock.until(() => server.handshakes.length === 2);
  assert.ok(!statuses(updates).includes("offline"));
  engine.stop();
});

test("a connection that its own renewal closes is replaced without a wait", async () => {
  const { server, clock } = begin();
  const { engine, updates } = await online(server, "alice", { token: async () => server.token("alice", 1200) });
  const [old] = server.open;
  server.refusesHandshake = () => {
    // The handshake of the second connection is not complete yet.
    const data = { code: "too_many_connections", retryable: true, retryAfterMs: 600_000, detail: "" };
    old.onmessage?.({ data: JSON.stringify({ event: "connection.closing", data }) });
    return false;
  };
  await clock.until(() => server.handshakes.length === 2);
  await clock.until(() => engine.link.isCaughtUp);
  assert.equal(server.handshakes.length, 2);
  assert.deepEqual(statuses(updates), ["connecting", "online", "online", "connecting", "online", "online"]);
  assert.equal(server.seen("sync").length, 1, "the events between the two are asked for");
  engine.stop();
});

test("a ping without a reply over the former connection does not end the present one", async () => {
  const { server, clock } = begin();
  const seconds = 20;
  const options = {
    token: async () => server.token("alice", seconds),
    timing: { pingAfterMs: 15_000, requestTimeoutMs: 5000 },
  };
  const { engine, updates } = await online(server, "alice", options);
  const [old] = server.open;
  server.script = ({ socket }) => (socket === old ? SILENCE : undefined);
  // The ping goes at 15 s, the next connection comes at 18 s, and the ping would time out at 20 s.
  await clock.advance(17_000);
  assert.deepEqual([server.seen("ping").length, server.handshakes.length], [1, 1]);
  await clock.advance(8000);
  assert.equal(server.handshakes.length, 2);
  assert.deepEqual(statuses(updates), ["connecting", "online", "online"]);
  engine.stop();
});

test("a clock that is ahead does not renew in a loop", async () => {
  const { server, clock } = begin();
  server.refuses = () => false;
  const { engine } = await online(server, "alice", { token: async () => jwt({ sub: "alice", exp: 1_000_000_000 }) });
  await clock.advance(50_000);
  assert.equal(server.handshakes.length, 1);
  engine.stop();
});

test("a ping goes after 4 min in which nothing was sent", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice");
  await clock.advance(239_000);
  assert.equal(server.seen("ping").length, 0);
  await clock.advance(2_000);
  assert.equal(server.seen("ping").length, 1);
  engine.send("c", { content: "x" });
  await clock.advance(239_000);
  assert.equal(server.seen("ping").length, 1);
  engine.stop();
});

test("a frame that is no JSON ends the connection, so that nothing is missed", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice");
  server.open[0].onmessage({ data: "{" });
  assert.equal(engine.link.status, "offline");
  await clock.until(() => engine.link.isCaughtUp);
  engine.stop();
});

test("an unknown event and a frame of API Gateway are ignored", async () => {
  const { server, clock } = begin();
  const { engine } = await online(server, "alice");
  server.open[0].deliver({ event: "later.event", chatId: "c", data: {} });
  server.open[0].deliver({ message: "Internal server error", connectionId: "x", requestId: "y" });
  server.say("c", "bob", "x");
  await clock.until(() => engine.link.isCaughtUp && texts(engine).length === 1);
  assert.equal(server.handshakes.length, 1);
  engine.stop();
});

test("without a WebSocket, start throws and says what to hand in, and nothing has begun", async (context) => {
  const { server, clock } = begin();
  // Node.js 22 and later have one.
  const { WebSocket: ofNode } = globalThis;
  Reflect.deleteProperty(globalThis, "WebSocket");
  context.after(() => ofNode && Object.assign(globalThis, { WebSocket: ofNode }));
  const engine = createEngine(server.options("alice", { WebSocket: undefined }));
  assert.throws(() => engine.start(), { name: "TypeError", message: /WebSocket.*createClient.*ws/ });
  assert.equal(engine.link.status, "stopped");
  assert.equal(clock.timers, 0);
  assert.throws(() => engine.start(), TypeError);
  await assert.rejects(engine.request(getMe()), { code: "stopped" });
});
