// What is random in a client: the ids of its messages and groups, and its waits.

/** A new id: a UUID. Pages on plain http and React Native have none: then one that this user does not make again. */
export const newId = () => globalThis.crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

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
