// The round picture of a person, the square one of a group: initials on a quiet colour until there is an image.
import { h } from "./dom.js";

/** The angles of the colours, in degrees. */
const HUES = [60, 140, 250, 325, 95, 190];
/** A URL of an avatar of a group is asked for again after this time: it serves for about an hour. */
const MAX_URL_AGE_MS = 45 * 60_000;
/** @type {Map<string, { url: Promise<string>, at: number }>} */
const urls = new Map();

/** @param {string} id */
function hueOf(id) {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return HUES[hash % HUES.length];
}

/** One or two initials of a name. @param {string} name @param {boolean} [isGroup] */
function initials(name, isGroup) {
  const words = name
    .trim()
    .split(/[\s_-]+/)
    .filter(Boolean);
  const letters = (isGroup ? words.slice(0, 2) : words.slice(0, 1)).map((word) => [...word][0] ?? "");
  return letters.join("").toUpperCase();
}

/**
 * @param {{ id: string, name: string, image?: string, isGroup?: boolean, isOnline?: boolean, size?: "small" | "large" }} of
 */
export function avatar({ id, name, image, isGroup, isOnline, size }) {
  const node = h(
    "span",
    {
      class: ["avatar", size, isGroup && "group", isOnline && "online"].filter(Boolean).join(" "),
      "aria-hidden": "true",
    },
    initials(name, isGroup),
  );
  node.style.setProperty("--hue", String(hueOf(id)));
  if (image && /^(https?|blob):/.test(image)) {
    const img = h("img", { src: image, alt: "", decoding: "async" });
    img.addEventListener("error", () => img.remove());
    node.append(img);
  }
  return node;
}

/** @param {any} person @param {"small" | "large"} [size] @param {boolean} [withStatus] */
export const personAvatar = (person, size, withStatus) =>
  avatar({
    id: person.id,
    name: person.name,
    image: person.avatarUrl,
    isOnline: withStatus && person.status === "online",
    size,
  });

/**
 * The avatar of a chat.
 * @param {any} ctx
 * @param {any} summary
 * @param {"small" | "large"} [size]
 */
export function chatAvatar(ctx, summary, size) {
  if (!summary.isGroup) return personAvatar(ctx.client.person(summary.otherUserId ?? summary.id).get(), size, true);
  const node = avatar({ id: summary.id, name: summary.title, isGroup: true, size });
  if (summary.avatar) {
    const key = summary.id + summary.avatar.attachmentId;
    let known = urls.get(key);
    if (!known || Date.now() - known.at > MAX_URL_AGE_MS) {
      const url = ctx.client
        .chat(summary.id)
        .avatar()
        .then((/** @type {any} */ answer) => answer.download.url);
      url.catch(() => urls.delete(key));
      urls.set(key, (known = { url, at: Date.now() }));
    }
    known.url.then(
      (url) => node.append(h("img", { src: url, alt: "" })),
      () => {},
    );
  }
  return node;
}

/** What the avatar of a chat depends on. @param {any} ctx @param {any} summary */
export function avatarKey(ctx, summary) {
  if (summary.isGroup) return `${summary.title}\n${summary.avatar?.attachmentId}`;
  const { name, avatarUrl, status } = ctx.client.person(summary.otherUserId ?? summary.id).get();
  return `${name}\n${avatarUrl}\n${status}`;
}
