// Where a message is written: text, mentions, emojis, files, recordings, replies and edits. What is typed is kept.
import { h, icon, iconButton, put, setText } from "../dom.js";
import { personAvatar } from "../avatar.js";
import { pickEmoji } from "../app/emoji-picker.js";
import { prepareFile } from "../media/prepare.js";
import { canRecord, startRecording } from "../media/recorder.js";
import { describe, fileSize } from "../text/describe.js";
import { duration } from "../text/time.js";
import { canEdit } from "./actions.js";

/** The limits of the system, as JSON: docs/API.md. */
const MAX_CONTENT_BYTES = 24_576;
const MAX_CAPTION_BYTES = 4096;
const MAX_MENTIONS = 20;
/** Nobody types any more after such a pause. */
const TYPING_PAUSE_MS = 5000;
/** How many people a completion offers. */
const MAX_COMPLETIONS = 6;
/** While a key writes with an input method, browsers give it this code. */
const IME_KEY_CODE = 229;
const MENTION = /(?:^|[\s(])@([\p{L}\p{N}_.-]{0,30})$/u;

const bytesOf = (/** @type {string} */ text) => new TextEncoder().encode(JSON.stringify(text)).length;

/**
 * @param {any} ctx
 * @param {any} chat
 * @param {AbortSignal} signal
 * @param {any} options
 */
export function createComposer(ctx, chat, signal, { getLog, sizes, dropPlace }) {
  const { drafts, layers } = ctx;
  /** @type {any} */
  let replyTo;
  /** @type {any} */
  let editing;
  /** The people whom the text may mention. @type {{ id: string, name: string }[]} */
  let mentions = [];
  /** @type {{ prepared: any, url?: string }[]} */
  let files = [];
  /** @type {any} */
  let recording;
  /** Whether the browser asks for the microphone. */
  let isAsking = false;
  /** @type {any} */
  let pauseTimer;

  const area = h("textarea", {
    rows: 1,
    placeholder: "Message",
    "aria-label": "Message",
    dir: "auto",
    enterkeyhint: "send",
    "aria-autocomplete": "list",
  });
  const context = h("div", { class: "context", hidden: true });
  const tray = h("ul", { class: "tray", hidden: true, "aria-label": "Files to send" });
  const completion = h("ul", {
    class: "completion",
    role: "listbox",
    id: "completion",
    "aria-label": "People",
    hidden: true,
  });
  const picker = h("input", {
    type: "file",
    multiple: true,
    class: "visually-hidden",
    tabindex: -1,
    "aria-hidden": "true",
  });
  const attach = iconButton("plus", "Add files", () => picker.click());
  const smile = iconButton("smile", "Emojis", () => pickEmoji(ctx, smile, insert));
  const mic = iconButton("mic", "Record a voice message", record);
  const send = h(
    "button",
    { type: "submit", class: "icon-button send", "aria-label": "Send", title: "Send" },
    icon("send"),
  );
  const line = h("div", { class: "line" });
  const form = h(
    "form",
    { onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), submit()) },
    context,
    tray,
    line,
  );
  const closed = h("p", { class: "closed", hidden: true });
  const typingLine = h("p", { class: "typing-line" });
  const node = h("div", { class: "composer" }, typingLine, completion, form, closed, picker);
  const usual = [attach, area, smile, canRecord() && mic, send];
  put(line, usual);

  function fit() {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }

  /** Keeps what is typed. */
  function save() {
    if (editing) return;
    drafts.set(chat.id, { text: area.value, mentions: usedMentions(), replyTo: replyTo?.message.seq });
  }

  const usedMentions = () => mentions.filter(({ name }) => area.value.includes("@" + name));

  /** @param {string} text */
  function insert(text) {
    area.focus();
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    onInput();
  }

  function onInput() {
    fit();
    save();
    complete();
    if (area.value.trim() && !editing) {
      chat.setTyping();
      clearTimeout(pauseTimer);
      pauseTimer = setTimeout(() => chat.setTyping(false), TYPING_PAUSE_MS);
    } else chat.setTyping(false);
  }

  // Mentions.
  /** @type {any[]} */
  let offered = [];
  let chosen = 0;
  function complete() {
    const [, asked] = MENTION.exec(area.value.slice(0, area.selectionStart)) ?? [];
    const me = ctx.me();
    const query = asked?.toLocaleLowerCase() ?? "";
    offered =
      asked === undefined || !chat.summary.get()?.isGroup
        ? []
        : chat.members
            .get()
            .map((/** @type {any} */ { person }) => person)
            .filter(
              (/** @type {any} */ { id, name }) =>
                id !== me &&
                (name
                  .toLocaleLowerCase()
                  .split(/\s+/)
                  .some((/** @type {string} */ word) => word.startsWith(query)) ||
                  id.startsWith(query)),
            )
            .slice(0, MAX_COMPLETIONS);
    chosen = 0;
    showCompletion();
  }
  function showCompletion() {
    completion.hidden = !offered.length;
    put(
      completion,
      offered.map((person, index) =>
        h(
          "li",
          {
            role: "option",
            id: `completion-${index}`,
            "aria-selected": String(index === chosen),
            onmousedown: (/** @type {Event} */ event) => (event.preventDefault(), mention(person)),
          },
          personAvatar(person, "small"),
          h("span", { dir: "auto" }, person.name),
        ),
      ),
    );
    if (offered.length) {
      area.setAttribute("aria-controls", "completion");
      area.setAttribute("aria-activedescendant", `completion-${chosen}`);
    } else {
      area.removeAttribute("aria-controls");
      area.removeAttribute("aria-activedescendant");
    }
  }
  /** @param {any} person */
  function mention(person) {
    const end = area.selectionStart;
    const start = area.value.lastIndexOf("@", end - 1);
    area.setRangeText(`@${person.name} `, start, end, "end");
    if (!mentions.some(({ id }) => id === person.id)) mentions.push({ id: person.id, name: person.name });
    offered = [];
    onInput();
  }

  // Replies and edits.
  function showContext() {
    // The message that a draft replies to may be loaded meanwhile.
    if (replyTo && !replyTo.key) replyTo = getLog()?.itemBySeq(replyTo.message.seq) ?? replyTo;
    const of = editing ?? replyTo;
    context.hidden = !of;
    if (!of) return put(context);
    const message = of.message ?? { senderId: "", content: "", type: "text" };
    const name =
      message.senderId && message.senderId === ctx.me()
        ? "yourself"
        : message.senderId && ctx.client.person(message.senderId).get().name;
    put(
      context,
      h(
        "div",
        { class: "quote" },
        h("b", { dir: "auto" }, editing ? "Edit message" : name ? `Reply to ${name}` : "Reply"),
        h("span", { dir: "auto" }, describe(message)),
      ),
      iconButton("close", editing ? "Cancel edit" : "Cancel reply", cancel, { class: "small" }),
    );
  }
  function cancel() {
    if (editing) {
      editing = undefined;
      restoreDraft();
    } else {
      replyTo = undefined;
      save();
    }
    showContext();
    area.focus();
  }
  /** @param {any} item */
  function reply(item) {
    if (editing) cancel();
    replyTo = item;
    showContext();
    save();
    area.focus();
  }
  /** @param {any} item */
  function edit(item) {
    save();
    editing = item;
    area.value = item.message.content;
    mentions = (item.message.mentions ?? []).map((/** @type {string} */ id) => ({
      id,
      name: ctx.client.person(id).get().name,
    }));
    showContext();
    fit();
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }

  // Files.
  /** @param {Iterable<File>} list */
  async function add(list) {
    for (const file of list) {
      try {
        const prepared = await prepareFile(file);
        files.push({ prepared, url: prepared.type === "image" ? URL.createObjectURL(file) : undefined });
      } catch (error) {
        layers.fail(error);
      }
    }
    showTray();
    area.focus();
  }
  /** Lets go of a preview. @param {{ url?: string }} entry */
  const forget = ({ url }) => url && URL.revokeObjectURL(url);
  function showTray() {
    tray.hidden = !files.length;
    put(
      tray,
      files.map((entry) => {
        const { prepared, url } = entry;
        const remove = () => {
          files = files.filter((other) => other !== entry);
          forget(entry);
          showTray();
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
      }),
    );
    area.placeholder = files.length ? "Add a caption" : "Message";
  }

  /** @param {any} prepared @param {any} more */
  function sendFile({ file, ...about }, more) {
    const name = `${Date.now().toString(36)}-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    sizes.set(name, about);
    chat.sendFile(file, { ...about, ...more, clientMessageId: name });
  }

  function submit() {
    const text = area.value.trim();
    if (!text && !files.length) return area.focus();
    const used = usedMentions()
      .slice(0, MAX_MENTIONS)
      .map(({ id }) => id);
    const limit = files.length || (editing && editing.message.type !== "text") ? MAX_CAPTION_BYTES : MAX_CONTENT_BYTES;
    if (bytesOf(text) > limit)
      return layers.toast(
        `The text has ${fileSize(bytesOf(text))}. At most ${limit / 1024} KB fit in a message. Send it in parts, or as a file.`,
      );
    if (editing) return saveEdit(text, used);
    const seq = replyTo?.message.seq;
    const more = { ...(seq && { replyTo: seq }), ...(used.length && { mentions: used }) };
    try {
      if (!files.length) chat.send({ text, ...more });
      files.forEach(({ prepared }, index) => sendFile(prepared, index === 0 ? { caption: text, ...more } : {}));
    } catch (error) {
      return layers.fail(error);
    }
    for (const entry of files) forget(entry);
    files = [];
    area.value = "";
    replyTo = undefined;
    mentions = [];
    offered = [];
    clearTimeout(pauseTimer);
    drafts.set(chat.id, undefined);
    showTray();
    showContext();
    showCompletion();
    fit();
    getLog().toLatest();
    area.focus();
  }

  /** @param {string} text @param {string[]} used */
  async function saveEdit(text, used) {
    const { message } = editing;
    if (!text) return layers.toast("An empty message cannot be saved. Delete it instead.");
    const before = area.value;
    const item = editing;
    editing = undefined;
    showContext();
    restoreDraft();
    const draft = area.value;
    if (text === message.content) return;
    try {
      await chat.edit(message.seq, { text, ...((used.length || message.mentions) && { mentions: used }) });
    } catch (error) {
      layers.fail(error);
      const { unfinished } = drafts;
      if (signal.aborted)
        return unfinished.set(chat.id, { files: [], ...unfinished.get(chat.id), editing: item, text: before });
      // Who writes something else meanwhile is not interrupted.
      if (editing || area.value !== draft) return;
      edit(item);
      area.value = before;
      fit();
    }
  }

  // Recording.
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
    const finish = async (/** @type {boolean} */ isSent) => {
      const taken = recording;
      recording = undefined;
      if (!taken) return;
      const { file, durationMs } = await taken.stop();
      put(line, usual);
      area.focus();
      if (!isSent || signal.aborted) return;
      try {
        sendFile(await prepareFile(file, { durationMs }), {});
        getLog().toLatest();
      } catch (error) {
        layers.fail(error);
      }
    };
    const done = iconButton("send", "Send voice message", () => finish(true), { class: "send" });
    put(
      line,
      iconButton("trash", "Discard recording", () => finish(false), { class: "danger" }),
      h("div", { class: "recording" }, "Recording ", time),
      done,
    );
    done.focus();
  }

  area.addEventListener("input", onInput);
  drafts.onChange((/** @type {string | undefined} */ changed) => {
    if (changed !== chat.id || editing) return;
    replyTo = undefined;
    restoreDraft();
    showContext();
  }, signal);
  area.addEventListener("blur", () => {
    offered = [];
    showCompletion();
  });
  area.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    // A key that writes with an input method is not a command.
    if (event.isComposing || event.keyCode === IME_KEY_CODE) return;
    if (offered.length) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        chosen = (chosen + step + offered.length) % offered.length;
        showCompletion();
        return event.preventDefault();
      }
      if (event.key === "Enter" || event.key === "Tab") {
        mention(offered[chosen]);
        return event.preventDefault();
      }
      if (event.key === "Escape") {
        offered = [];
        showCompletion();
        event.stopPropagation();
        return event.preventDefault();
      }
    }
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && (editing || replyTo)) {
      event.preventDefault();
      event.stopPropagation();
      cancel();
    } else if (event.key === "ArrowUp" && !area.value && !editing) {
      const last = getLog().lastOwn();
      if (!last || !canEdit(last)) return;
      event.preventDefault();
      edit(last);
    }
  });
  area.addEventListener("paste", (/** @type {ClipboardEvent} */ event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length) return;
    event.preventDefault();
    add(pasted);
  });
  picker.addEventListener("change", () => {
    add([...picker.files]);
    picker.value = "";
  });
  let depth = 0;
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  dropPlace.dataset.drop = "Drop files to add them";
  dropPlace.addEventListener("dragenter", (/** @type {DragEvent} */ event) => {
    if (hasFiles(event) && !form.hidden && depth++ === 0) dropPlace.classList.add("drop-target");
  });
  dropPlace.addEventListener("dragleave", (/** @type {DragEvent} */ event) => {
    if (hasFiles(event) && --depth <= 0) {
      depth = 0;
      dropPlace.classList.remove("drop-target");
    }
  });
  dropPlace.addEventListener("dragover", (/** @type {DragEvent} */ event) => hasFiles(event) && event.preventDefault());
  dropPlace.addEventListener("drop", (/** @type {DragEvent} */ event) => {
    depth = 0;
    dropPlace.classList.remove("drop-target");
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (!form.hidden) add([...(event.dataTransfer?.files ?? [])]);
  });

  function restoreDraft() {
    const draft = drafts.get(chat.id);
    area.value = draft?.text ?? "";
    mentions = [...(draft?.mentions ?? [])];
    if (draft?.replyTo && replyTo?.message?.seq !== draft.replyTo) {
      replyTo = { message: { seq: draft.replyTo, senderId: "", content: "An earlier message", type: "text" } };
    }
    fit();
  }
  signal.addEventListener("abort", () => {
    clearTimeout(pauseTimer);
    chat.setTyping(false);
    if (recording) recording.stop();
    drafts.unfinished.set(chat.id, { editing, text: area.value, files });
  });

  return {
    node,
    typingLine,
    reply,
    edit,
    focus: () => area.focus(),
    /** To be called when the log is there. */
    begin() {
      restoreDraft();
      const left = drafts.unfinished.get(chat.id);
      if (left) {
        files = left.files;
        showTray();
        if (left.editing) {
          edit(left.editing);
          area.value = left.text;
        }
      }
      showContext();
    },
    /** @param {any} summary */
    update(summary) {
      const text = summary.closed
        ? "This group is closed. It can be read only."
        : summary.blocked
          ? "You block this person. End the block in the details of the chat to write."
          : "";
      closed.hidden = !text;
      form.hidden = !!text;
      setText(closed, text);
      if (replyTo && !replyTo.key) showContext();
    },
    /** @param {readonly any[]} people who types */
    showTyping(people) {
      const names = people.map(({ name }) => name);
      setText(
        typingLine,
        names.length === 0
          ? ""
          : names.length === 1
            ? `${names[0]} is typing …`
            : names.length === 2
              ? `${names[0]} and ${names[1]} are typing …`
              : "Several people are typing …",
      );
    },
  };
}
