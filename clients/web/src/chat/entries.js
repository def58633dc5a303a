// What the log shows, from top to bottom: messages in groups, days, the unread divider, what is above all of them.
import { dayOf } from "../text/time.js";

/** Messages of one sender that are closer in time belong together. */
const GROUP_MS = 5 * 60_000;

const isSameDay = (/** @type {any} */ a, /** @type {any} */ b) =>
  dayOf(a.message.createdAt) === dayOf(b.message.createdAt);

/** @param {any} a @param {any} b */
const belong = (a, b) =>
  a.message.senderId === b.message.senderId &&
  Math.abs(Date.parse(b.message.createdAt) - Date.parse(a.message.createdAt)) < GROUP_MS &&
  isSameDay(a, b);

/**
 * The entries of these items.
 * @param {{ items: readonly any[], from: number, to: number }} range
 * @param {{ key: string, text(): string }} divider
 * @param {{ isGroup: boolean, seenSeq: number, hasOlder: boolean, failed: boolean, quoteOf(message: any): any }} about
 *   `seenSeq`: how far the others have read; `failed`: older messages could not be loaded
 */
export function entriesOf({ items, from, to }, divider, { isGroup, seenSeq, hasOlder, failed, quoteOf }) {
  /** @type {any[]} */
  const entries = [];
  if (from === 0) entries.push(hasOlder ? { key: "loader", kind: "loader", failed } : { key: "start", kind: "start" });
  for (let index = from; index < to; index++) {
    const item = items[index];
    const before = items[index - 1];
    const after = items[index + 1];
    const { key, message } = item;
    const isNewDay = !before || !isSameDay(before, item);
    if (isNewDay) entries.push({ key: `day ${key}`, kind: "day", time: message.createdAt });
    if (key === divider.key) entries.push({ key: "divider", kind: "divider", text: divider.text() });
    entries.push({
      key,
      kind: "message",
      item,
      isFirst: isNewDay || key === divider.key || !belong(before, item),
      isLast: !after || after.key === divider.key || !belong(item, after),
      showAuthor: isGroup,
      seen: item.isOwn && message.seq !== undefined && message.seq <= seenSeq,
      quote: quoteOf(message),
    });
  }
  return entries;
}
