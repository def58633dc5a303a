// BlurHash: a few colours of an image as a short text (https://blurha.sh).

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
const BASE = DIGITS.length;

/** @param {string} text */
const decode83 = (text) => [...text].reduce((value, digit) => value * BASE + DIGITS.indexOf(digit), 0);
/** @param {number} value @param {number} length */
function encode83(value, length) {
  let text = "";
  for (let at = 0; at < length; at++, value = Math.floor(value / BASE)) text = DIGITS[value % BASE] + text;
  return text;
}
/** @param {number} value 0 to 255 */
const toLinear = (value) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
/** @param {number} value */
function toByte(value) {
  const bounded = Math.max(0, Math.min(1, value));
  return Math.round(255 * (bounded <= 0.0031308 ? bounded * 12.92 : 1.055 * bounded ** (1 / 2.4) - 0.055));
}
/** @param {number} value @param {number} exponent */
const signedPower = (value, exponent) => Math.sign(value) * Math.abs(value) ** exponent;

/**
 * The pixels of a BlurHash, four bytes each; undefined if it is none.
 * @param {string} hash
 * @param {number} width
 * @param {number} height
 */
export function decodeBlurHash(hash, width, height) {
  if (typeof hash !== "string" || hash.length < 6 || [...hash].some((digit) => !DIGITS.includes(digit))) return;
  const size = decode83(hash[0]);
  const columns = (size % 9) + 1;
  const rows = Math.floor(size / 9) + 1;
  if (hash.length !== 4 + 2 * columns * rows) return;
  const max = (decode83(hash[1]) + 1) / 166;
  const colors = Array.from({ length: columns * rows }, (_, index) => {
    if (index === 0) {
      const value = decode83(hash.slice(2, 6));
      return [value >> 16, (value >> 8) & 255, value & 255].map(toLinear);
    }
    const value = decode83(hash.slice(4 + index * 2, 6 + index * 2));
    const parts = [Math.floor(value / (19 * 19)), Math.floor(value / 19) % 19, value % 19];
    return parts.map((part) => signedPower((part - 9) / 9, 2) * max);
  });
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0];
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) {
          const basis = Math.cos((Math.PI * x * column) / width) * Math.cos((Math.PI * y * row) / height);
          const color = colors[row * columns + column];
          for (let part = 0; part < 3; part++) sum[part] += color[part] * basis;
        }
      pixels.set([...sum.map(toByte), 255], (y * width + x) * 4);
    }
  return pixels;
}

/**
 * @param {Uint8ClampedArray} pixels four bytes each
 * @param {number} width
 * @param {number} height
 * @param {number} [columns] 1 to 9
 * @param {number} [rows] 1 to 9
 */
export function encodeBlurHash(pixels, width, height, columns = 4, rows = 3) {
  /** @type {number[][]} */
  const factors = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const sum = [0, 0, 0];
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const basis = Math.cos((Math.PI * column * x) / width) * Math.cos((Math.PI * row * y) / height);
          for (let part = 0; part < 3; part++) sum[part] += basis * toLinear(pixels[(y * width + x) * 4 + part]);
        }
      const scale = (row || column ? 2 : 1) / (width * height);
      factors.push(sum.map((value) => value * scale));
    }
  const [first, ...rest] = factors;
  const peak = Math.max(0, ...rest.flat().map(Math.abs));
  const quantized = rest.length ? Math.max(0, Math.min(82, Math.floor(peak * 166 - 0.5))) : 0;
  const max = rest.length ? (quantized + 1) / 166 : 1;
  const [red, green, blue] = first.map(toByte);
  const part = (/** @type {number} */ value) =>
    Math.max(0, Math.min(18, Math.floor(signedPower(value / max, 0.5) * 9 + 9.5)));
  return (
    encode83(columns - 1 + (rows - 1) * 9, 1) +
    encode83(quantized, 1) +
    encode83((red << 16) + (green << 8) + blue, 4) +
    rest.map((color) => encode83((part(color[0]) * 19 + part(color[1])) * 19 + part(color[2]), 2)).join("")
  );
}
