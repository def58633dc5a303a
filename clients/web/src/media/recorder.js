// Records a voice message.
import { Refusal } from "../text/errors.js";

/** The system takes recordings of these types. */
const TYPES = ["audio/webm", "audio/mp4", "audio/ogg"];
/** A longer recording ends by itself. */
const MAX_RECORDING_MS = 15 * 60_000;

/** Whether this browser can record. */
export const canRecord = () => !!(globalThis.MediaRecorder && navigator.mediaDevices?.getUserMedia);

/**
 * Begins to record. Rejects with a sentence for the reader.
 * @param {(ms: number) => void} onTime
 */
export async function startRecording(onTime) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => {
    throw new Refusal(
      "The microphone cannot be used. Allow it in the browser's settings of this page, then try again.",
    );
  });
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
  /** @type {Blob[]} */
  const parts = [];
  recorder.addEventListener("dataavailable", (event) => event.data.size && parts.push(event.data));
  const startedAt = performance.now();
  recorder.start(1000);
  const timer = setInterval(() => {
    const ms = performance.now() - startedAt;
    onTime(ms);
    if (ms >= MAX_RECORDING_MS && recorder.state === "recording") recorder.pause();
  }, 250);
  /** @returns {Promise<{ file: File, durationMs: number }>} */
  const stop = () =>
    new Promise((resolve) => {
      clearInterval(timer);
      const durationMs = Math.max(1, Math.min(performance.now() - startedAt, MAX_RECORDING_MS));
      recorder.addEventListener("stop", () => {
        for (const track of stream.getTracks()) track.stop();
        const type = (recorder.mimeType || mimeType || "audio/webm").split(";")[0];
        const extension = type.split("/")[1];
        resolve({ file: new File(parts, `voice-message.${extension}`, { type }), durationMs });
      });
      recorder.stop();
    });
  return { stop };
}
