import assert from "node:assert/strict";
import { test } from "node:test";
import { Readable, Source, snapshot } from "../../src/readable.js";

/** A source with a clock and timers that the test moves. */
function setUp() {
  const timers = new Map();
  const clock = { now: 1000, timers, reported: [] };
  let last = 0;
  const options = {
    now: () => clock.now,
    setTimeout: (callback, ms) => (timers.set(++last, { callback, ms }), last),
    clearTimeout: (timer) => timers.delete(timer),
    logger: { error: (text, error) => clock.reported.push(error) },
  };
  clock.source = new Source(options);
  clock.run = () => {
    const [[id, { callback, ms }]] = timers;
    timers.delete(id);
    clock.now += ms;
    callback();
  };
  return clock;
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a snapshot that shows the same is the same object, and every snapshot is frozen", () => {
  const one = snapshot(undefined, { a: 1, b: undefined });
  assert.ok(Object.isFrozen(one));
  assert.equal(snapshot(one, { a: 1, b: undefined }), one);
  assert.notEqual(snapshot(one, { a: 2, b: undefined }), one);
  assert.notEqual(snapshot(one, { a: 1, b: undefined, c: 1 }), one);
  const list = snapshot(undefined, [one]);
  assert.equal(snapshot(list, [one]), list);
  assert.notEqual(snapshot(list, [one, one]), list);
  assert.notEqual(snapshot(list, []), list);
});

test("a value is computed when somebody asks, once per change", async () => {
  const { source } = setUp();
  let computed = 0;
  const readable = new Readable(source, 0, () => ++computed);
  source.change();
  await turn();
  assert.equal(computed, 0, "nobody asked");
  assert.equal(readable.get(), 1);
  assert.equal(readable.get(), 1);
  source.change();
  source.change();
  await turn();
  assert.equal(computed, 1, "nobody watches");
  assert.equal(readable.get(), 2);
  assert.equal(readable.getInitial(), 0);
});

test("a listener is called once for all changes of a task, and only if the value changed", async () => {
  const { source } = setUp();
  let value = 1;
  const readable = new Readable(source, 0, () => value);
  const heard = [];
  const off = readable.subscribe((next) => heard.push(next));
  assert.deepEqual(heard, [], "not while it subscribes");
  for (value of [2, 3, 4]) source.change();
  assert.deepEqual(heard, [], "not within the change");
  await turn();
  source.change();
  await turn();
  assert.deepEqual(heard, [4]);
  off();
  off();
  value = 5;
  source.change();
  await turn();
  assert.deepEqual(heard, [4]);
});

test("a listener that throws does not stop the others, and is reported", async () => {
  const { source, reported } = setUp();
  let value = 1;
  const readable = new Readable(source, 0, () => value);
  const heard = [];
  readable.subscribe(() => {
    throw new Error("broken");
  });
  readable.subscribe((next) => heard.push(next));
  value = 2;
  source.change();
  await turn();
  assert.deepEqual(heard, [2]);
  assert.equal(reported[0].message, "broken");
});

test("the same listener can subscribe twice, and a listener that unsubscribes another one", async () => {
  const { source } = setUp();
  let value = 1;
  const readable = new Readable(source, 0, () => value);
  const heard = [];
  const listener = () => heard.push("twice");
  const off = readable.subscribe(listener);
  readable.subscribe(listener);
  off();
  readable.subscribe(() => last());
  const last = readable.subscribe(() => heard.push("never"));
  value = 2;
  source.change();
  await turn();
  assert.deepEqual(heard, ["twice"]);
});

test("a value that changes with the time has a timer only while it is watched", async () => {
  const clock = setUp();
  const { source, timers } = clock;
  const readable = new Readable(source, false, () => {
    if (clock.now < 5000) source.wakeAfter(5000 - clock.now);
    return clock.now >= 5000;
  });
  assert.equal(readable.get(), false);
  assert.equal(timers.size, 0);
  const heard = [];
  const off = readable.subscribe((next) => heard.push(next));
  assert.equal(timers.size, 1);
  off();
  assert.equal(timers.size, 0);
  readable.subscribe((next) => heard.push(next));
  clock.run();
  await turn();
  assert.deepEqual(heard, [true]);
  assert.equal(timers.size, 0);
});

test("a value that nobody watches shows the time too", () => {
  const clock = setUp();
  const readable = new Readable(clock.source, false, () => {
    if (clock.now < 5000) clock.source.wakeAfter(5000 - clock.now);
    return clock.now >= 5000;
  });
  assert.equal(readable.get(), false);
  clock.now = 5000;
  assert.equal(readable.get(), true);
});

test("a far end does not end the timer at once", () => {
  const clock = setUp();
  const readable = new Readable(clock.source, 0, () => (clock.source.wakeAfter(1e15), 0));
  readable.subscribe(() => {});
  const waits = () => [...clock.timers.values()].map(({ ms }) => ms);
  assert.deepEqual(waits(), [2 ** 31 - 1]);
  clock.run();
  assert.deepEqual(waits(), [2 ** 31 - 1], "it goes on");
});

test("an iterator has the value now and each later one, and ends with the loop", async () => {
  const { source } = setUp();
  let value = 1;
  let computed = 0;
  const readable = new Readable(source, 0, () => (computed++, value));
  const seen = [];
  setImmediate(() => ((value = 2), source.change(), (value = 3), source.change()));
  for await (const next of readable) {
    seen.push(next);
    if (next === 3) break;
  }
  assert.deepEqual(seen, [1, 3]);
  computed = 0;
  source.change();
  await turn();
  assert.equal(computed, 0, "nobody watches any more");
});
