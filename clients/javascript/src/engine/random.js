// What is random in a client: the ids of its messages and groups, and its waits.

/** A new id: a UUIDv4. Pages on plain http and React Native have no `crypto.randomUUID`. */
export function newId() {
  const crypto = /** @type {Crypto | undefined} */ (globalThis.crypto);
  return (
    crypto?.randomUUID?.() ??
    "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) => {
      const byte = crypto ? /** @type {number} */ (crypto.getRandomValues(new Uint8Array(1))[0]) : Math.random() * 256;
      return (+digit ^ (byte & (15 >> (+digit / 4)))).toString(16);
    })
  );
}

/**
 * A random wait before the next try, between 0 and a bound. After the first failed try (`tries` is 1) the bound is
 * `firstMs`. It doubles with every further one, up to `maxMs`. This is "full jitter" of "Exponential Backoff And Jitter" in
 * the AWS Architecture Blog: clients that lose their connections together do not come back together.
 * @param {() => number} random From 0 to 1.
 * @param {number} tries
 * @param {number} firstMs
 * @param {number} maxMs
 */
export const backOff = (random, tries, firstMs, maxMs) => random() * Math.min(firstMs * 2 ** (tries - 1), maxMs);
