// The files that will be sent: picked, pasted or dropped, and shown until then.
import { h, icon, iconButton, put } from "../dom.js";
import { forgetPreviews, prepareFile } from "../media/prepare.js";
import { fileSize } from "../text/describe.js";
import { Refusal } from "../text/errors.js";

/** How many files wait for one press of the button. Each is a message. */
export const MAX_FILES = 30;

/** @typedef {import("../media/prepare.js").ChosenFile} Entry */

/**
 * @param {any} layers
 * @param {any} area the field that the text is written in
 * @param {any} dropPlace where files can be dropped
 * @param {() => boolean} isClosed whether nobody can write here
 * @param {() => void} onAdded files were added, perhaps while another chat is shown by now
 */
export function createTray(layers, area, dropPlace, isClosed, onAdded) {
  /** @type {Entry[]} */
  let entries = [];
  const node = h("ul", { class: "tray", hidden: true, "aria-label": "Files to send" });
  const picker = h("input", {
    type: "file",
    multiple: true,
    class: "visually-hidden",
    tabindex: -1,
    "aria-hidden": "true",
  });

  /** @param {Entry[]} next */
  function set(next) {
    entries = next;
    node.hidden = !entries.length;
    put(node, entries.map(view));
    area.placeholder = entries.length ? "Add a caption" : "Message";
  }
  /** @param {Entry} entry */
  function view(entry) {
    const { prepared, url } = entry;
    const remove = () => {
      forgetPreviews([entry]);
      set(entries.filter((other) => other !== entry));
      area.focus();
    };
    return h(
      "li",
      null,
      url ? h("img", { src: url, alt: "" }) : icon("file"),
      h(
        "div",
        null,
        h("p", { class: "name", dir: "auto" }, prepared.fileName),
        h("p", { class: "size" }, fileSize(prepared.file.size)),
      ),
      iconButton("close", `Remove ${prepared.fileName}`, remove, { class: "small" }),
    );
  }
  /** @param {Iterable<File>} files */
  async function add(files) {
    for (const file of files) {
      try {
        const prepared = await prepareFile(file);
        if (entries.length >= MAX_FILES)
          throw new Refusal(`${MAX_FILES} files can wait here. Send these, then add the others.`);
        entries.push({ prepared, url: prepared.type === "image" ? URL.createObjectURL(file) : undefined });
      } catch (error) {
        layers.fail(error);
        if (entries.length >= MAX_FILES) break;
      }
    }
    set(entries);
    onAdded();
  }

  picker.addEventListener("change", () => {
    add([...picker.files]);
    picker.value = "";
  });
  area.addEventListener("paste", (/** @type {ClipboardEvent} */ event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length) return;
    event.preventDefault();
    add(pasted);
  });
  let depth = 0;
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  const leave = () => {
    depth = 0;
    dropPlace.classList.remove("drop-target");
  };
  dropPlace.dataset.drop = "Drop files to add them";
  dropPlace.addEventListener("dragenter", (/** @type {DragEvent} */ event) => {
    if (hasFiles(event) && !isClosed() && depth++ === 0) dropPlace.classList.add("drop-target");
  });
  dropPlace.addEventListener("dragleave", (/** @type {DragEvent} */ event) => {
    if (hasFiles(event) && --depth <= 0) leave();
  });
  dropPlace.addEventListener("dragover", (/** @type {DragEvent} */ event) => hasFiles(event) && event.preventDefault());
  dropPlace.addEventListener("drop", (/** @type {DragEvent} */ event) => {
    leave();
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (!isClosed()) add([...(event.dataTransfer?.files ?? [])]);
  });

  return {
    node,
    picker,
    set,
    get entries() {
      return entries;
    },
  };
}
