// What the application drops leaves nothing behind in the client.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Store } from "../../src/store.js";
import { Timeline } from "../../src/timeline.js";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");

test("timelines around a place that are dropped end what they listened to", async () => {
  const listeners = new Set();
  const message = {
    messageId: "m",
    chatId: "c",
    seq: 5,
    senderId: "bob",
    type: "text",
    content: "x",
    seenBy: [],
    deletedFor: [],
    rev: 0,
  };
  const page = {
    messages: [message],
    range: { from: 5, to: 5 },
    hasMoreBefore: true,
    hasMoreAfter: true,
    seq: 9,
    rev: 0,
  };
  const engine = {
    me: "alice",
    outbox: [],
    state: undefined,
    update() {},
    request: async () => ({ ...page, floor: 0 }),
    subscribe: (listener) => (listeners.add(listener), () => listeners.delete(listener)),
  };
  const store = new Store(/** @type {any} */ (engine), {});
  const before = listeners.size;
  const makeAndDrop = async () => {
    for (let n = 0; n < 20; n++) await new Timeline(store, "c").jumpTo(5);
  };
  await makeAndDrop();
  assert.equal(listeners.size, before + 20);
  for (let n = 0; n < 5; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
  for (const listener of [...listeners]) listener({ type: "changed" });
  // The last one may still be held by the stack of its jump.
  assert.ok(listeners.size <= before + 1, `${listeners.size}`);
});
