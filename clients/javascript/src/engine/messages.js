// The messages that are not acknowledged yet: written to the storage before they are sent, sent one at a time per chat,
// and kept until they are stored or discarded.

/** @import { Message, NewAttachment } from "../api.js" */
/** @import { Call } from "../calls.js" */
/** @import { Draft } from "../outbox.js" */
/** @import { Core } from "./options.js" */
/** @import { createAttachments } from "./attachments.js" */
import { sendMessage } from "../calls.js";
import { ChatError, asChatError, errorOf, factsOf } from "../errors.js";
import { MAX_OUTBOX_MESSAGES } from "../outbox.js";
import { MAX_SERVER_FAILURES } from "./options.js";
import { newId } from "./random.js";
import { bounded } from "./timeouts.js";
import { isTokenError } from "./token.js";

/**
 * A message that is not acknowledged yet.
 * @typedef {object} OutboxEntry
 * @property {string} clientMessageId The id that makes it safe to repeat the message.
 * @property {string} chatId
 * @property {Draft} draft
 * @property {"waiting" | "uploading" | "sending" | "failed"} state `failed`: it was refused, or given up. It stays until
 *   it is sent again or discarded.
 * @property {number} tries How often this tab sent it.
 * @property {ChatError} [error] Why it failed.
 * @property {number} [progress] How much of its file is uploaded, 0 to 1.
 * @property {number} createdAt When it was written, by `Date.now()`.
 * @property {Blob} [file] Absent after a reload: then the storage has it.
 * @property {Omit<NewAttachment, "chatId" | "sizeBytes" | "sha256">} [attachment] What its file is declared with.
 */

/**
 * An entry with what only this tab knows.
 * @typedef {OutboxEntry & { isSaved?: boolean, isReady?: boolean, isMissing?: boolean }} HeldEntry
 */

/**
 * @param {Core} core
 * @param {(call: Call, done: (error: ChatError | undefined, data?: any) => void) => void} ask
 * @param {ReturnType<typeof createAttachments>} attachments
 * @param {Promise<void>} identified Resolves when it is known who the user is.
 */
