// The BlurHash of this project against the texts of its description.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBlurHash, encodeBlurHash } from "../src/media/blurhash.js";

test("a BlurHash that is decoded and encoded again is nearly the same picture", () => {
  const width = 32;
  const height = 24;
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.set([(255 * x) / width, (255 * y) / height, 90, 255], (y * width + x) * 4);
  const hash = encodeBlurHash(pixels, width, height);
  assert.equal(hash.length, 4 + 2 * 4 * 3);
  const decoded = /** @type {Uint8ClampedArray} */ (decodeBlurHash(hash, width, height));
  const error = decoded.reduce((sum, value, index) => sum + Math.abs(value - pixels[index]), 0) / decoded.length;
  assert.ok(error < 12, `mean error ${error} of 255`);
});

test("a hash of another implementation is read: LEHV6nWB2yk8pyo0adR*.7kCMdnj is a brown and blue picture", () => {
  const pixels = /** @type {Uint8ClampedArray} */ (decodeBlurHash("LEHV6nWB2yk8pyo0adR*.7kCMdnj", 4, 4));
  assert.equal(pixels.length, 64);
  for (let at = 3; at < 64; at += 4) assert.equal(pixels[at], 255);
  // Its average colour is in the digits 2 to 6.
  const mean = [0, 1, 2].map((part) =>
    Math.round(
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].reduce((sum, index) => sum + pixels[index * 4 + part], 0) /
        16,
    ),
  );
  assert.ok(
    mean.every((value) => value > 60 && value < 200),
    String(mean),
  );
});

test("what is no BlurHash is refused", () => {
  for (const text of ["", "abc", "LEHV6nWB2yk8pyo0adR*.7kCMdn", "LEHV6nWB2yk8pyo0adR*.7kCMd\u00e9j"])
    assert.equal(decodeBlurHash(text, 4, 4), undefined);
});
