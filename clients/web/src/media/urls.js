// URLs of attachments: asked for once, and again when they are old. What this page sent itself is shown from memory.

/** A URL serves for about an hour. */
const MAX_AGE_MS = 45 * 60_000;
/** How many files of this page are kept to be shown. */
const MAX_LOCAL = 50;

/** @param {any} chat */
export function createUrls(chat) {
  /** @type {Map<string, { url: Promise<string>, at: number }>} */
  const asked = new Map();
  /** @type {Map<string, string>} */
  const local = new Map();
  return {
    /** The URL of a file that is sent from this page. @param {string} key @param {Blob} [file] */
    local(key, file) {
      let url = local.get(key);
      if (!url && file) {
        local.set(key, (url = URL.createObjectURL(file)));
        if (local.size > MAX_LOCAL) {
          const [oldest, old] = /** @type {[string, string]} */ (local.entries().next().value);
          URL.revokeObjectURL(old);
          local.delete(oldest);
        }
      }
      return url;
    },
    /** @param {string} key @param {number} seq @param {boolean} [isFresh] asks again */
    get(key, seq, isFresh) {
      const mine = local.get(key);
      if (mine) return Promise.resolve(mine);
      let known = asked.get(key);
      if (!known || isFresh || Date.now() - known.at > MAX_AGE_MS) {
        const url = chat.attachment(seq).then((/** @type {any} */ answer) => answer.download.url);
        url.catch(() => asked.delete(key));
        asked.set(key, (known = { url, at: Date.now() }));
      }
      return known.url;
    },
    clear() {
      for (const url of local.values()) URL.revokeObjectURL(url);
      local.clear();
    },
  };
}
