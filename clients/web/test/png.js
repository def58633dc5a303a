// Pictures for tests: a PNG of any function of the pixels.
import { deflateSync } from "node:zlib";

const CRC = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const crc = body.reduce((value, byte) => CRC[(value ^ byte) & 255] ^ (value >>> 8), 0xffffffff) ^ 0xffffffff;
  const size = Buffer.alloc(4);
  size.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc >>> 0);
  return Buffer.concat([size, body, sum]);
}

/**
 * A PNG whose pixels have these colours, each 0 to 255.
 * @param {number} width
 * @param {number} height
 * @param {(x: number, y: number) => number[]} color of a place, 0 to 1 from the top left
 */
export function png(width, height, color) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rows.set(color(x / width, y / height), y * (width * 3 + 1) + 1 + x * 3);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Mountains in the evening, for screenshots. @param {number} x @param {number} y */
export function mountains(x, y) {
  const ridge = Math.min(Math.abs(x - 0.28) * 1.9 + 0.42, Math.abs(x - 0.72) * 1.6 + 0.53);
  const near = Math.abs(x - 0.5) * 0.5 + 0.68;
  if (y > near) return [38, 58, 44];
  if (y > ridge) return [74, 98, 88];
  const mix = (/** @type {number} */ from, /** @type {number} */ to) =>
    Math.round(from + (to - from) * Math.min(1, y / 0.75));
  return [mix(126, 246), mix(168, 212), mix(206, 176)];
}
