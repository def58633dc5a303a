// Dates and times in the reader's zone.

/** Tests run where there is no reader. */
const { language = "" } = globalThis.navigator ?? {};
/** English with the habits of the reader's region. */
const LOCALE = language.startsWith("en") ? language : "en-GB";
const DAY_MS = 86_400_000;
/** From so many days on, a date is shown instead of a weekday. */
const WEEK_DAYS = 7;
/** A timer may be a little early. */
const AFTER_MIDNIGHT_MS = 1000;

const format = (/** @type {Intl.DateTimeFormatOptions} */ options) => {
  const formatter = new Intl.DateTimeFormat(LOCALE, options);
  return (/** @type {Date} */ date) => formatter.format(date);
};
const { hour12 } = new Intl.DateTimeFormat(LOCALE, { hour: "numeric" }).resolvedOptions();
/** 09:05, or 9:05 AM. */
const clock = format({ hour: hour12 ? "numeric" : "2-digit", minute: "2-digit" });
const weekday = format({ weekday: "short" });
const shortDate = format({ day: "numeric", month: "short" });
const shortDateYear = format({ day: "numeric", month: "short", year: "numeric" });
const longDay = format({ weekday: "long", day: "numeric", month: "long" });
const longDayYear = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const full = format({ dateStyle: "full", timeStyle: "short" });

/** The local midnight before a moment. @param {Date} date */
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
/** How many local days ago a moment was. @param {Date} date */
const daysAgo = (date) => Math.round((midnight(new Date()) - midnight(date)) / DAY_MS);

/** The local day of a moment: the same text for moments of the same day. @param {string} time */
export const dayOf = (time) => new Date(time).toDateString();

/** 14:05. @param {string} time */
export const timeOfDay = (time) => clock(new Date(time));

/** Today, Yesterday, Tuesday, 24 November, with the year if it is another one. @param {string} time */
export function dayName(time) {
  const date = new Date(time);
  const days = daysAgo(date);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return date.getFullYear() === new Date().getFullYear() ? longDay(date) : longDayYear(date);
}

/** The time in a list: of today the time of day, then the day. @param {string} time */
export function shortTime(time) {
  const date = new Date(time);
  const days = daysAgo(date);
  if (days <= 0) return clock(date);
  if (days === 1) return "Yesterday";
  if (days < WEEK_DAYS) return weekday(date);
  return date.getFullYear() === new Date().getFullYear() ? shortDate(date) : shortDateYear(date);
}

/** The whole date. @param {string} time */
export const fullDate = (time) => full(new Date(time));

/** When somebody was seen last, as a part of a sentence. @param {string} time */
export function lastSeen(time) {
  const date = new Date(time);
  const days = daysAgo(date);
  if (days === 0) return `last seen today at ${clock(date)}`;
  if (days === 1) return `last seen yesterday at ${clock(date)}`;
  return `last seen on ${date.getFullYear() === new Date().getFullYear() ? shortDate(date) : shortDateYear(date)}`;
}

/** 1:05. @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Calls back after each local midnight. @param {() => void} run @param {AbortSignal} signal */
export function onMidnight(run, signal) {
  /** @type {any} */
  let timer;
  const wait = () => {
    const now = new Date();
    const next = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime();
    timer = setTimeout(() => (run(), wait()), next - now.getTime() + AFTER_MIDNIGHT_MS);
  };
  wait();
  signal.addEventListener("abort", () => clearTimeout(timer));
}
