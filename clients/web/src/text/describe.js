// A message in one line, for lists, quotes, notifications and the live region.

const KINDS = { image: "Photo", audio: "Voice message", file: "File" };
const MAX_CHARS = 200;

/** @param {any} message @returns {string} */
export function describe(message) {
  if (message.deletedAt) return "Message deleted";
  const text = message.content.slice(0, MAX_CHARS).replace(/\s+/g, " ").trim();
  if (message.type === "text") return text;
  if (message.type === "file" && !text) return message.attachment?.fileName ?? KINDS.file;
  const kind = KINDS[/** @type {keyof typeof KINDS} */ (message.type)] ?? "Message";
  return text ? `${kind}: ${text}` : kind;
}

/** 1.4 MB. @param {number} bytes */
export function fileSize(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ["kB", "MB", "GB"];
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
