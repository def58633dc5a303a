// A voice message: the button that begins it, and the line that shows while it is recorded.
import { h, iconButton, setText } from "../dom.js";
import { prepareFile } from "../media/prepare.js";
import { canRecord, startRecording } from "../media/recorder.js";
import { duration } from "../text/time.js";

/**
 * @param {any} layers
 * @param {AbortSignal} signal another chat is shown
 * @param {(nodes?: any[]) => void} show shows these in the place of the field; without them, the field again
 * @param {(prepared: any) => void} send
 * @returns {any} the button; undefined if this browser cannot record
 */
export function createRecordButton(layers, signal, show, send) {
  if (!canRecord()) return;
  /** @type {any} */
  let recording;
  /** Whether the browser asks for the microphone. */
  let isAsking = false;

  async function record() {
    if (recording || isAsking) return;
    const time = h("span", { role: "timer" }, "0:00");
    isAsking = true;
    try {
      recording = await startRecording((ms) => setText(time, duration(ms)));
    } catch (error) {
      return layers.fail(error);
    } finally {
      isAsking = false;
    }
    // Another chat is shown by now: nobody would end it.
    if (signal.aborted) return recording.stop();
    const done = iconButton("send", "Send voice message", () => finish(true), { class: "send" });
    show([
      iconButton("trash", "Discard recording", () => finish(false), { class: "danger" }),
      h("div", { class: "recording" }, "Recording ", time),
      done,
    ]);
    done.focus();
  }
  /** @param {boolean} isSent */
  async function finish(isSent) {
    const taken = recording;
    recording = undefined;
    if (!taken) return;
    const { file, durationMs } = await taken.stop();
    show();
    if (!isSent || signal.aborted) return;
    try {
      send(await prepareFile(file, { durationMs }));
    } catch (error) {
      layers.fail(error);
    }
  }
  signal.addEventListener("abort", () => recording?.stop());
  return iconButton("mic", "Record a voice message", record);
}
