// A message on its way: from the outbox until it is stored, refused or discarded.

/** @import { ClientId, Custom, Seq, UserId } from "./api.js" */
/** @import { Store } from "./store.js" */
/** @import { HeldMessage } from "./state/message.js" */
import { ChatError } from "./errors.js";

/**
 * Where a message on its way is. `waiting`: for a connection, its turn or a retry. `failed`: it was refused, or given
 * up after failures of the server; it stays until `retry` or `discard`.
 * @typedef {"waiting" | "uploading" | "sending" | "failed" | "stored" | "discarded"} SendingState
 */

/**
 * A message on its way. It is in the outbox when the caller gets this.
 * @typedef {object} Sending
 * @property {ClientId} name its clientMessageId, under which it is stored once, however often it is sent
 * @property {SendingState} state where it is now
 * @property {ChatError | undefined} error why it failed; undefined if it did not
 * @property {number | undefined} progress how much of a file is uploaded, 0 to 1; undefined without a file
 * @property {Promise<Readonly<HeldMessage>>} stored the stored message. Rejects with a {@link ChatError} if it is
 *   refused, and with the code `discarded` if it is discarded, here or in another tab. Nobody has to look at it.
 *   `retry` makes another one
 * @property {() => Promise<Readonly<HeldMessage>>} retry sends a failed message again, and returns the new `stored`
 * @property {() => void} discard takes it out of the outbox. If it was being sent, it may be stored all the same
 */

/**
 * The message on its way with this clientMessageId: the same object each time.
 * @param {Store} store
 * @param {ClientId} name
 * @param {(progress: number) => void} [onProgress]
 * @returns {Readonly<Sending>}
 * @internal
 */
export function sendingOf({ engine, sendings }, name, onProgress) {
  const known = sendings.get(name);
  if (known) return known;
  const entry = () => engine.outbox.find((unsent) => unsent.clientMessageId === name);
  /** @type {SendingState | undefined} */
  let result;
  /** @type {number | undefined} */
  let progress;
  /** @type {Sending["stored"]} */
  let stored;
  let resolve = (/** @type {any} */ _message) => {};
  let reject = (/** @type {any} */ _error) => {};
  const begin = () => {
    stored = new Promise((...settle) => ([resolve, reject] = settle));
    stored.catch(() => {});
  };
  /** @param {HeldMessage} [message] the stored one; without it, the message was discarded */
  const finish = (message) => {
    if (result) return;
    result = message ? "stored" : "discarded";
    off();
    sendings.delete(name);
    if (message) resolve(message);
    else reject(new ChatError("discarded", "the message was discarded"));
  };
  begin();
  const failed = entry()?.error;
  if (failed) reject(failed);
  const off = engine.subscribe((update) => {
    if (update.type === "outbox" && onProgress) {
      const next = entry()?.progress ?? progress;
      if (next !== progress) onProgress(/** @type {number} */ (progress = next));
    }
    if (!("clientMessageId" in update) || update.clientMessageId !== name) return;
    if (update.type === "notSent") return reject(update.error);
    finish(update.type === "sent" ? update.message : undefined);
  });
  const sending = Object.freeze({
    name,
    get state() {
      return result ?? entry()?.state ?? "waiting";
    },
    get error() {
      return entry()?.error;
    },
    get progress() {
      return entry()?.progress;
    },
    get stored() {
      return stored;
    },
    retry() {
      if (entry()?.state === "failed") {
        begin();
        engine.retry(name);
      }
      return stored;
    },
    discard() {
      if (result) return;
      finish();
      engine.discard(name);
    },
  });
  sendings.set(name, sending);
  return sending;
}

/**
 * A text message to send.
 * @typedef {object} TextDraft
 * @property {string} text
 * @property {Seq} [replyTo] the seq of the message that this one replies to
 * @property {readonly UserId[]} [mentions] at most 20 participants
 * @property {Custom} [custom] the application's own data: at most 2,048 bytes of JSON
 * @property {ClientId} [clientMessageId] 1 to 64 printable ASCII characters, no spaces; a random one if it is left out.
 *   All chats share one outbox: no other message that waits may have it
 */

/**
 * How to send a file. With `width`, `height` and `blurHash` it is an image, with `durationMs` a recording, else a file.
 * @typedef {object} FileOptions
 * @property {string} [caption]
 * @property {"image" | "audio" | "file"} [type]
 * @property {string} [fileName] that of the file if it is left out
 * @property {string} [contentType] that of the file if it is left out
 * @property {number} [width] in pixels
 * @property {number} [height] in pixels
 * @property {string} [blurHash] what to show while the image loads: https://blurha.sh
 * @property {number} [durationMs]
 * @property {Seq} [replyTo]
 * @property {readonly UserId[]} [mentions]
 * @property {Custom} [custom]
 * @property {ClientId} [clientMessageId] as in {@link TextDraft}
 * @property {AbortSignal} [signal] discards the message
 * @property {(progress: number) => void} [onProgress] how much is uploaded, 0 to 1
 */

/**
 * What an attachment is declared with.
 * @typedef {{ type: "image" | "audio" | "file", fileName: string, contentType: string, width?: number, height?: number,
 *   blurHash?: string, durationMs?: number }} NewAttachment
 */

/**
 * @param {Blob & { readonly name?: string }} file
 * @param {FileOptions} options
 * @returns {NewAttachment}
 * @internal
 */
export function newAttachment(file, { type, fileName, contentType, width, height, blurHash, durationMs }) {
  return {
    type: type ?? (width ? "image" : durationMs ? "audio" : "file"),
    fileName: fileName ?? file.name ?? "file",
    contentType: contentType ?? (file.type.split(";")[0] || "application/octet-stream"),
    width,
    height,
    blurHash,
    durationMs,
  };
}
