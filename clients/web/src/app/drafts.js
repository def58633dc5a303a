// What is typed and not sent yet, per user and chat. It survives a reload, so it is written at once. All tabs share it.

/** @param {string} scope the user and the system */
export function createDrafts(scope) {
  const prefix = `lambda-chat/draft/${scope}/`;
  /** @type {Map<string, any>} */
  const drafts = new Map();
  /** @type {Set<(chatId?: string) => void>} */
  const listeners = new Set();
  /** Edits and files, which wait while another chat is shown, by chat. @type {Map<string, any>} */
  const unfinished = new Map();
  try {
    for (const key of Object.keys(localStorage))
      if (key.startsWith(prefix)) drafts.set(key.slice(prefix.length), JSON.parse(localStorage.getItem(key) ?? ""));
  } catch {
    // Without a storage, drafts last as long as the page.
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
        if (isEmpty) localStorage.removeItem(prefix + chatId);
        else localStorage.setItem(prefix + chatId, JSON.stringify(draft));
      } catch {
        // The same.
      }
      for (const listener of listeners) listener();
    },
    unfinished,
    /**
     * @param {(chatId?: string) => void} listener gets the chat if another tab changed its draft
     * @param {AbortSignal} signal
     */
    onChange(listener, signal) {
      listeners.add(listener);
      addEventListener(
        "storage",
        ({ key, newValue }) => {
          if (!key?.startsWith(prefix)) return;
          const chatId = key.slice(prefix.length);
          if (newValue) drafts.set(chatId, JSON.parse(newValue));
          else drafts.delete(chatId);
          listener(chatId);
        },
        { signal },
      );
      signal.addEventListener("abort", () => listeners.delete(listener));
    },
  };
}
