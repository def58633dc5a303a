// A machine's clock that is set back does not hold up what waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeServer, Refusal, SILENCE } from "./fake-server.js";
import { online } from "./helpers.js";

const HOUR_MS = 3_600_000;

/** A user whose clock can be set back. The timers of the platform go on. */
async function begin() {
  const server = new FakeServer();
  const { clock } = server;
  server.chat("c", "alice", "bob");
  let setBackMs = 0;
  const { engine } = await online(server, "alice", { now: () => clock.now() - setBackMs });
  return { server, clock, engine, setBack: () => (setBackMs += HOUR_MS) };
}

test("a retry comes, not an hour later", async () => {
  const { server, clock, engine, setBack } = await begin();
  const refusal = new Refusal(503, "internal", { retryable: true, retryAfterMs: 3000 });
  server.script = ({ name }) => (name === "sendMessage" ? refusal : undefined);
  engine.send("c", { content: "x" });
  await clock.until(() => server.seen("sendMessage").length === 1);
  server.script = () => undefined;
  setBack();
  const waited = await clock.until(() => !engine.outbox.length);
  assert.ok(waited <= 10_000, `${waited}`);
  engine.stop();
});

test("a time-out comes, and the next connection", async () => {
  const { server, clock, engine, setBack } = await begin();
  server.script = ({ action }) => (action ? SILENCE : undefined);
  engine.send("c", { content: "x" });
  await clock.until(() => server.seen("sendMessage").length === 1);
  setBack();
  server.script = () => undefined;
  const waited = await clock.until(() => !engine.outbox.length);
  assert.ok(waited <= 60_000, `${waited}`);
  server.isReachable = false;
  server.cut();
  await clock.until(() => engine.link.status === "offline");
  setBack();
  server.isReachable = true;
  const offline = await clock.until(() => engine.link.isCaughtUp);
  assert.ok(offline <= 60_000, `${offline}`);
  engine.stop();
});

test("when the next try is, is said by the clock of the machine", async () => {
  const { server, clock, engine, setBack } = await begin();
  setBack();
  server.isReachable = false;
  server.cut();
  await clock.until(() => engine.link.status === "offline");
  const left = engine.link.retryAt - (clock.now() - HOUR_MS);
  assert.ok(left >= 0 && left <= 30_000, `${left}`);
  engine.stop();
});
