// A system in memory that speaks the protocol: enough of it for the engine. Nothing here waits for time: the clock of a
// test is `Clock`, which the engine gets as its own.

/** Turns of the event loop that all work without a timer needs to settle. */
const TURNS = 6;
/** The same where a database or a digest works too. */
const SLOW_TURNS = 30;

/** How often real work is waited for, 5 ms each time. */
const MAX_IDLE_TURNS = 1000;

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A clock that stands still until a test moves it. */
export class Clock {
  time = Date.parse("2026-11-24T12:00:00Z");
  #timers = new Map();
  #last = 0;
  now = () => this.time;
  setTimeout = (callback, ms) => {
    this.#timers.set(++this.#last, { at: this.time + ms, callback });
    return this.#last;
  };
  clearTimeout = (id) => void this.#timers.delete(id);

  get timers() {
    return this.#timers.size;
  }

  /** How long real work, such as a database or a digest, gets before the time goes on. */
  realMs = 0;

  async settle() {
    const turns = this.realMs ? SLOW_TURNS : TURNS;
    for (let n = 0; n < turns; n++) await turn();
    if (!this.realMs) return;
    await new Promise((resolve) => setTimeout(resolve, this.realMs));
    for (let n = 0; n < turns; n++) await turn();
  }

  /** Moves to the next timer that is due until then, and runs it. False if there is none. */
  async #step(end) {
    const [next] = [...this.#timers].sort(([a, x], [b, y]) => x.at - y.at || a - b);
    if (!next || next[1].at > end) return false;
    this.#timers.delete(next[0]);
    this.time = Math.max(this.time, next[1].at);
    next[1].callback();
    await this.settle();
    return true;
  }

  /** Lets this time pass. */
  async advance(ms) {
    const end = this.time + ms;
    await this.settle();
    while (await this.#step(end));
    this.time = end;
    await this.settle();
  }

  /** Lets time pass until something holds. Returns how long it took. */
  async until(holds, maxMs = 3_600_000) {
    const start = this.time;
    for (let idle = 0; ;) {
      await this.settle();
      if (holds()) return this.time - start;
      if (await this.#step(start + maxMs)) continue;
      // Work of other threads may come back without a timer of this clock.
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (++idle > MAX_IDLE_TURNS) throw new Error(`never: ${holds}`);
    }
  }
}

/** @param {object} claims */
export const jwt = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;

const problem = (status, code, more) => ({
  type: "urn:lambda-chat:problem:" + code,
  title: code,
  status,
  detail: code,
  code,
  retryable: false,
  ...more,
});

/** The error that a script answers with. */
export class Refusal {
  constructor(status, code, more) {
    this.problem = problem(status, code, more);
  }
}

/** A script's answer that never comes. */
export const SILENCE = Symbol("silence");

export class FakeServer {
  constructor(clock = new Clock()) {
    this.clock = clock;
    this.chats = new Map();
    /** @type {FakeSocket[]} */
    this.sockets = [];
    /** Every handshake, also those that were refused. */
    this.handshakes = [];
    /** Every request: over the socket with `action`, over HTTP with `method`. */
    this.requests = [];
    /** The bytes in the bucket. */
    this.bucket = new Map();
    /** Refuses a token over both APIs. */
    this.refuses = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url")).exp * 1000 <= clock.now();
    /** Answers instead of the server: a Refusal, SILENCE, an answer; undefined for the server's own. */
    this.script = (request) => undefined;
    /** Fails a handshake if it returns true, and never answers it if it returns SILENCE. */
    this.refusesHandshake = (token) => false;
    /** Whether the network is there. */
    this.isReachable = true;
    this.lastAttachment = 0;
    const server = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url, protocols) {
        super(server, url, protocols);
      }
    };
  }

  /** What an engine needs to talk to this server. */
  options(user, more = {}) {
    const { clock } = this;
    return {
      httpUrl: "http://server",
      webSocketUrl: "ws://server/live",
      token: async () => this.token(user),
      WebSocket: this.WebSocket,
      fetch: this.fetch,
      now: clock.now,
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
      random: () => 0.5,
      logger: { warn() {}, error: (message, error) => assertNever(message, error) },
      tabs: false,
      ...more,
    };
  }

  token(user, seconds = 12 * 3600) {
    return jwt({ sub: user, exp: Math.floor(this.clock.now() / 1000) + seconds });
  }

  get open() {
    return this.sockets.filter((socket) => socket.readyState === 1);
  }

  /** Requests of one kind: an action, or a method with a path. */
  seen(kind) {
    return this.requests.filter(({ name }) => name === kind);
  }

  chat(id, ...participants) {
    const createdAt = new Date(this.clock.now()).toISOString();
    const chat = { chatId: id, participants, seq: 0, rev: 0, createdAt, messages: [], changes: [], read: {} };
    this.chats.set(id, chat);
    return chat;
  }

