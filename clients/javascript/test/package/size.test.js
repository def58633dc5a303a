// What an app ships: the exports, bundled, minified and compressed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS, measure } from "../../scripts/size.mjs";

for (const { name, code, limit, only } of LIMITS) {
  test(`weight: ${name} has at most ${limit} KiB`, async () => {
    const { gzipped } = await measure(code, only);
    assert.ok(gzipped <= limit * 1024, `${(gzipped / 1024).toFixed(2)} KiB`);
  });
}

test("the measure sees what is imported", async () => {
  const [one, all] = [await measure(`export { ChatError } from "./index.js"`), await measure(LIMITS[0].code)];
  assert.ok(one.gzipped < all.gzipped);
});

test("tree shaking: an app that only takes ChatError ships little more than that", async () => {
  const { gzipped, text } = await measure(`import { ChatError } from "./index.js"; console.log(ChatError)`);
  assert.ok(gzipped < 1024, `${gzipped} bytes: ${text.slice(0, 500)}`);
});

test("tree shaking: an import without a use ships nothing", async () => {
  for (const module of ["index", "react", "indexeddb"]) {
    const { text } = await measure(`import "./${module}.js"; import * as all from "./${module}.js";`);
    assert.equal(text.trim(), "", module);
  }
});
