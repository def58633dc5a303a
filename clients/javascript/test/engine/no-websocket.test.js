// A network that lets HTTP through, but no WebSocket: what is written goes all the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeServer } from "./fake-server.js";
import { start } from "./helpers.js";

function begin() {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  server.refusesHandshake = () => true;
  return { server, clock: server.clock };
}
const contents = (server) => server.chats.get("c").messages.map(({ content }) => content);

test("messages go over HTTP, one at a time per chat and in their order", async () => {
  const { server, clock } = begin();
  const { engine } = start(server, "alice");
  for (const content of ["1", "2", "3"]) engine.send("c", { content });
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(contents(server), ["1", "2", "3"]);
  assert.equal(server.seen("POST /chats/c/messages").length, 3);
  assert.equal(engine.link.status === "online", false);
  server.refusesHandshake = () => false;
  await clock.until(() => engine.link.isCaughtUp);
  engine.send("c", { content: "4" });
  await clock.until(() => !engine.outbox.length);
  assert.equal(server.seen("sendMessage").length, 1);
  engine.stop();
});

test("without any network nothing is tried over HTTP, until a request gets through again", async () => {
  const { server, clock } = begin();
  const { engine } = start(server, "alice");
  await clock.until(() => engine.link.status === "offline");
  server.isReachable = false;
  engine.send("c", { content: "1" });
  await clock.advance(300_000);
  assert.ok(engine.outbox[0].tries <= 1, `${engine.outbox[0].tries}`);
  server.isReachable = true;
  await clock.until(() => !engine.outbox.length);
  assert.deepEqual(contents(server), ["1"]);
  engine.stop();
});

test("a connection that is lost for a moment is waited for", async () => {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  const { engine } = start(server, "alice");
  await server.clock.until(() => engine.link.isCaughtUp);
  server.cut();
  engine.send("c", { content: "1" });
  await server.clock.until(() => !engine.outbox.length);
  assert.equal(server.seen("POST /chats/c/messages").length, 0);
  engine.stop();
});

test("a token that is refused later is noticed, also if it was good while no WebSocket got through", async () => {
  const { server, clock } = begin();
  const { engine } = start(server, "alice");
  await clock.advance(60_000);
  const { token } = server.handshakes[0];
  const { length } = server.seen("GET /me");
  assert.equal(length, 1);
  server.refuses = (present) => present === token;
  server.refusesHandshake = () => false;
  const waited = await clock.until(() => engine.link.status === "online");
  assert.ok(waited < 10 * 60_000, `${waited}`);
  engine.stop();
});