  #document(chat) {
    const { chatId, participants, createdAt, seq, rev } = chat;
    const participantCount = participants.length;
    return {
      chatId,
      isGroup: false,
      participants,
      participantCount,
      admins: [],
      createdBy: participants[0],
      createdAt,
      seq,
      rev,
      floor: 0,
    };
  }

  #entry(chat, user) {
    const readSeq = chat.read[user] ?? 0;
    return {
      chat: this.#document(chat),
      readSeq,
      unreadCount: chat.seq - readSeq,
      settings: { memberRev: 0, notify: "all" },
    };
  }

  /** Stores a message, and pushes its event. */
  say(id, senderId, content, { clientMessageId, except, isLost } = {}) {
    const chat = this.chats.get(id);
    const held =
      clientMessageId &&
      chat.messages.find((message) => message.clientMessageId === clientMessageId && message.senderId === senderId);
    if (held) return held;
    const seq = ++chat.seq;
    const createdAt = new Date(this.clock.now()).toISOString();
    const message = {
      messageId: `${id}:${seq}`,
      chatId: id,
      seq,
      senderId,
      type: "text",
      content,
      seenBy: [senderId],
      deletedFor: [],
      createdAt,
      rev: 0,
      ...(clientMessageId && { clientMessageId }),
    };
    chat.messages.push(message);
    const event = { event: "message.created", chatId: id, seq, data: message };
    if (!isLost) this.push(chat.participants, event, except);
    return message;
  }

  change(id, seq, change, except) {
    const chat = this.chats.get(id);
    const message = { ...chat.messages[seq - 1], ...change, rev: ++chat.rev };
    chat.messages[seq - 1] = message;
    this.push(chat.participants, { event: "message.updated", chatId: id, seq, rev: chat.rev, data: message }, except);
    return message;
  }

  push(users, event, except) {
    for (const socket of this.open) if (users.includes(socket.user) && socket !== except) socket.deliver(event);
  }

  /** Ends all connections as a lost network does. */
  cut() {
    for (const socket of this.open) socket.end(1006);
  }

  #sync(user, { cursors }) {
    const chats = [];
    const gone = [];
    let limited = false;
    for (const [id, cursor] of Object.entries(cursors)) {
      const chat = this.chats.get(id);
      if (!chat?.participants.includes(user)) {
        gone.push(id);
        continue;
      }
      const messages = chat.messages.slice(cursor.seq, cursor.seq + 20);
      const isLimited = cursor.seq + 20 < chat.seq;
      limited ||= isLimited;
      const changed = chat.messages.filter(({ seq, rev }) => seq <= cursor.seq && rev > cursor.rev);
      const { readSeq, unreadCount, settings } = this.#entry(chat, user);
      const to = isLimited ? { seq: cursor.seq + 20, rev: cursor.rev } : { seq: chat.seq, rev: chat.rev };
      chats.push({
        chatId: id,
        messages,
        changed,
        readSeq,
        unreadCount,
        floor: 0,
        settings,
        cursor: to,
        ...(isLimited && { limited: true }),
      });
    }
    const isNew = ({ chatId, participants }) => participants.includes(user) && !cursors[chatId];
    const joined = [...this.chats.values()].filter(isNew).map((chat) => this.#entry(chat, user));
    return { chats, joined: joined.slice(0, 20), gone, limited, ...(joined.length > 20 && { joinedLimited: true }) };
  }

  #inbox(user, query) {
    const all = [...this.chats.values()].filter(({ participants }) => participants.includes(user));
    const from = +(query.get("cursor") ?? 0);
    const limit = +(query.get("limit") ?? 20);
    const page = all.slice(from, from + limit).map((chat) => this.#entry(chat, user));
    return { chats: page, ...(from + limit < all.length && { cursor: String(from + limit) }) };
  }

  /** Answers an action. `from` is the socket, which gets no event of its own request. */
  act(user, action, { chatId, seq, content, clientMessageId, ...fields }, from) {
    const chat = this.chats.get(chatId);
    if (chatId && !chat) throw new Refusal(404, "chat_not_found");
    switch (action) {
      case "ping":
        return { pong: true };
      case "typing":
        this.push(chat.participants, { event: "typing", chatId, data: { userId: user, state: fields.state } }, from);
        return { userId: user, state: fields.state };
      case "sync":
        return this.#sync(user, fields);
      case "sendMessage":
        return { message: this.say(chatId, user, content, { clientMessageId, except: from }) };
      case "editMessage":
        return { message: this.change(chatId, seq, { content }, from) };
      case "markSeen":
        chat.read[user] = Math.max(chat.read[user] ?? 0, seq);
        return { chatId, ...this.#entry(chat, user) };
      case "createChat": {
        const id = [user, ...fields.participants].sort().join("-");
        const made = this.chats.get(id) ?? this.chat(id, user, ...fields.participants);
        const document = this.#document(made);
        this.push(made.participants, { event: "chat.created", chatId: id, data: document }, from);
        return { chat: document };
      }
    }
    throw new Refusal(400, "invalid_request");
  }

  #route(user, method, path, query, body) {
    const [, root, id, what, seq] = path.split("/").map(decodeURIComponent);
    switch (`${method} /${root}${what ? "/" + what : ""}`) {
      case "GET /me":
        return { user: { userId: user, nickname: user, status: "online", lastSeen: null, mutedChats: [] } };
      case "GET /chats":
        return id
          ? { chat: this.#document(this.chats.get(id)), members: [], readSeq: 0, unreadCount: 0 }
          : this.#inbox(user, query);
      case "POST /chats":
        return this.act(user, "createChat", body);
      case "POST /sync":
        return this.act(user, "sync", body);
      case "POST /chats/messages":
        return this.act(user, "sendMessage", { ...body, chatId: id });
      case "PATCH /chats/messages":
        return this.act(user, "editMessage", { ...body, chatId: id, seq: +seq });
      case "PUT /chats/seen":
        return this.act(user, "markSeen", { ...body, chatId: id });
      case "GET /chats/messages":
        return { attachment: this.attachment, download: { url: "http://bucket/" + this.attachment.attachmentId } };
      case "POST /attachments": {
        const attachmentId = `a${++this.lastAttachment}`;
        this.attachment = { attachmentId, ...body };
        return {
          attachment: this.attachment,
          upload: {
            method: "PUT",
            url: "http://bucket/" + attachmentId,
            headers: { "content-type": body.contentType },
          },
        };
      }
    }
    return undefined;
  }

  /** Like the `fetch` of a platform. */
  fetch = async (url, { method = "GET", headers = {}, body, signal } = {}) => {
    await turn();
    signal?.throwIfAborted();
    if (!this.isReachable) throw new TypeError("fetch failed");
    const { host, pathname, searchParams } = new URL(url);
    const answer = (status, value, more = {}) =>
      new Response(value === undefined || value instanceof Blob ? value : JSON.stringify(value), {
        status,
        headers: more,
      });
    const isBucket = host === "bucket";
    const name = `${method} ${isBucket ? "bucket" : pathname}`;
    const token = headers.authorization?.replace("Bearer ", "");
    const request = {
      name,
      method,
      path: pathname,
      query: searchParams,
      body: isBucket ? body : body && JSON.parse(body),
      token,
    };
    this.requests.push(request);
    const scripted = this.script(request);
    if (scripted === SILENCE)
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    if (scripted instanceof Response) return scripted;
    if (isBucket) {
      if (method === "GET") return answer(200, this.bucket.get(pathname));
      this.bucket.set(pathname, body);
      return answer(200, undefined);
    }
    if (!token) return answer(401, { message: "Unauthorized" });
    if (this.refuses(token)) return answer(403, { message: "Forbidden" });
    if (scripted instanceof Refusal) return answer(scripted.problem.status, scripted.problem);
    if (scripted) return answer(200, scripted);
    try {
      const made = this.#route(userOf(token), method, pathname, searchParams, request.body);
      return made ? answer(200, made) : answer(404, { message: "Not Found" });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return answer(error.problem.status, error.problem);
    }
  };
}

const userOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString()).sub;

const assertNever = (message, error) => {
  throw new Error(message, { cause: error });
};

/** Like the `WebSocket` of a browser: a failed handshake says nothing. */
class FakeSocket {
  readyState = 0;
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;

  constructor(server, url, protocols) {
    Object.assign(this, { server, url, protocols });
    const token = protocols[1].slice("bearer.".length);
    this.user = userOf(token);
    this.token = token;
    server.handshakes.push({ token, at: server.clock.now() });
    setImmediate(() => {
      if (this.readyState) return;
      const refusal = !server.isReachable || server.refuses(token) || server.refusesHandshake(token);
      if (refusal === SILENCE) return;
      if (refusal) return this.end(1006);
      this.readyState = 1;
      server.sockets.push(this);
      this.onopen?.({});
    });
  }

  send(text) {
    if (this.readyState !== 1) throw new Error("the socket is not open");
    const { action, id, ...fields } = JSON.parse(text);
    const request = { name: action, action, fields, socket: this, id };
    this.server.requests.push(request);
    setImmediate(() => this.#answer(request));
  }

  #answer(request) {
    const { server, user } = this;
    if (this.readyState !== 1 || !server.isReachable) return;
    const scripted = server.script(request);
    if (scripted === SILENCE) return;
    try {
      if (scripted instanceof Refusal) throw scripted;
      if (server.refuses(this.token)) throw new Refusal(401, "token_expired");
      this.deliver({
        id: request.id,
        ok: true,
        data: scripted ?? server.act(user, request.action, request.fields, this),
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.deliver({ id: request.id, ok: false, error: error.problem });
      if (error.problem.code === "token_expired") this.closing({ code: "token_expired" });
    }
  }

  deliver(frame) {
    const data = JSON.stringify(frame);
    setImmediate(() => this.server.isReachable && this.onmessage?.({ data }));
  }

  /** The system closes the connection, and says why. */
  closing(data) {
    this.deliver({ event: "connection.closing", data: { retryable: true, detail: "The reason.", ...data } });
    setImmediate(() => this.end(1000));
  }

  close() {
    this.readyState = 3;
  }

  end(code) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onerror?.({});
    this.onclose?.({ code, reason: "", wasClean: false });
  }
}
