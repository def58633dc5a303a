// Uploads and downloads of attachments. The bytes go between the client and the bucket, not through the system.

/** @import { Attachment, NewAttachment, OpenedAttachment } from "../api.js" */
/** @import { Core } from "./options.js" */
/** @import { createHttp } from "./http.js" */
import { createAttachment, getAttachment } from "../calls.js";
import { ChatError, retryableError } from "../errors.js";
import { backOff } from "./random.js";
import { sha256 } from "./sha256.js";
import { bounded } from "./timeouts.js";

/** The time-out of a transfer with all its tries. It is as long as the presigned URL of an upload is valid. */
const TRANSFER_TIMEOUT_MS = 15 * 60_000;
/** A try by XMLHttpRequest that moves no byte for so long is ended, and another one follows. */
const MAX_STALL_MS = 60_000;
/** How often a transfer is tried in all. */
const MAX_ATTEMPTS = 4;
/** The first wait before another try is at most this long. The bound doubles with each further wait. */
const MAX_FIRST_WAIT_MS = 2000;
/** No wait before another try is longer. */
const MAX_WAIT_MS = 8000;

/**
 * The file was changed or removed, or the browser dropped its bytes.
 * @param {unknown} cause
 */
const lost = (cause) => {
  throw new ChatError("file_lost", "the file cannot be read", { cause });
};

/** @typedef {{ signal?: AbortSignal, onProgress?: (progress: number) => void }} TransferOptions */
/** @typedef {{ method?: string, url: string, headers?: Record<string, string> }} BucketRequest */
/** @typedef {{ attachment: Attachment, blob: Blob }} AttachmentDownload */

/**
 * @param {Core} core
 * @param {ReturnType<typeof createHttp>} http
 */
export function createAttachments(core, http) {
  const { options } = core;

  /**
   * Sends a request to the bucket by XMLHttpRequest, which alone tells how much is uploaded. Errors do not contain the URL:
   * whoever has it can read the bytes.
   * @param {BucketRequest} request
   * @param {Blob | undefined} body
   * @param {AbortSignal} signal
   * @param {(event: { loaded: number }) => void} onProgress
   * @returns {Promise<{ status: number, body: Blob }>}
   */
  const exchange = (request, body, signal, onProgress) =>
    new Promise((resolve, reject) => {
      const { method = "GET", url, headers = {} } = request;
      const fail = (/** @type {unknown} */ error) =>
        reject(retryableError("network", "the bucket could not be reached", error));
      if (!options.XMLHttpRequest) {
        options
          .fetch(url, { method, headers, body, signal })
          .then(async (response) => resolve({ status: response.status, body: await response.blob() }))
          .catch(fail);
        return;
      }
      const xhr = new options.XMLHttpRequest();
      xhr.open(method, url);
      xhr.responseType = "blob";
      for (const name in headers) xhr.setRequestHeader(name, headers[name]);
      /** @type {any} */
      let timer;
      const restartStall = () => {
        options.clearTimeout(timer);
        timer = options.setTimeout(() => xhr.abort(), MAX_STALL_MS);
      };
      (body ? xhr.upload : xhr).onprogress = (/** @type {{ loaded: number }} */ event) => {
        restartStall();
        onProgress(event);
      };
      xhr.onload = () => resolve({ status: xhr.status, body: xhr.response });
      xhr.onerror = xhr.onabort = fail;
      xhr.onloadend = () => options.clearTimeout(timer);
      restartStall();
      signal.addEventListener("abort", () => xhr.abort());
      xhr.send(body);
    });

  /**
   * Sends a request to the bucket, with more tries after an error that may pass.
   * @param {BucketRequest} request
   * @param {Blob | undefined} body
   * @param {number} size
   * @param {TransferOptions} options
   */
  const transfer = (request, body, size, { signal, onProgress }) =>
    bounded(core, TRANSFER_TIMEOUT_MS, signal, async (signal) => {
      for (let tries = 1; ; tries++) {
        try {
          const answer = await exchange(request, body, signal, ({ loaded }) => onProgress?.(size && loaded / size));
          // 412: an earlier try stored the object, and its answer was lost. The bytes are the same: their SHA-256 is signed.
          if ((answer.status >= 200 && answer.status < 300) || (body && answer.status === 412)) {
            onProgress?.(1);
            return answer.body;
          }
          const { status } = answer;
          // 409: another try is being stored. RequestTimeout: the bucket received the bytes too slowly.
          const retryable =
            status >= 500 || status === 409 || (await answer.body.text()).includes("<Code>RequestTimeout<");
          throw new ChatError("bucket", `the bucket answered ${status}`, { status, retryable });
        } catch (error) {
          if (!(/** @type {ChatError} */ (error).retryable) || tries >= MAX_ATTEMPTS || signal.aborted) throw error;
        }
        const wait = backOff(options.random, tries, MAX_FIRST_WAIT_MS, MAX_WAIT_MS);
        await new Promise((resolve) => {
          const timer = options.setTimeout(/** @type {() => void} */ (resolve), wait);
          signal.addEventListener("abort", () => {
            options.clearTimeout(timer);
            resolve(undefined);
          });
        });
      }
    });

  return {
    /**
     * Creates an attachment and uploads its bytes. Then send it in a message, once, within a day.
     * @param {string} chatId
     * @param {Omit<NewAttachment, "chatId" | "sizeBytes" | "sha256">} attachment
     * @param {Blob} file
     * @param {TransferOptions} [options]
     * @returns {Promise<Attachment>}
     */
    async upload(chatId, attachment, file, options = {}) {
      const call = createAttachment(chatId, attachment, file.size, await sha256(file).catch(lost));
      for (let isRepeat = false; ; isRepeat = true) {
        const announced = await http.send(call, options.signal);
        try {
          await transfer(announced.upload, file, file.size, options);
          return announced.attachment;
        } catch (error) {
          // 403: the presigned URL has expired.
          if (isRepeat || /** @type {ChatError} */ (error).status !== 403) throw error;
        }
      }
    },
    /**
     * Downloads the bytes of an attachment, and checks their size and their SHA-256.
     * @param {string} chatId
     * @param {number} seq
     * @param {TransferOptions} [options]
     * @returns {Promise<AttachmentDownload>}
     */
    async download(chatId, seq, options = {}) {
      const call = getAttachment(chatId, seq);
      const { attachment, download } = /** @type {OpenedAttachment} */ (await http.send(call, options.signal));
      const blob = await transfer(download, undefined, attachment.sizeBytes, options);
      if (blob.size !== attachment.sizeBytes || (await sha256(blob)) !== attachment.sha256)
        throw new ChatError("damaged_attachment", "the downloaded bytes are not those of the attachment");
      return { attachment, blob };
    },
  };
}
