// An engine without a network: a real state, an outbox in a list, and answers that the test gives.
import { ChatError } from "../../src/errors.js";
import { State } from "../../src/state/state.js";

export const ME = "ana";

/** @param {number} minute */
export const time = (minute) => new Date(Date.UTC(2026, 10, 26, 12, minute)).toISOString();

/** A group. @param {string} chatId @param {object} [more] */
export const group = (chatId, more) => ({
  chatId,
  isGroup: true,
  name: `Group ${chatId}`,
  participants: ["ana", "ben", "cleo"],
  participantCount: 3,
  admins: ["ana"],
  createdBy: "ana",
  createdAt: time(0),
  seq: 0,
  rev: 0,
  floor: 0,
  ...more,
});

/** A private chat. @param {string} chatId @param {string} other @param {object} [more] */
export const pair = (chatId, other, more) => ({
  chatId,
  isGroup: false,
  participants: ["ana", other].sort(),
  participantCount: 2,
  admins: [],
  createdBy: "ana",
  createdAt: time(0),
  seq: 0,
  rev: 0,
  floor: 0,
  ...more,
});

/** A text message. @param {string} chatId @param {number} seq @param {object} [more] */
export const message = (chatId, seq, more) => ({
  messageId: `${chatId}:${seq}`,
  chatId,
  seq,
  senderId: "ben",
  type: "text",
  content: `text ${seq}`,
  seenBy: ["ben"],
  deletedFor: [],
  createdAt: time(seq % 60),
  rev: 0,
  ...more,
});

/** @param {object} chat @param {object} [more] */
export const entry = (chat, more) => ({
  chat,
  readSeq: 0,
  unreadCount: 0,
  settings: { memberRev: 1, notify: "all" },
  ...more,
});

/** @param {string} userId @param {object} [more] */
export const user = (userId, more) => ({
  userId,
  nickname: userId,
  status: "offline",
  lastSeen: null,
  mutedChats: [],
  ...more,
});

/** The event of a new message. @param {any} data */
export const created = (data) => ({ event: "message.created", chatId: data.chatId, seq: data.seq, data });

/** The event of a changed message. @param {any} data */
export const updated = (data) => ({
  event: "message.updated",
  chatId: data.chatId,
  seq: data.seq,
  rev: data.rev,
  data,
});

