// The reducer and the outbox do what those of the Rust client did: every trace in clients/traces is replayed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../../src/outbox.js";
import { State } from "../../src/state/state.js";
import { replay, traceFiles } from "./replay.js";

test("every trace is replayed", async (t) => {
  const files = traceFiles();
  assert.ok(files.length > 0, "clients/traces has no traces");
  let traces = 0;
  let steps = 0;
  for (const file of files)
    await t.test(file.name, () => {
      const count = replay(file, { State, Outbox });
      assert.ok(count.traces > 0 && count.steps > 0, "the file is empty");
      traces += count.traces;
      steps += count.steps;
    });
  t.diagnostic(`${traces} traces with ${steps} steps`);
});

test("a replay finds what differs and what it does not know", () => {
  const start = '{"new":"state","me":"alice","now":"2026-11-24T08:30:00.000Z"}';
  const facts = '"facts":{"":{"archived":"","behind":true,"gap":false,"inbox":"","next":"inbox","visible":""}}';
  const play = (...lines) => replay({ name: "x", lines }, { State, Outbox });
  assert.deepEqual(play(start, `{"do":"markBehind",${facts}}`), { traces: 1, steps: 1 });
  assert.throws(() => play(start, `{"do":"markBehind",${facts},"news":["typing"]}`), /x:2: markBehind: news were/);
  assert.throws(() => play(start, `{"do":"markBehind"}`), /x:2: markBehind: facts were/);
  assert.throws(() => play(start, `{"do":"markGood"}`), /x:2: nobody replays the step markGood/);
  assert.throws(() => play('{"new":"typing"}'), /x:1: nobody replays a trace of typing/);
});
