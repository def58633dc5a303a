// Which of the loaded messages are rows: a range of the timeline, which follows it and grows at both ends.

/** More rows are slow: the far side is trimmed. */
export const MAX_ROWS = 300;
/** How many rows are added at an end at once. */
export const STEP_ROWS = 50;

export function createRange() {
  /** @type {readonly any[]} */
  let items = [];
  /** The shown items: from `from` up to, and without, `to`. */
  let from = 0;
  let to = 0;
  /** @type {Map<number, any>} */
  let bySeq = new Map();
  return {
    get items() {
      return items;
    },
    get from() {
      return from;
    },
    get to() {
      return to;
    },
    /** Whether the last loaded message is shown. */
    get isAtEnd() {
      return to === items.length;
    },
    /** @param {number} seq */
    bySeq: (seq) => bySeq.get(seq),
    /**
     * Follows the timeline: what is shown stays, and at the end the new ones are shown too.
     * @param {readonly any[]} next
     * @param {boolean} isPinned whether the oldest rows are trimmed, else the newest ones
     */
    follow(next, isPinned) {
      const wasAtEnd = to === items.length;
      const shownKeys = items.slice(from, to).map(({ key }) => key);
      items = next.some(({ message }) => message.deletedFor?.length)
        ? next.filter(({ message }) => !message.deletedFor?.length)
        : next;
      bySeq = new Map(items.map((item) => [item.message.seq, item]));
      const places = new Map(items.map((item, index) => [item.key, index]));
      const kept = shownKeys.map((key) => places.get(key)).filter((place) => place !== undefined);
      if (!kept.length) return this.toEnd();
      from = /** @type {number} */ (kept[0]);
      to = wasAtEnd ? items.length : /** @type {number} */ (kept.at(-1)) + 1;
      if (to - from <= MAX_ROWS) return;
      if (isPinned) from = to - MAX_ROWS;
      else to = from + MAX_ROWS;
    },
    /** Shows older ones, and trims the end. */
    growOlder() {
      from = Math.max(0, from - STEP_ROWS);
      to = Math.min(to, from + MAX_ROWS);
    },
    /** Shows newer ones, and trims the beginning. */
    growNewer() {
      to = Math.min(items.length, to + STEP_ROWS);
      from = Math.max(from, to - MAX_ROWS);
    },
    toEnd() {
      to = items.length;
      from = Math.max(0, to - STEP_ROWS);
    },
    /** Shows an item, with others around it; false if it is shown already. @param {number} index */
    show(index) {
      if (index >= from && index < to) return false;
      from = Math.max(0, index - STEP_ROWS);
      to = Math.min(items.length, index + STEP_ROWS);
      return true;
    },
  };
}
