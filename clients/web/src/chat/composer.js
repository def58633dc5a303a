// Where a message is written: text, replies and edits, beside mentions, files and recordings. What is typed is kept.
import { h, icon, iconButton, put, setText } from "../dom.js";
import { pickEmoji } from "../app/emoji-picker.js";
import { forgetPreviews } from "../media/prepare.js";
import { describe, fileSize } from "../text/describe.js";
import { canEdit } from "./actions.js";
import { createMentions } from "./mentions.js";
import { createRecordButton } from "./recording.js";
import { createTray } from "./tray.js";

/** The limits of the system, as JSON: docs/API.md. */
const MAX_CONTENT_BYTES = 24_576;
const MAX_CAPTION_BYTES = 4096;
/** Nobody types any more after such a pause. */
const TYPING_PAUSE_MS = 5000;
/** While a key writes with an input method, browsers give it this code. */
const IME_KEY_CODE = 229;

const bytesOf = (/** @type {string} */ text) => new TextEncoder().encode(JSON.stringify(text)).length;

/**
 * @param {any} ctx
 * @param {any} chat
 * @param {AbortSignal} signal
 * @param {any} options
 */
export function createComposer(ctx, chat, signal, { getLog, dropPlace }) {
  const { drafts, layers } = ctx;
  /** @type {any} */
  let replyTo;
  /** @type {any} */
  let editing;
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
  const mentions = createMentions(ctx, chat, area, onInput);
  const tray = createTray(layers, area, dropPlace, () => form.hidden, () => (signal.aborted ? keep() : area.focus()));
  const attach = iconButton("plus", "Add files", () => tray.picker.click());
  const smile = iconButton("smile", "Emojis", () => pickEmoji(ctx, smile, insert));
  const mic = createRecordButton(layers, signal, showLine, (prepared) => {
    sendFile(prepared);
    getLog().toLatest();
  });
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
    tray.node,
    line,
  );
  const closed = h("p", { class: "closed", hidden: true });
  const typingLine = h("p", { class: "typing-line" });
  const node = h("div", { class: "composer" }, typingLine, mentions.node, form, closed, tray.picker);
  const usual = [attach, area, smile, mic, send];
  put(line, usual);

  /** @param {any[]} [nodes] instead of the field and its buttons */
  function showLine(nodes) {
    put(line, nodes ?? usual);
    if (!nodes) area.focus();
  }

  function fit() {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }

  /** Keeps an edit and files while another chat is shown. */
  const keep = () => drafts.keep(chat.id, { editing, text: area.value, files: tray.entries });
  /** Keeps what is typed. */
  function save() {
    if (editing) return;
    drafts.set(chat.id, { text: area.value, mentions: mentions.used(), replyTo: replyTo?.message.seq });
  }

  /** @param {string} text */
  function insert(text) {
    area.focus();
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    onInput();
  }

  function onInput() {
    fit();
    save();
    mentions.complete();
    if (area.value.trim() && !editing) {
      chat.setTyping();
      clearTimeout(pauseTimer);
      pauseTimer = setTimeout(() => chat.setTyping(false), TYPING_PAUSE_MS);
    } else chat.setTyping(false);
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
    mentions.set(
      (item.message.mentions ?? []).map((/** @type {string} */ id) => ({ id, name: ctx.client.person(id).get().name })),
    );
    showContext();
    fit();
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }

  /** @param {any} prepared @param {any} [more] */
  const sendFile = ({ file, ...about }, more) => chat.sendFile(file, { ...about, ...more });

  function submit() {
    const text = area.value.trim();
    const files = tray.entries;
    if (!text && !files.length) return area.focus();
    const used = mentions.ids();
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
    forgetPreviews(files);
    tray.set([]);
    area.value = "";
    replyTo = undefined;
    mentions.set([]);
    mentions.close();
    clearTimeout(pauseTimer);
    drafts.set(chat.id, undefined);
    showContext();
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
      if (signal.aborted)
        return drafts.keep(chat.id, { files: [], ...drafts.kept(chat.id), editing: item, text: before });
      // Who writes something else meanwhile is not interrupted.
      if (editing || area.value !== draft) return;
      edit(item);
      area.value = before;
      fit();
    }
  }

  area.addEventListener("input", onInput);
  drafts.onChange((/** @type {string | undefined} */ changed) => {
    if (changed !== chat.id || editing) return;
    replyTo = undefined;
    restoreDraft();
    showContext();
  }, signal);
  area.addEventListener("blur", mentions.close);
  area.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    // A key that writes with an input method is not a command.
    if (event.isComposing || event.keyCode === IME_KEY_CODE) return;
    if (mentions.onKey(event)) {
      event.stopPropagation();
      return event.preventDefault();
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
  function restoreDraft() {
    const draft = drafts.get(chat.id);
    area.value = draft?.text ?? "";
    mentions.set(draft?.mentions ?? []);
    if (draft?.replyTo && replyTo?.message?.seq !== draft.replyTo) {
      replyTo = { message: { seq: draft.replyTo, senderId: "", content: "An earlier message", type: "text" } };
    }
    fit();
  }
  signal.addEventListener("abort", () => {
    clearTimeout(pauseTimer);
    chat.setTyping(false);
    keep();
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
      const kept = drafts.kept(chat.id);
      if (kept) tray.set(kept.files);
      if (kept?.editing) {
        edit(kept.editing);
        area.value = kept.text;
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
