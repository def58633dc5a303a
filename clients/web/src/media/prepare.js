// A file before it is sent: what it is, and whether it fits.
import { fileSize } from "../text/describe.js";
import { Refusal } from "../text/errors.js";
import { encodeBlurHash } from "./blurhash.js";

/** What the system takes unless its operator says otherwise: docs/API.md, "Limits". */
export const LIMITS = { image: 10_000_000, audio: 25_000_000, file: 100_000_000 };
const NAMES = { image: "an image", audio: "a recording", file: "a file" };
/** The types that are sent as images: shared/domain/src/attachment.rs, which a test compares. */
export const IMAGE_TYPES = new Set(["image/gif", "image/jpeg", "image/png", "image/webp"]);
/** The types that other files keep. Any other is sent as bytes. */
export const FILE_TYPES = new Set([
  "application/gzip",
  "application/json",
  "application/msword",
  "application/pdf",
  "application/vnd.ms-excel",
  "application/vnd.ms-powerpoint",
  "application/vnd.oasis.opendocument.spreadsheet",
  "application/vnd.oasis.opendocument.text",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "application/zip",
  "text/csv",
  "text/markdown",
  "text/plain",
  "video/mp4",
  "video/quicktime",
  "video/webm",
]);
/** The longer side of the copy that a BlurHash is made of. */
const HASH_PIXELS = 32;
const MAX_NAME_CHARS = 100;

/**
 * A file that is ready to be sent.
 * @typedef {{ file: Blob, type: "image" | "audio" | "file", fileName: string, contentType: string, width?: number, height?: number,
 *   blurHash?: string, durationMs?: number }} Prepared
 */

/** A file that waits to be sent, with the address of its preview. @typedef {{ prepared: Prepared, url?: string }} ChosenFile */

/** Lets go of previews. @param {readonly ChosenFile[]} files */
export const forgetPreviews = (files) => {
  for (const { url } of files) if (url) URL.revokeObjectURL(url);
};

/**
 * Throws a sentence for the reader if the file is too large or empty.
 * @param {"image" | "audio" | "file"} type
 * @param {string} name
 * @param {number} size
 */
function checkSize(type, name, size) {
  if (!size) throw new Refusal(`${name} is empty. Choose another file.`);
  if (size > LIMITS[type])
    // Rounded up, so that it is never the limit itself.
    throw new Refusal(
      `${name} has ${Math.ceil(size / 100_000) / 10} MB. ${NAMES[type][0].toUpperCase()}${NAMES[type].slice(1)} can have at most ${fileSize(LIMITS[type])}. Choose a smaller one.`,
    );
}

/** @param {string} name */
const shortName = (name) =>
  (name.length > MAX_NAME_CHARS ? name.slice(0, MAX_NAME_CHARS / 2) + "…" + name.slice(-MAX_NAME_CHARS / 3) : name) ||
  "file";

/**
 * @param {File | Blob} file
 * @param {{ durationMs?: number }} [known]
 * @returns {Promise<Prepared>}
 */
export async function prepareFile(file, { durationMs } = {}) {
  const fileName = shortName(/** @type {File} */ (file).name ?? "file");
  const contentType = file.type.split(";")[0];
  if (durationMs) {
    checkSize("audio", "The recording", file.size);
    return { file, type: "audio", fileName, contentType, durationMs: Math.round(durationMs) };
  }
  if (IMAGE_TYPES.has(contentType)) {
    checkSize("image", fileName, file.size);
    const image = await readImage(file);
    if (image) return { file, type: "image", fileName, contentType, ...image };
  }
  checkSize("file", fileName, file.size);
  return {
    file,
    type: "file",
    fileName,
    contentType: FILE_TYPES.has(contentType) ? contentType : "application/octet-stream",
  };
}

/**
 * The size and the BlurHash of an image; undefined if it cannot be read.
 * @param {Blob} file
 */
export async function readImage(file) {
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  if (!bitmap) return;
  const { width, height } = bitmap;
  const scale = Math.min(1, HASH_PIXELS / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  return { width, height, blurHash: encodeBlurHash(data, canvas.width, canvas.height) };
}
