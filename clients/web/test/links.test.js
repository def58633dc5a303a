// Where a link ends: without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findLinks } from "../src/text/links.js";

/** The link that a text has. @param {string} text */
const linkOf = (text) => findLinks(text).find(({ href }) => href)?.text;

test("a link ends before the punctuation behind it, and keeps the brackets that it opens", () => {
  assert.equal(linkOf("see https://a.example/b."), "https://a.example/b");
  assert.equal(linkOf("(https://a.example/b)!"), "https://a.example/b");
  assert.equal(linkOf("https://a.example/b_(c)"), "https://a.example/b_(c)");
  assert.equal(linkOf("(https://a.example/b_(c)), and"), "https://a.example/b_(c)");
  assert.equal(linkOf("[https://a.example/?q=[1]].)"), "https://a.example/?q=[1]");
});

// The time limit is far above what it takes. Looking at the whole text for each bracket takes hours.
test("a link with very many brackets behind it does not stop the page", { timeout: 60_000 }, () => {
  for (const end of [")", ")."]) assert.equal(linkOf("https://a.example/b" + end.repeat(500_000)), "https://a.example/b");
});
