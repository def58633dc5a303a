// Links and mentions in a text, as nodes.
import { h } from "../dom.js";

const LINK = /https?:\/\/[^\s<>"'`\u0000-\u001f]+/gi;
/** What ends a sentence is not a part of the link before it. */
const TRAILING = ".,;:!?…*_~'\"»”’";
const PAIRS = { ")": "(", "]": "[", "}": "{" };

/** A link without the punctuation behind it. Each character is looked at twice at most. @param {string} text */
function trim(text) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const char of text) counts[char] = (counts[char] ?? 0) + 1;
  let end = text.length;
  for (; end > 0; end--) {
    const last = text[end - 1];
    const open = PAIRS[/** @type {keyof typeof PAIRS} */ (last)];
    // A bracket belongs to the link if it is opened in it.
    if (open ? (counts[open] ?? 0) >= counts[last]-- : !TRAILING.includes(last)) break;
  }
  return text.slice(0, end);
}

/**
 * The pieces of a text: texts, and links of http and https.
 * @param {string} text
 * @returns {({ text: string, href?: string })[]}
 */
export function findLinks(text) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const found = trim(match[0]);
    const url = URL.canParse(found) ? new URL(found) : undefined;
    if (!url || !url.hostname || (url.protocol !== "http:" && url.protocol !== "https:")) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: found, href: url.href });
    end = match.index + found.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/**
 * A text as nodes: links open in another tab, and names that are mentioned stand out.
 * @param {string} text
 * @param {readonly string[]} [names] the names that are mentioned, without the @
 * @returns {(string | HTMLElement)[]}
 */
export function richText(text, names = []) {
  return findLinks(text).flatMap(({ text, href }) =>
    href ? [h("a", { href, target: "_blank", rel: "noopener noreferrer" }, text)] : splitMentions(text, names),
  );
}

/** @param {string} text @param {readonly string[]} names */
function splitMentions(text, names) {
  /** @type {(string | HTMLElement)[]} */
  const nodes = [];
  const sorted = [...names].sort((a, b) => b.length - a.length);
  let plain = "";
  for (let at = 0; at < text.length;) {
    const name = text[at] === "@" ? sorted.find((name) => text.startsWith(name, at + 1)) : undefined;
    if (name) {
      nodes.push(plain, h("span", { class: "mention" }, "@" + name));
      plain = "";
      at += name.length + 1;
    } else plain += text[at++];
  }
  return [...nodes, plain].filter((node) => node !== "");
}

const EMOJI_ONLY = /^(?:\p{RGI_Emoji}\s*){1,3}$/v;
/** Whether a text is one to three emojis and nothing else. @param {string} text */
export const isEmojiOnly = (text) => text.length < 64 && EMOJI_ONLY.test(text.trim());