/** Lets everything run that waits for no timer. */
export const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** @returns {any} */
export function createFakeEngine(logger = console) {
  const listeners = new Set();
  const emit = (update) => {
    for (const listener of [...listeners])
      try {
        listener(update);
      } catch (error) {
        logger.error("a listener failed", error);
      }
  };
  let ids = 0;
  const engine = {
    me: undefined,
    state: undefined,
    link: { status: "stopped", isCaughtUp: false },
    outbox: [],
    starts: 0,
    stops: 0,
    sockets: 0,
    requests: [],
    frames: [],
    /** Answers a call; by default there is nothing to answer. */
    answer: (call) => {
      throw new ChatError("unexpected", `no answer to ${call.method} ${call.path}`);
    },
    listeners,
    emit,
    start() {
      engine.starts++;
      if (engine.link.status !== "stopped") return;
      engine.sockets++;
      engine.setLink({ status: "connecting", isCaughtUp: false });
    },
    stop() {
      engine.stops++;
      engine.setLink({ status: "stopped", isCaughtUp: false });
    },
    setLink(link) {
      engine.link = link;
      emit({ type: "link", link });
    },
    /** The first token came. */
    logIn(me = ME) {
      engine.me = me;
      engine.state = new State(me);
      engine.setLink({ status: "online", isCaughtUp: false });
    },
    /** The inbox came, and nothing else was missed. @param {object[]} chats */
    catchUp(chats = []) {
      engine.update((state) => state.applyInboxPage(undefined, { chats }));
      engine.link = { ...engine.link, isCaughtUp: true };
      emit({ type: "caughtUp" });
    },
    update(change) {
      if (!engine.state) return [];
      const events = [change(engine.state)].flat().filter((event) => event?.event);
      for (const event of events) emit({ type: "event", event });
      emit({ type: "changed" });
      return events;
    },
    push(...events) {
      for (const event of events) engine.update((state) => state.applyEvent(event));
    },
    async request(call, { signal } = {}) {
      engine.requests.push(call);
      await Promise.resolve();
      if (signal?.aborted) throw new ChatError("aborted", "aborted");
      const answer = await engine.answer(call);
      const [method, ...args] = call.apply?.(answer) ?? [];
      if (method) engine.update((state) => state[method](...args));
      return answer;
    },
    send(chatId, draft, { clientMessageId = `id-${++ids}`, file, attachment } = {}) {
      if (engine.outbox.some((unsent) => unsent.clientMessageId === clientMessageId))
        throw new ChatError("duplicate_message_id", "twice");
      const createdAt = Date.now();
      const state = file ? "uploading" : "waiting";
      const unsent = { clientMessageId, chatId, draft, state, tries: 0, createdAt, file, attachment };
      engine.outbox = [...engine.outbox, unsent];
      emit({ type: "outbox" });
      return clientMessageId;
    },
    setUnsent(id, change) {
      engine.outbox = engine.outbox.map((unsent) =>
        unsent.clientMessageId === id ? { ...unsent, ...change } : unsent,
      );
      emit({ type: "outbox" });
    },
    remove(id) {
      engine.outbox = engine.outbox.filter((unsent) => unsent.clientMessageId !== id);
      emit({ type: "outbox" });
    },
    /** The message is stored at this seq. */
    store(id, seq) {
      const unsent = engine.outbox.find((other) => other.clientMessageId === id);
      const stored = message(unsent.chatId, seq, {
        senderId: engine.me,
        seenBy: [engine.me],
        clientMessageId: id,
        content: unsent.draft.content,
      });
      engine.remove(id);
      emit({ type: "sent", clientMessageId: id, message: stored });
      engine.update((state) => state.applySentMessage(stored));
      return stored;
    },
    refuse(id, error = new ChatError("blocked", "blocked")) {
      engine.setUnsent(id, { state: "failed", error });
      emit({ type: "notSent", clientMessageId: id, error });
    },
    retry: (id) => engine.setUnsent(id, { state: "waiting", error: undefined }),
    /** Also if another tab discards it. */
    discard(id) {
      engine.remove(id);
      emit({ type: "discarded", clientMessageId: id });
    },
    sendFrame: (action, fields) => void engine.frames.push({ action, ...fields }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return engine;
}

/**
 * Answers like the system for one chat's messages: pages and details.
 * @param {any} engine
 * @param {any} chat
 * @param {any[]} messages
 */
export function serve(engine, chat, messages) {
  engine.answer = (call) => {
    if (call.action === "listMessages") return page(chat, messages, call.query);
    if (call.path === `/chats/${chat.chatId}`)
      return {
        chat,
        unreadCount: 0,
        members: chat.participants.map((userId) => ({
          userId,
          joinedSeq: 0,
          joinedAt: time(0),
          readSeq: 0,
          user: user(userId, { nickname: userId.toUpperCase() }),
        })),
      };
    if (call.path === "/users")
      return { users: call.query.ids.split(",").map((id) => user(id, { nickname: id.toUpperCase() })) };
    throw new ChatError("unexpected", `no answer to ${call.method} ${call.path}`);
  };
}

/** A page as GET /chats/{chatId}/messages answers it. */
function page(chat, all, { before, after, around, limit = 50 }) {
  const visible = all.filter((held) => held.seq > chat.floor);
  let messages = visible.slice(-limit);
  if (before) messages = visible.filter((held) => held.seq < before).slice(-limit);
  if (after !== undefined) messages = visible.filter((held) => held.seq > after).slice(0, limit);
  if (around) {
    const middle = visible.findIndex((held) => held.seq >= around) - Math.floor(limit / 2);
    const start = Math.max(0, Math.min(middle, visible.length - limit));
    messages = visible.slice(start, start + limit);
  }
  // The range includes the messages next to the page that this user deleted.
  const below = messages.length ? visible.filter((held) => held.seq < messages[0].seq).at(-1) : undefined;
  const above = messages.length ? visible.find((held) => held.seq > messages.at(-1).seq) : undefined;
  const range = messages.length
    ? { from: (below?.seq ?? chat.floor) + 1, to: (above?.seq ?? chat.seq + 1) - 1 }
    : undefined;
  return {
    messages,
    range,
    hasMoreBefore: !!range && visible.some((held) => held.seq < range.from),
    hasMoreAfter: !!range && visible.some((held) => held.seq > range.to),
    seq: chat.seq,
    rev: chat.rev,
    floor: chat.floor,
  };
}
