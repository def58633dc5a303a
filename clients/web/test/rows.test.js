// Which messages are rows, where the divider comes, and what is a group: without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createDivider } from "../src/chat/divider.js";
import { entriesOf } from "../src/chat/entries.js";
import { MAX_ROWS, STEP_ROWS, createRange } from "../src/chat/range.js";

/** The messages from one seq to another. @param {number} first @param {number} last @param {any} [more] */
const messages = (first, last, more = {}) =>
  Array.from({ length: last - first + 1 }, (_, index) => ({
    key: `m${first + index}`,
    isOwn: false,
    message: { seq: first + index, senderId: "bob", createdAt: "2026-03-10T12:00:00.000Z" },
    ...more,
  }));
/** The seqs that a range shows, as first and last. @param {any} range */
const shown = ({ items, from, to }) => [items[from].message.seq, items[to - 1].message.seq];

test("the end of what is loaded is shown first, and follows what arrives", () => {
  const range = createRange();
  range.follow(messages(1, 200), true);
  assert.deepEqual(shown(range), [201 - STEP_ROWS, 200]);
  range.follow(messages(1, 203), true);
  assert.deepEqual(shown(range), [201 - STEP_ROWS, 203]);
  assert.ok(range.isAtEnd);
});

test("rows grow at both ends, and the far side is trimmed", () => {
  const range = createRange();
  range.follow(messages(1, 1000), true);
  for (let step = 0; step < 10; step++) range.growOlder();
  assert.deepEqual(shown(range), [451, 450 + MAX_ROWS]);
  // What arrives far below is not shown.
  range.follow(messages(1, 1001), false);
  assert.deepEqual(shown(range), [451, 450 + MAX_ROWS]);
  for (let step = 0; step < 20; step++) range.growNewer();
  assert.deepEqual(shown(range), [1002 - MAX_ROWS, 1001]);
});

test("what the reader looks at is kept when the rows become too many", () => {
  for (const [isPinned, expected] of /** @type {[boolean, number[]][]} */ ([
    [true, [311, 310 + MAX_ROWS]],
    [false, [301, 300 + MAX_ROWS]],
  ])) {
    const range = createRange();
    range.follow(messages(1, 600), true);
    for (let step = 0; step < 5; step++) range.growOlder();
    range.follow(messages(1, 610), isPinned);
    assert.deepEqual(shown(range), expected, `pinned: ${isPinned}`);
  }
});

test("a message that is deleted for the reader is no row, and a message that is jumped to is one", () => {
  const range = createRange();
  const items = messages(1, 200);
  range.follow(items, true);
  const gone = { ...items[198], message: { ...items[198].message, deletedFor: ["alice"] } };
  range.follow([...items.slice(0, 198), gone, items[199]], true);
  assert.equal(range.bySeq(199), undefined);
  assert.equal(range.show(range.items.length - 1), false);
  assert.equal(range.show(9), true);
  assert.deepEqual(shown(range), [1, 9 + STEP_ROWS]);
  // Nothing of what was shown is left.
  range.follow(messages(500, 520), true);
  assert.deepEqual(shown(range), [500, 520]);
});

test("the divider is before the first unread message of somebody else, once what comes before is loaded", () => {
  const divider = createDivider();
  divider.place(messages(1, 9), false);
  assert.equal(divider.key, "", "nothing is unread");
  divider.open({ unread: 3, readSeq: 4 });
  assert.equal(divider.missingSeq, 5);
  divider.place(messages(8, 9), true);
  assert.equal(divider.key, "", "the first unread message may be missing");
  divider.place([...messages(1, 4), ...messages(5, 5, { isOwn: true }), ...messages(6, 9)], false);
  assert.deepEqual([divider.key, divider.text(), divider.missingSeq], ["m6", "3 new messages", undefined]);
  // It stays for the visit.
  divider.place(messages(1, 30), false);
  assert.equal(divider.key, "m6");
});

test("what arrives while nobody looks begins a new divider, unless something before it is unread", () => {
  const divider = createDivider();
  const items = messages(1, 9);
  divider.begin(items, items[6], 7);
  assert.equal(divider.key, "");
  divider.begin(items, items[7], 7);
  assert.deepEqual([divider.key, divider.text()], ["m8", "New messages"]);
});

test("entries: the start or a loader, days, the divider, groups, ticks", () => {
  const items = messages(1, 5);
  items[2].message.createdAt = "2026-03-10T12:05:00.000Z";
  items[3] = { ...items[3], isOwn: true, message: { ...items[3].message, senderId: "alice" } };
  items[3].message.createdAt = items[4].message.createdAt = "2026-03-12T12:00:00.000Z";
  const about = { isGroup: true, seenSeq: 4, hasOlder: true, failed: false, quoteOf: () => undefined };
  const divider = { key: "m2", text: () => "2 new messages" };
  const entries = entriesOf({ items, from: 0, to: 5 }, divider, about);
  assert.deepEqual(
    entries.map(({ kind, key, isFirst, isLast }) => (kind === "message" ? [key, isFirst, isLast] : kind)),
    [
      "loader",
      "day",
      ["m1", true, true],
      "divider",
      ["m2", true, true],
      // Five minutes later.
      ["m3", true, true],
      "day",
      ["m4", true, true],
      ["m5", true, true],
    ],
  );
  assert.deepEqual(
    entries.filter(({ seen }) => seen).map(({ key }) => key),
    ["m4"],
  );
  assert.equal(entriesOf({ items, from: 0, to: 1 }, divider, { ...about, hasOlder: false })[0].kind, "start");
  assert.equal(entriesOf({ items, from: 1, to: 2 }, divider, about)[0].kind, "divider");
  const [, , first, second] = entriesOf({ items: messages(1, 2), from: 0, to: 2 }, { ...divider, key: "" }, about);
  assert.deepEqual([first.isFirst, first.isLast, second.isFirst, second.isLast], [true, false, false, true]);
});