export function createMessages(core, ask, attachments, identified) {
  const { options, outbox } = core;
  const { storage, now, clock } = options;
  /** @type {Map<string, HeldEntry>} */
  const entries = new Map();
  /** @type {readonly OutboxEntry[] | undefined} */
  let list;
  /** @type {Map<string, AbortController>} */
  const uploads = new Map();
  /**
   * The messages that were stored or discarded last, by id: when each was written, and what was stored. A list of the storage
   * may be older.
   * @type {Map<string, { createdAt: number, message?: Message }>}
   */
  const settled = new Map();
  let writes = identified;
  let lastCreatedAt = 0;

  const changed = () => {
    list = undefined;
    core.emit({ type: "outbox" });
  };

  const sorted = () => [...entries.values()].sort((a, b) => a.createdAt - b.createdAt);

  /**
   * Changes an entry, and tells the other tabs.
   * @param {string} id
   * @param {Partial<OutboxEntry>} change
   */
  function set(id, change) {
    if (!entries.has(id)) return;
    mark(id, change);
    changed();
    if (core.isLeader) core.post("entry", id, { ...change, error: change.error && factsOf(change.error) });
  }

  /**
   * Changes an entry in this tab alone.
   * @param {string} id
   * @param {Partial<HeldEntry>} flags
   */
  const mark = (id, flags) => Object.assign(entries.get(id) ?? {}, flags);

  /**
   * The storage failed: the message is in memory only.
   * @param {unknown} error
   */
  const warn = (error) => {
    options.logger?.warn?.("unsent messages cannot be stored: a reload loses them", error);
    core.emit({ type: "failed", task: "storage", error: asChatError(error) });
  };

  /**
   * What the storage says, unless it hangs: some browsers' do. A life of its own, because a stop does not end it: what was
   * written right before is kept.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  const inTime = (work) =>
    bounded({ options, life: new AbortController() }, options.timing.requestTimeoutMs, undefined, async () => work());

  /**
   * Writes an entry to the storage, after everything that was to be written before.
   * @param {string} id
   * @param {boolean} [withFile]
   */
  const save = (id, withFile) =>
    (writes = writes.then(async () => {
      const entry = entries.get(id);
      if (!entry) return;
      const { chatId, draft, createdAt, attachment, file, error } = entry;
      let isSaved = entry.isSaved;
      try {
        if (withFile && file) await inTime(() => storage.put("files", core.scope, id, file));
        const record = { clientMessageId: id, chatId, draft, createdAt, attachment, error: error && factsOf(error) };
        await inTime(() => storage.put("outbox", core.scope, id, record));
        isSaved = true;
      } catch (error) {
        warn(error);
      }
      if (!entries.has(id)) return erase(id);
      mark(id, { isReady: true, isSaved, isMissing: false });
      core.post("outbox");
      core.ask();
      core.wake();
    }));

  /** @param {string} id */
  function erase(id) {
    for (const store of /** @type {const} */ (["outbox", "files"]))
      inTime(() => storage.delete(store, core.scope, id)).catch(warn);
  }

  /** Lets the messages be sent that this tab has to send: the tab with the connection sends for all that share a storage. */
  function queue() {
    let room = MAX_OUTBOX_MESSAGES - outbox.waiting.length;
    // The chats in which another tab sends an earlier message: what this tab alone has waits for it.
    const others = new Set();
    // What is read from the storage was written before what was written since the start.
    for (const { clientMessageId: id, chatId, draft, state, isReady, isSaved } of sorted()) {
      if (!isReady || outbox.has(id) || state === "failed") continue;
      if (!core.isLeader && isSaved && storage.isShared) others.add(chatId);
      if (others.has(chatId)) continue;
      // More than one tab wrote: the others follow when there is room.
      if (room-- <= 0) break;
      outbox.push(chatId, draft, id);
    }
  }

  /**
   * Takes a message out. Returns it; undefined if it is not held.
   * @param {string} id
   * @param {Message} [message] The stored one.
   */
  function remove(id, message) {
    const entry = entries.get(id);
    // Also if it is not held: the list that is being read may still have it.
    settled.delete(id);
    settled.set(id, { createdAt: entry?.createdAt ?? now(), message });
    if (settled.size > MAX_OUTBOX_MESSAGES) settled.delete(/** @type {string} */ (settled.keys().next().value));
    if (!entry) return;
    entries.delete(id);
    list = undefined;
    outbox.remove(id);
    uploads.get(id)?.abort();
    if (entry.isReady || entry.isSaved) erase(id);
    return entry;
  }

  /**
   * A message is stored. Without the stored one, it was discarded, here or in another tab. False if it is not held.
   * @param {string} id
   * @param {Message} [message]
   */
  function settle(id, message) {
    if (!remove(id, message)) return false;
    core.emit(message ? { type: "sent", clientMessageId: id, message } : { type: "discarded", clientMessageId: id });
    changed();
    core.wake();
    return true;
  }

  /**
   * A reply says that a message is stored.
   * @param {string} id
   * @param {Message} message
   */
  function acknowledge(id, message) {
    settle(id, message);
    core.update((state) => state.applySentMessage(message));
  }

  /**
   * Uploads the file of a message, if it is not uploaded yet.
   * @param {HeldEntry} entry
   */
  async function upload({ clientMessageId: id, chatId, draft, attachment, file }) {
    if (!attachment || draft.attachmentId) return;
    const controller = new AbortController();
    uploads.set(id, controller);
    set(id, { state: "uploading", progress: 0 });
    try {
      const blob = file ?? (await inTime(() => storage.get("files", core.scope, id)).catch(warn));
      if (!blob) throw new ChatError("file_lost", "the file cannot be read");
      const { attachmentId } = await attachments.upload(chatId, attachment, blob, {
        signal: controller.signal,
        onProgress: (progress) => set(id, { progress }),
      });
      set(id, { draft: { ...draft, attachmentId } });
      // A reload does not upload it again.
      await save(id);
    } finally {
      uploads.delete(id);
    }
  }

  /**
   * Sends a message that is in flight from now on.
   * @param {string} id
   * @param {number} tries
   */
  async function deliver(id, tries) {
    set(id, { state: "sending", tries });
    let call;
    try {
      await upload(/** @type {HeldEntry} */ (entries.get(id)));
      const entry = entries.get(id);
      // It was discarded meanwhile.
      if (!entry) return;
      const { chatId, draft } = entry;
      call = sendMessage(chatId, /** @type {any} */ (draft), id);
    } catch (error) {
      return fail(id, asChatError(error));
    }
    set(id, { state: "sending" });
    ask(call, (error, answer) => {
      const message = answer?.message;
      if (error) return fail(id, error);
      if (!message?.seq) return fail(id, new ChatError("unexpected", "the reply cannot be read"));
      core.post("sent", id, message);
      acknowledge(id, message);
    });
  }

  /**
   * Schedules the next try of a message, or gives it up if another try is of no use.
   * @param {string} id
   * @param {ChatError} error
   */
  function fail(id, error) {
    const entry = entries.get(id);
    if (!entry) return;
    const { code, status = 0, retryable, retryAfterMs = 0 } = error;
    // The attachment has expired: it is uploaded again.
    const isExpired = entry.attachment && (code === "attachment_not_found" || code === "attachment_not_uploaded");
    if (isExpired) set(id, { draft: { ...entry.draft, attachmentId: undefined } });
    const isFailure = isExpired || status >= 500 || code === "unexpected";
    // The connection, or the right to send, is gone. That says nothing about the message.
    const isAtOnce = code === "not_connected" || code === "stopped" || code === "aborted";
    if (code === "network" || code === "timeout") core.hasHttp = false;
    if (isAtOnce || retryable || isTokenError(error) || (isFailure && outbox.countFailure(id) < MAX_SERVER_FAILURES)) {
      outbox.scheduleRetry(id, clock(), isAtOnce ? 0 : core.retryWait(outbox.tries(id)) + retryAfterMs);
      set(id, { state: "waiting" });
      core.wake();
      return;
    }
    outbox.remove(id);
    set(id, { state: "failed", error });
    core.emit({ type: "notSent", clientMessageId: id, error });
    save(id);
  }

  return {
    acknowledge,
    settle,
    get list() {
      return (list ??= sorted());
    },
    /**
     * Puts a message into the outbox.
     * @param {string} chatId
     * @param {Draft} draft
     * @param {{ clientMessageId?: string, file?: Blob, attachment?: OutboxEntry["attachment"] }} [options]
     */
    send(chatId, draft, { clientMessageId: id = newId(), file, attachment } = {}) {
      if (entries.has(id))
        throw new ChatError("duplicate_message_id", "a message with this clientMessageId waits, perhaps in another chat");
      if (entries.size >= MAX_OUTBOX_MESSAGES)
        throw new ChatError("outbox_full", `${entries.size} messages wait already`, { limit: MAX_OUTBOX_MESSAGES });
      // As it is now, and only what can be sent.
      draft = JSON.parse(JSON.stringify(draft));
      lastCreatedAt = Math.max(now(), lastCreatedAt + 1);
      entries.set(id, {
        ...{ clientMessageId: id, chatId, draft, state: "waiting", tries: 0, createdAt: lastCreatedAt },
        ...{ attachment, file, progress: attachment && 0 },
      });
      changed();
      save(id, true);
      return id;
    },
    /** @param {string} id */
    retry(id) {
      if (entries.get(id)?.state !== "failed") return;
      set(id, { state: "waiting", error: undefined });
      mark(id, { isReady: false });
      save(id);
    },
    /** @param {string} id */
    discard(id) {
      core.post("discard", id);
      settle(id);
    },
    /**
     * A message of this user is in an event: if it waits, it is stored.
     * @param {any} event
     */
    confirm({ data }) {
      const id = data?.clientMessageId;
      const isOwn = id && data.senderId === core.me && (entries.get(id) ?? data).chatId === data.chatId;
      // Another tab may hear of no event: its list of chats has the message already.
      if (isOwn && settle(id, data) && core.isLeader) core.post("sent", id, data);
    },
    /** Reads what the storage has: what was typed before the last reload, or in other tabs. */
    async load() {
      const saved = [...entries].filter(([, { isSaved }]) => isSaved);
      /** @type {any[]} */
      const records = await inTime(async () => {
        const records = await storage.list("outbox", core.scope);
        if (!Array.isArray(records)) throw new TypeError("storage.list returned no array");
        return records.filter((record) => record?.clientMessageId);
      }).catch((error) => {
        warn(error);
        return sorted();
      });
      const ids = new Set(records.map((record) => record.clientMessageId));
      // Another tab sent or discarded it. If it was sent, this tab hears of it in a moment.
      if (storage.isShared)
        for (const [id, entry] of saved)
          if (!ids.has(id) && !entry.isMissing) {
            entry.isMissing = true;
            options.setTimeout(() => {
              if (core.life && entry.isMissing && entries.get(id) === entry) settle(id);
              entry.isMissing = false;
            }, options.timing.leaderTimeoutMs);
          }
      for (const { error, ...record } of records) {
        const id = record.clientMessageId;
        const held = entries.get(id);
        const ended = settled.get(id);
        if (ended && record.createdAt <= ended.createdAt) {
          // It was stored while another tab led, which did not hear of it.
          if (ended.message && core.isLeader) core.post("sent", id, ended.message);
          continue;
        }
        // Another tab sent it again, or gave it up. Whoever sends it knows better than the storage.
        const isNews = error ? !core.isLeader && storage.isShared && held?.state !== "failed" : held?.state === "failed";
        if (held && !(held.isReady && isNews)) continue;
        lastCreatedAt = Math.max(lastCreatedAt, record.createdAt);
        entries.set(id, {
          ...{ tries: 0, ...held, ...record, isReady: true, isSaved: true },
          ...{ error: error && errorOf(error), state: error ? "failed" : "waiting" },
        });
      }
      changed();
      core.wake();
    },
    /** Another tab has the connection now, and sends what is stored. */
    handOver() {
      if (!storage.isShared) return;
      for (const [id, { isSaved }] of entries) if (isSaved && outbox.remove(id)) uploads.get(id)?.abort();
    },
    /**
     * The tab with the connection says how a message changed.
     * @param {string} id
     * @param {any} change
     */
    follow(id, change) {
      const error = change.error && errorOf(change.error);
      set(id, { ...change, error });
      if (error && entries.has(id)) core.emit({ type: "notSent", clientMessageId: id, error });
    },
    /**
     * Sends what is due. Returns when something else is.
     * @returns {number}
     */
    doDueWork() {
      if (core.link.status !== "online" && !core.hasHttp) return Infinity;
      queue();
      // The time is read once: what becomes due between two readings would wait for the next frame.
      const at = clock();
      for (let unsent; (unsent = outbox.startNext(at));) deliver(unsent.clientMessageId, unsent.tries);
      const due = outbox.nextDue() ?? 0;
      return due > at ? due : Infinity;
    },
  };
}
