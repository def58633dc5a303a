// The line before the first message that was not read when the chat was opened. It stays for the visit.

export function createDivider() {
  /** Up to where the reader had read when the chat was opened; undefined without unread messages. */
  let readSeq = /** @type {number | undefined} */ (undefined);
  let unread = 0;
  /** The message after the divider. */
  let key = "";
  const isUnread = (/** @type {any} */ { isOwn, message }, /** @type {number} */ read) => !isOwn && message.seq > read;
  return {
    get key() {
      return key;
    },
    /** Whether there was something unread. */
    get isNeeded() {
      return readSeq !== undefined;
    },
    /** Where the chat is to be opened, as long as the divider has no place; undefined if at its end. */
    get missingSeq() {
      return readSeq === undefined || key ? undefined : readSeq + 1;
    },
    /** The chat is opened. @param {any} summary */
    open(summary) {
      if (!summary.unread) return;
      readSeq = summary.readSeq;
      unread = summary.unread;
    },
    /**
     * Finds its place, once.
     * @param {readonly any[]} items
     * @param {boolean} hasOlder
     */
    place(items, hasOlder) {
      if (key || readSeq === undefined) return;
      const read = readSeq;
      const first = items.findIndex((item) => isUnread(item, read));
      // What comes before it must be there, or be nothing.
      if (first < 0 || (first === 0 && hasOlder && items[0].message.seq > read + 1)) return;
      key = items[first].key;
    },
    /**
     * Messages arrived while the reader does not look: it comes before them, unless something before is unread too.
     * @param {readonly any[]} items
     * @param {any} arrived the first one
     * @param {number} read how far the reader has read
     */
    begin(items, arrived, read) {
      if (items.find((item) => isUnread(item, read)) !== arrived) return;
      unread = 0;
      key = arrived.key;
    },
    text: () => (unread === 1 ? "1 new message" : unread ? `${unread} new messages` : "New messages"),
  };
}
