// React hooks over a client. Each component renders again only when what it reads has changed.

/** @import { ReactNode } from "react" */
/** @import { Client } from "./client.js" */
/** @import { Readable } from "./readable.js" */
/** @import { TextDraft } from "./sending.js" */
import { createContext, createElement, useCallback, useContext, useEffect, useMemo, useSyncExternalStore } from "react";

const Context = createContext(/** @type {Client | undefined} */ (undefined));

/**
 * Gives a client to the components in it, and keeps it started while it is mounted. On a server nothing is started.
 * Make the client outside of components, or in `useState`.
 * @param {{ client: Client, children?: ReactNode }} props
 */
export function ChatProvider({ client, children }) {
  useEffect(() => client.start(), [client]);
  return createElement(Context.Provider, { value: client }, children);
}

/**
 * The client of the provider around the component.
 * @returns {Client}
 * @throws {Error} there is no provider
 */
export function useClient() {
  const client = useContext(Context);
  if (!client) throw new Error("useClient needs a <ChatProvider> around the component.");
  return client;
}

/**
 * The value of a `Readable`, such as `chat.members`. On a server, and while a page takes over what a server rendered,
 * it is the empty value.
 * @template T
 * @param {Readable<T>} readable
 * @returns {T}
 */
export const useReadable = ({ subscribe, get, getInitial }) => useSyncExternalStore(subscribe, get, getInitial);

/** The chats that are not archived: pinned ones first, then newest activity first. Empty before the first answer. */
export const useChats = () => useReadable(useClient().chats);

/** Whether the client is connected, and whether what it shows is complete. */
export const useLink = () => useReadable(useClient().link);

/** How many messages this user has not read, in chats that are neither muted nor archived. */
export const useUnreadTotal = () => useReadable(useClient().unreadTotal);

/**
 * A user by their id. Somebody who is not known has their id as a name.
 * @param {string} id
 */
export const usePerson = (id) => useReadable(useClient().person(id));

/**
 * A chat to act on, and its summary, which is undefined while the client does not hold the chat.
 * @param {string} id
 */
export function useChat(id) {
  const chat = useClient().chat(id);
  return { chat, summary: useReadable(chat.summary) };
}

/**
 * Who types in a chat now.
 * @param {string} id
 */
export const useTyping = (id) => useReadable(useClient().chat(id).typing);

/**
 * Sends messages into a chat: the function is the same in each render.
 * @param {string} id
 */
export function useSend(id) {
  const chat = useClient().chat(id);
  return useCallback((/** @type {string | TextDraft} */ draft) => chat.send(draft), [chat]);
}

/**
 * The messages of a chat. The chat is on the screen (`chat.open()`) while the component is mounted, so a first page is
 * loaded. Returns the items, what `timeline.status` has, and the timeline itself, to load more and to jump.
 * @param {string} id
 * @param {{ around?: number }} [options] `around`: the seq of a message to jump to
 */
export function useTimeline(id, { around } = {}) {
  const chat = useClient().chat(id);
  const timeline = useMemo(() => chat.timeline(), [chat]);
  useEffect(() => chat.open(), [chat]);
  useEffect(() => {
    if (around) timeline.jumpTo(around);
  }, [timeline, around]);
  return { timeline, items: useReadable(timeline.items), ...useReadable(timeline.status) };
}
