// The SHA-256 of a file, in hexadecimal.

/**
 * @param {Blob} file
 * @returns {Promise<string>}
 */
export async function sha256(file) {
  const bytes = await file.arrayBuffer();
  const subtle = globalThis.crypto?.subtle;
  const digest = subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : digestOf(new Uint8Array(bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The SHA-256 without `crypto.subtle`, which pages on plain http and React Native do not have: FIPS 180-4, section 6.2.
 * @param {Uint8Array} bytes
 */
export function digestOf(bytes) {
  /** @type {any} */
  const k = [];
  /** @type {any} */
  const start = [];
  const fraction = (/** @type {number} */ root) => ((root % 1) * 2 ** 32) | 0;
  for (let n = 2; k.length < 64; n++) {
    let divisor = 2;
    while (n % divisor) divisor++;
    if (divisor < n) continue;
    start.push(fraction(n ** 0.5));
    k.push(fraction(n ** (1 / 3)));
  }
  const { length } = bytes;
  const view = new DataView(new ArrayBuffer(((length + 72) >>> 6) << 6));
  new Uint8Array(view.buffer).set(bytes);
  view.setUint8(length, 128);
  view.setUint32(view.byteLength - 8, length / 2 ** 29);
  view.setUint32(view.byteLength - 4, length << 3);
  /** @type {any} */
  const hash = Int32Array.from(start.slice(0, 8));
  /** @type {any} */
  const w = new Int32Array(64);
  const turn = (/** @type {number} */ x, /** @type {number} */ by) => (x >>> by) | (x << (32 - by));
  for (let block = 0; block < view.byteLength; block += 64) {
    const v = [...hash];
    for (let i = 0; i < 64; i++) {
      const [a, b, c, , e, f, g, h] = v;
      const x = w[i - 15];
      const y = w[i - 2];
      w[i] =
        i < 16
          ? view.getInt32(block + i * 4)
          : w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
      const t = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
      v.unshift((t + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0);
      v[4] = (v[4] + t) | 0;
      v.pop();
    }
    v.forEach((value, i) => (hash[i] += value));
  }
  const digest = new DataView(new ArrayBuffer(32));
  hash.forEach((/** @type {number} */ value, /** @type {number} */ i) => digest.setInt32(i * 4, value));
  return new Uint8Array(digest.buffer);
}
