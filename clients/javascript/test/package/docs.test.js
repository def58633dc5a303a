// The documentation: what it names exists.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Chat } from "../../src/chat.js";
import { Client } from "../../src/client.js";

const home = fileURLToPath(new URL("../../", import.meta.url));
const pages = ["README.md", ...readdirSync(join(home, "docs")).map((name) => `docs/${name}`), "../../docs/WEB.md", "../../docs/CLIENTS.md"];

for (const page of pages) {
  const text = readFileSync(join(home, page), "utf8");

  test(`links of ${page} lead somewhere`, () => {
    const headings = (/** @type {string} */ of) =>
      [...of.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
        /** @type {string} */ (title).toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"),
      );
    for (const [, target] of text.replace(/```[^]*?```/g, "").matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file, anchor] = /** @type {string} */ (target).split("#");
      const path = file ? join(home, dirname(page), file) : join(home, page);
      assert.ok(existsSync(path), target);
      if (anchor) assert.ok(headings(readFileSync(path, "utf8")).includes(anchor), target);
    }
  });

  test(`lines of ${page} are at most 120 characters wide, but those of tables and addresses`, () => {
    const long = text.split("\n").filter((line) => line.length > 120 && !/^\||^\[.*\]: http/.test(line));
    assert.deepEqual(long, []);
  });
}

test("each complaint of others-faults.md names a test that is there", () => {
  const rows = readFileSync(join(home, "docs/others-faults.md"), "utf8").split("\n").filter((line) => /^\| [^-]/.test(line)).slice(1);
  assert.ok(rows.length > 8);
  for (const row of rows) {
    const [, , tests] = row.split("|");
    for (const one of /** @type {string} */ (tests).split(";")) {
      const [, file, title] = /`([^`]+)`: (.*)/.exec(one.trim()) ?? [];
      assert.ok(file && title, row);
      const source = readFileSync(join(home, file), "utf8");
      assert.match(source, new RegExp(`test\\([\\x60"].*${title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`), row);
    }
  }
});

test("each page is linked from the README", () => {
  const readme = readFileSync(join(home, "README.md"), "utf8");
  for (const page of pages.filter((name) => name.startsWith("docs/"))) assert.ok(readme.includes(`(${page})`), relative(home, page));
});

test("each function of a chat and of the client is in the README", () => {
  const readme = readFileSync(join(home, "README.md"), "utf8");
  for (const { prototype } of [Chat, Client]) {
    const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");
    assert.deepEqual(names.filter((name) => !new RegExp(`\\b${name}\\(`).test(readme)), []);
  }
});
