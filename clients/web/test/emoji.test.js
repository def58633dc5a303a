// The table of emojis, without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMOJIS, QUICK, findEmojis } from "../src/text/emoji.js";

test("each line of the table is one emoji of Unicode, once, with a name", () => {
  for (const [emoji, words] of EMOJIS) assert.match(`${emoji}${words}`, /^\p{RGI_Emoji}[a-z]/v);
  assert.equal(new Set(EMOJIS.map(([emoji]) => emoji)).size, EMOJIS.length);
  for (const emoji of QUICK) assert.ok(EMOJIS.some(([known]) => known === emoji), emoji);
});

test("a line without an emoji is about the next one: the names at the ends of long rows are right", () => {
  const ends = {
    ...{ unamused: "😒", "rolling eyes": "🙄", "mind blown": "🤯", "fingers crossed": "🤞" },
    ...{ "paw prints": "🐾", "giraffe face": "🦒", "leaves in the wind": "🍃", "baby bottle": "🍼" },
  };
  for (const [name, emoji] of Object.entries(ends)) assert.deepEqual(findEmojis(name).map(([known]) => known), [emoji]);
});
