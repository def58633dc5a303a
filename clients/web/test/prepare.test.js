// What the page sends as which type, beside what the system takes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { FILE_TYPES, IMAGE_TYPES, LIMITS } from "../src/media/prepare.js";

test("types and sizes of attachments are the system's defaults", async () => {
  const source = await readFile(new URL("../../../shared/domain/src/attachment.rs", import.meta.url), "utf8");
  /** The default limit of a kind. @param {string} kind */
  const limit = (kind) => {
    const [, bytes, types] =
      new RegExp(`${kind}: AttachmentLimit::new\\(\\s*([\\d_]+),\\s*&\\[([^\\]]*)\\]`).exec(source) ?? [];
    assert.ok(types, `shared/domain/src/attachment.rs has no default for ${kind}`);
    return { bytes: Number(bytes.replaceAll("_", "")), types: new Set(types.match(/[\w.+-]+\/[\w.+-]+/g)) };
  };
  assert.deepEqual(LIMITS, { image: limit("image").bytes, audio: limit("audio").bytes, file: limit("file").bytes });
  assert.deepEqual(IMAGE_TYPES, limit("image").types);
  // What has no type of its own is sent as these bytes.
  assert.deepEqual(new Set([...FILE_TYPES, "application/octet-stream"]), limit("file").types);
});
