// What is typed and not sent yet, per user and chat. It survives a reload, so it is written at once. All tabs share it.
import { forgetPreviews } from "../media/prepare.js";

/** In how many chats edits and files wait. The oldest are dropped: their files would fill the memory. */
export const MAX_UNFINISHED = 20;

/** @typedef {{ editing?: any, text: string, files: import("../media/prepare.js").ChosenFile[] }} Unfinished */

/** @param {string} [scope] the user and the system. Without it, drafts last as long as the page */
export function createDrafts(scope) {
  const prefix = `lambda-chat/draft/${scope}/`;
  /** @type {Map<string, any>} */
  const drafts = new Map();
  /** @type {Set<(chatId?: string) => void>} */
  const listeners = new Set();
  /** What waits while another chat is shown, by chat, the last one at the end. @type {Map<string, Unfinished>} */
  const unfinished = new Map();
  /** @type {Storage | undefined} */
  let storage;
  /** What is stored of a chat is that from now on. @param {string} key @param {string | null} text */
  const take = (key, text) => {
    const chatId = key.slice(prefix.length);
    drafts.delete(chatId);
    try {
      if (text) drafts.set(chatId, JSON.parse(text));
    } catch {
      // A draft that cannot be read is none.
    }
    return chatId;
  };
  try {
    storage = scope ? localStorage : undefined;
    for (const key of Object.keys(storage ?? {})) if (key.startsWith(prefix)) take(key, storage?.getItem(key) ?? null);
  } catch {
    // The browser refuses: drafts last as long as the page.
  }
  return {
    /** @param {string} chatId @returns {{ text: string, mentions?: { id: string, name: string }[], replyTo?: number } | undefined} */
    get: (chatId) => drafts.get(chatId),
    /** @param {string} chatId @param {{ text: string, mentions?: any[], replyTo?: number } | undefined} draft */
    set(chatId, draft) {
      const isEmpty = !draft || (!draft.text.trim() && !draft.replyTo);
      if (isEmpty) drafts.delete(chatId);
      else drafts.set(chatId, draft);
      try {
        if (isEmpty) storage?.removeItem(prefix + chatId);
        else storage?.setItem(prefix + chatId, JSON.stringify(draft));
      } catch {
        // There is no room: it is in memory.
      }
      for (const listener of listeners) listener();
    },
    /** An edit and files that are not sent, until another page is loaded. @param {string} chatId */
    kept: (chatId) => unfinished.get(chatId),
    /** @param {string} chatId @param {Unfinished} left */
    keep(chatId, left) {
      unfinished.delete(chatId);
      if (left.editing || left.files.length) unfinished.set(chatId, left);
      const [oldest] = unfinished.keys();
      if (unfinished.size <= MAX_UNFINISHED) return;
      forgetPreviews(unfinished.get(oldest)?.files ?? []);
      unfinished.delete(oldest);
    },
    /**
     * @param {(chatId?: string) => void} listener gets the chat if another tab changed its draft
     * @param {AbortSignal} signal
     */
    onChange(listener, signal) {
      listeners.add(listener);
      addEventListener(
        "storage",
        ({ key, newValue }) => {
          if (storage && key?.startsWith(prefix)) listener(take(key, newValue));
        },
        { signal },
      );
      signal.addEventListener("abort", () => listeners.delete(listener));
    },
  };
}
