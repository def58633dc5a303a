// What a message shows of its attachment: a picture, a recording, a file.
import { h, icon, iconButton, put, setText } from "../dom.js";
import { fileSize } from "../text/describe.js";
import { explain } from "../text/errors.js";
import { duration } from "../text/time.js";
import { decodeBlurHash } from "./blurhash.js";

/** The largest place of a picture, in CSS pixels. */
const MAX_WIDTH = 340;
const MAX_HEIGHT = 340;
const MIN_SIDE = 96;
const HASH_PIXELS = 24;

/** How much is uploaded, and a button that cancels it. */
function createProgress() {
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Upload" });
  /** @type {() => void} */
  let cancel = () => {};
  const button = iconButton(
    "close",
    "Cancel upload",
    (event) => {
      event.stopPropagation();
      cancel();
    },
    { class: "small" },
  );
  const node = h("div", { class: "progress" }, bar, button);
  return {
    node,
    /** @param {any} item */
    update({ state, progress, sending }) {
      node.hidden = state === "stored" || state === "failed";
      if (node.hidden) return;
      bar.value = progress ?? 0;
      cancel = () => sending?.discard();
    },
  };
}

/** The size of the place of a picture. @param {{ width?: number, height?: number }} of */
function placeOf({ width = 4, height = 3 }) {
  const scale = Math.min(1, MAX_WIDTH / width, MAX_HEIGHT / height);
  return {
    width: Math.max(MIN_SIDE, Math.round(width * scale)),
    height: Math.max(MIN_SIDE, Math.round(height * scale)),
  };
}

/** The attachment of an item, also before it is stored. @param {any} item */
const attachmentOf = (item) => item.message.attachment ?? item.attachment ?? {};

/** @param {any} log @param {any} first */
export function createPicture(log, first) {
  const { urls, near, openPicture } = log;
  let item = first;
  const button = h("button", {
    class: "picture",
    onclick: () => item.state === "stored" && openPicture(item),
  });
  const progress = createProgress();
  const img = h("img", { alt: "", decoding: "async" });
  img.addEventListener("load", () => img.classList.add("shown"));
  let hasRetried = false;
  img.addEventListener("error", () => {
    if (hasRetried || item.state !== "stored") return;
    hasRetried = true;
    urls.get(item.key, item.message.seq, true).then(
      (/** @type {string} */ url) => (img.src = url),
      () => {},
    );
  });
  const canvas = h("canvas", { width: HASH_PIXELS, height: HASH_PIXELS, "aria-hidden": "true" });
  put(button, canvas, img);
  const node = h("div", { class: "picture-place" }, button);
  let drawn = "";
  let isAsked = false;
  const load = () => {
    if (isAsked || item.state !== "stored") return;
    isAsked = true;
    urls.get(item.key, item.message.seq).then(
      (/** @type {string} */ url) => (img.src = url),
      () => (isAsked = false),
    );
  };
  return {
    node,
    /** @param {any} next */
    update(next) {
      item = next;
      const file = attachmentOf(item);
      const mine = urls.local(item.key, item.file);
      const { width, height } = placeOf(file);
      button.style.width = `${width}px`;
      button.style.aspectRatio = `${width} / ${height}`;
      button.setAttribute("aria-label", `Photo${file.fileName ? ` ${file.fileName}` : ""}`);
      const hash = file.blurHash;
      if (hash && hash !== drawn) {
        drawn = hash;
        const pixels = decodeBlurHash(hash, HASH_PIXELS, HASH_PIXELS);
        if (pixels) canvas.getContext("2d").putImageData(new ImageData(pixels, HASH_PIXELS, HASH_PIXELS), 0, 0);
      }
      if (mine && !img.src) {
        img.src = mine;
        isAsked = true;
      } else if (!isAsked) near(node, load);
      if (item.state !== "stored") button.parentElement === node && node.append(progress.node);
      else progress.node.remove();
      progress.update(item);
    },
  };
}

/** @param {any} log @param {any} first */
export function createFile(log, first) {
  let item = first;
  const { ctx, urls } = log;
  const name = h("b", { dir: "auto" });
  const size = h("small", { dir: "auto" });
  const progress = createProgress();
  const get = iconButton("download", "Download", async () => {
    get.disabled = true;
    try {
      const url = await urls.get(item.key, item.message.seq);
      const link = h("a", {
        href: url,
        download: attachmentOf(item).fileName ?? "file",
        target: "_blank",
        rel: "noopener noreferrer",
      });
      link.click();
    } catch (error) {
      ctx.layers.fail(error);
    }
    get.disabled = false;
  });
  const node = h("div", { class: "file" }, h("span", { class: "kind" }, icon("file")), h("div", null, name, size), get);
  return {
    node,
    /** @param {any} next */
    update(next) {
      item = next;
      const file = attachmentOf(item);
      urls.local(item.key, item.file);
      const { fileName = "File" } = file;
      setText(name, fileName);
      get.setAttribute("aria-label", `Download ${fileName}`);
      setText(size, file.sizeBytes || item.file ? fileSize(file.sizeBytes ?? item.file.size) : "");
      const last = item.state === "stored" || item.state === "failed" ? get : progress.node;
      get.hidden = item.state === "failed";
      if (node.lastElementChild !== last) node.lastElementChild?.replaceWith(last);
      progress.update(item);
    },
  };
}

/** The recording that plays: another one pauses it. @type {HTMLAudioElement | undefined} */
let playing;

/** @param {any} log @param {any} first */
export function createAudio(log, first) {
  let item = first;
  const { ctx, urls } = log;
  const audio = new Audio();
  audio.preload = "none";
  const seek = h("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": "Position" });
  const time = h("span", { class: "time" });
  const button = h("button", { class: "icon-button" });
  const total = () => attachmentOf(item).durationMs ?? 0;
  const show = () => {
    const isPlaying = !audio.paused;
    button.setAttribute("aria-label", isPlaying ? "Pause" : "Play voice message");
    put(button, icon(isPlaying ? "pause" : "play"));
    const at = audio.currentTime * 1000;
    seek.value = total() ? String(Math.round((at / total()) * 1000)) : "0";
    seek.setAttribute("aria-valuetext", `${duration(at)} of ${duration(total())}`);
    setText(time, duration(at || total()));
  };
  button.addEventListener("click", async () => {
    if (!audio.paused) return audio.pause();
    try {
      if (!audio.src) audio.src = await urls.get(item.key, item.message.seq);
      if (playing !== audio) playing?.pause();
      playing = audio;
      await audio.play();
    } catch (error) {
      audio.removeAttribute("src");
      if (/** @type {any} */ (error).name !== "AbortError")
        ctx.layers.toast(
          /** @type {any} */ (error).code
            ? explain(error)
            : "This recording cannot be played here. Download it instead.",
        );
    }
  });
  seek.addEventListener("input", () => {
    audio.currentTime = (Number(seek.value) / 1000) * (total() / 1000);
  });
  for (const name of ["play", "pause", "timeupdate", "ended"]) audio.addEventListener(name, show);
  audio.addEventListener("ended", () => (audio.currentTime = 0));
  const progress = createProgress();
  const node = h("div", { class: "audio file-like" }, button, seek, time, progress.node);
  return {
    node,
    /** @param {any} next */
    update(next) {
      item = next;
      urls.local(item.key, item.file);
      progress.update(item);
      seek.hidden = !progress.node.hidden;
      progress.node.classList.add("inline");
      show();
    },
    stop: () => audio.pause(),
  };
}
