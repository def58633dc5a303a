// A model of the server as one user sees it: chats with a log of messages and changes, views, read positions and blocks.
// Its events and answers have the rules of docs/API.md, with small limits so that they are reached often.

const ME = "alice";
const OTHERS = ["bob", "carol", "dave"];
/** What one answer brings at most. */
const PAGE = { messages: 3, changes: 3, chats: 2, joined: 2 };
/** How many messages each chat has when the client starts. */
const PAST = 9;
const EMOJIS = ["👍", "❤️", "❤🔥"];

/** What a member has of a chat. */
const member = (joinedSeq, memberRev) => ({ joinedSeq, readSeq: joinedSeq, floor: joinedSeq, settings: { memberRev, notify: "all" } });

export class Server {
  /** Chats by id. */
  chats = new Map();
  /** Whom the user blocks. */
  blocked = new Set();
  #clock = 0;
  #memberRev = 0;
  /** Takes an event for the user's connection. */
  #push;

  /** @param {(event: object) => void} push */
  constructor(push) {
    this.#push = push;
    this.create("group-1", true, OTHERS);
    this.create("group-2", true, OTHERS);
    this.create("private", false, ["bob"]);
    for (const chat of this.chats.keys()) this.#fill(this.chats.get(chat));
  }

  /** A past: messages, of which the user has read some. */
  #fill(chat) {
    const where = [...this.chats.keys()].indexOf(chat.id);
    for (let number = 0; number < PAST; number++) this.perform("send", where, 1 + number, false);
    this.perform("delete", where, 5 << 2, false);
    this.perform("react", where, 25, false);
    chat.members.get(ME).readSeq = 3;
  }

  #now() {
    return new Date(Date.UTC(2026, 10, 24) + 1000 * ++this.#clock).toISOString();
  }

  create(id, isGroup, others) {
    const members = new Map([ME, ...others].map((user) => [user, member(0, ++this.#memberRev)]));
    const chat = { id, isGroup, name: `Chat ${id}`, members, past: [], createdAt: this.#now(), messages: [], log: [] };
    this.chats.set(id, chat);
    this.#push({ event: "chat.created", chatId: id, data: this.#document(chat) });
  }

  // --- documents -----------------------------------------------------------------------------------------------------

  #document({ id, isGroup, name, members, createdAt, messages, log }) {
    const participants = [...members.keys()].sort();
    const { floor } = members.get(ME) ?? { floor: 0 };
    const group = isGroup ? { name, admins: ["bob"] } : { admins: [] };
    const counts = { seq: messages.length, rev: log.length, floor };
    return { chatId: id, isGroup, participants, participantCount: participants.length, createdBy: "bob", createdAt, ...group, ...counts };
  }

  /** Who has read a message. */
  readers({ members, past }, { seq, senderId }) {
    const stays = [...[...members].map(([userId, stay]) => ({ userId, ...stay })), ...past];
    const readers = stays.filter(({ joinedSeq, readSeq }) => joinedSeq < seq && seq <= readSeq);
    return [...new Set([senderId, ...readers.map(({ userId }) => userId)])].sort();
  }

  #message(chat, message) {
    const { isHidden, ...document } = message;
    if (!isHidden) return { ...document, seenBy: this.readers(chat, message), deletedFor: [] };
    const { messageId, chatId, seq, senderId, type, createdAt, hiddenRev } = message;
    return { messageId, chatId, seq, senderId, type, createdAt, content: "", seenBy: [], deletedFor: [ME], rev: hiddenRev };
  }

  /** The messages of a chat that the user can see. */
  visible(chat) {
    const { floor } = chat.members.get(ME);
    const seen = chat.messages.filter(({ seq, isHidden }) => seq > floor && !isHidden);
    return seen.map((message) => this.#message(chat, message)).map(({ hiddenRev, ...message }) => message);
  }

  unread(chat) {
    const { readSeq } = chat.members.get(ME);
    return this.visible(chat).filter(({ seq, deletedAt }) => seq > readSeq && !deletedAt).length;
  }

  #own(chat) {
    const { readSeq, floor, settings } = chat.members.get(ME);
    return { readSeq: Math.max(readSeq, floor), unreadCount: this.unread(chat), settings: { ...settings } };
  }

  isBlocked(chat) {
    return !chat.isGroup && this.blocked.has("bob");
  }

  // --- changes -------------------------------------------------------------------------------------------------------

  /** A chat by a number, among those that the user is in. */
  pick(number) {
    const own = [...this.chats.values()].filter((chat) => chat.members.has(ME));
    return own[number % own.length];
  }

  #log(chat, entry = {}) {
    chat.log.push(entry);
    return chat.log.length;
  }

  /** A change of a message that the user can see. Its event goes to the user, unless the reply does. */
  #change(chat, message, change, isReply) {
    const rev = this.#log(chat, { seq: message.seq });
    Object.assign(message, change, { rev });
    const data = this.visible(chat).find(({ seq }) => seq === message.seq);
    if (data && !isReply) this.#push({ event: "message.updated", chatId: chat.id, seq: message.seq, rev, data });
    return data;
  }

  /**
   * One operation of a participant. Returns what the reply to the user's own device has, if it was theirs.
   * @param {string} name
   * @param {number} where chooses the chat
   * @param {number} which chooses the message, the participant or the value
   * @param {boolean} isOwn whether the user did it on the device itself: the reply comes instead of the event
   */
  perform(name, where, which, isOwn) {
    const chat = this.pick(where);
    if (!chat) return;
    const users = [...chat.members.keys()];
    const user = isOwn ? ME : users[which % users.length];
    const message = chat.messages[(which >> 2) % Math.max(1, chat.messages.length)];
    const isShown = message && message.seq > chat.members.get(user).floor && !message.deletedAt;
    const isSeen = isShown && !(user === ME && message.isHidden);
    switch (name) {
      case "send": {
        const seq = chat.messages.length + 1;
        const stored = { messageId: `${chat.id}:${seq}`, chatId: chat.id, seq, senderId: user, type: "text", content: `Text ${seq}` };
        chat.messages.push({ ...stored, createdAt: this.#now(), rev: 0 });
        this.#read(chat, user, seq);
        const data = this.visible(chat).at(-1);
        if (isOwn) return { method: "applySentMessage", args: [data] };
        this.#push({ event: "message.created", chatId: chat.id, seq, data });
        return;
      }
      case "edit": {
        if (!isSeen) return;
        const data = this.#change(chat, message, { content: `Edited ${chat.log.length}` }, isOwn);
        return isOwn && { method: "applyChangedMessage", args: [data] };
      }
      case "delete": {
        if (!isSeen) return;
        const change = { content: "", reactions: undefined, deletedAt: this.#now(), deletedBy: user };
        const data = this.#change(chat, message, change, isOwn);
        return isOwn && { method: "applyChangedMessage", args: [data] };
      }
      case "hide": {
        if (user !== ME) {
          // Nobody else gets an event of it.
          this.#log(chat);
          return;
        }
        if (!message || message.isHidden || message.seq <= chat.members.get(ME).floor) return;
        const rev = this.#log(chat, { seq: message.seq });
        Object.assign(message, { isHidden: true, hiddenRev: rev });
        const data = this.#message(chat, message);
        if (isOwn) return { method: "applyChangedMessage", args: [data] };
        this.#push({ event: "message.updated", chatId: chat.id, seq: message.seq, rev, data });
        return;
      }
      case "react": {
        if (!isSeen) return;
        const emojis = EMOJIS.filter((_, bit) => (which >> bit) & 1);
        const all = new Map(EMOJIS.map((emoji) => [emoji, new Set()]));
        for (const { emoji, userIds } of message.reactions ?? [])
          for (const other of userIds) if (other !== user) all.get(emoji).add(other);
        for (const emoji of emojis) all.get(emoji).add(user);
        const left = [...all].filter(([, reacted]) => reacted.size);
        const entries = left.map(([emoji, reacted]) => ({ emoji, count: reacted.size, userIds: [...reacted].sort() }));
        // Sorted by code point.
        entries.sort((a, b) => Buffer.compare(Buffer.from(a.emoji), Buffer.from(b.emoji)));
        const data = this.#change(chat, message, { reactions: entries.length ? entries : undefined }, true);
        if (isOwn) return { method: "applyChangedMessage", args: [data] };
        const { seq, rev } = message;
        // The user gets no event about a message that they cannot see.
        if (data) this.#push({ event: "reaction.updated", chatId: chat.id, seq, rev, data: { userId: user, emojis } });
        return;
      }
      case "markSeen": {
        const seq = (which >> 2) % (chat.messages.length + 1);
        const stay = chat.members.get(user);
        const settings = this.#read(chat, user, seq);
        if (isOwn) {
          const { readSeq, unreadCount } = this.#own(chat);
          return { method: "applyReadPosition", args: [{ chatId: chat.id, readSeq, unreadCount, ...settings }] };
        }
        if (settings === undefined) return;
        const data = { userId: user, readSeq: stay.readSeq, readAt: this.#now() };
        if (stay.readSeq === seq) this.#push({ event: "receipt.updated", chatId: chat.id, data });
        return;
      }
      case "settings": {
        const own = chat.members.get(ME);
        const { memberRev, ...before } = own.settings;
        const change = [
          { pinned: !before.pinned || undefined },
          { notify: ["all", "mentions", "none"][which % 3] },
          { archivedSeq: before.archivedSeq === undefined ? chat.messages.length : undefined },
          { markedUnread: true },
        ][(which >> 2) % 4];
        own.settings = JSON.parse(JSON.stringify({ ...before, ...change, memberRev: ++this.#memberRev }));
        const data = this.#own(chat);
        if (isOwn) return { method: "applyOwnMember", args: [chat.id, data] };
        this.#push({ event: "member.updated", chatId: chat.id, data });
        return;
      }
      case "rename":
        if (!chat.isGroup) return;
        this.#changeChat(chat, { name: `Chat ${chat.id} ${chat.log.length}` });
        return;
      case "clear": {
        if (user !== ME) return void this.#log(chat);
        const own = chat.members.get(ME);
        own.floor = chat.messages.length;
        this.#changeChat(chat, {});
        return;
      }
      case "block": {
        const blocked = which % 2 === 0;
        if (blocked) this.blocked.add("bob");
        else this.blocked.delete("bob");
        const data = { userId: "bob", blocked };
        if (isOwn) return { method: "applyBlock", args: [data] };
        this.#push({ event: "block.updated", data });
        return;
      }
      case "leave": {
        const who = OTHERS[which % OTHERS.length];
        if (chat.isGroup) this.#move(chat, which % 4 ? who : ME);
        return;
      }
      case "return": {
        const away = [...this.chats.values()].find(({ members }) => !members.has(ME));
        if (away) this.#move(away, ME);
        return;
      }
    }
  }

  /** Raises a read position. Returns the settings for the reply, or undefined if the position did not move. */
  #read(chat, user, seq) {
    const stay = chat.members.get(user);
    const isHigher = seq > stay.readSeq;
    stay.readSeq = Math.max(stay.readSeq, seq);
    if (user !== ME || !stay.settings.markedUnread) return isHigher ? {} : undefined;
    const { markedUnread, ...settings } = stay.settings;
    stay.settings = { ...settings, memberRev: ++this.#memberRev };
    if (isHigher) return {};
    this.#push({ event: "member.updated", chatId: chat.id, data: this.#own(chat) });
    return { settings: stay.settings };
  }

  #changeChat(chat, change, left) {
    Object.assign(chat, change);
    const rev = this.#log(chat, { isDocument: true, left });
    if (!chat.members.has(ME)) return rev;
    const event = { event: "chat.updated", chatId: chat.id, rev, data: this.#document(chat) };
    this.#push(left ? { ...event, left } : event);
    return rev;
  }

  /** Takes a user out of a group, or adds them. */
  #move(chat, user) {
    const { id, members, messages, past } = chat;
    const stay = members.get(user);
    if (stay) {
      members.delete(user);
      const { joinedSeq, readSeq } = stay;
      const left = { userId: user, joinedSeq, joinedAt: chat.createdAt, readSeq, leftSeq: messages.length, leftAt: this.#now() };
      if (user !== ME) past.push(left);
      const rev = this.#changeChat(chat, {}, user === ME ? undefined : left);
      if (user === ME) this.#push({ event: "chat.left", chatId: id, rev, data: { by: "bob" } });
      return;
    }
    members.set(user, member(messages.length, ++this.#memberRev));
    if (user !== ME) return this.#changeChat(chat, {});
    // What was deleted for the user alone is above their floor only if they see it anew.
    this.#log(chat, { isDocument: true });
    this.#push({ event: "chat.created", chatId: id, data: this.#document(chat) });
  }

  // --- answers -------------------------------------------------------------------------------------------------------

  #entry(chat) {
    const last = this.visible(chat).at(-1);
    const entry = { chat: this.#document(chat), ...this.#own(chat) };
    if (last && last.seq === chat.messages.length) {
      const { reactions, ...preview } = last;
      entry.lastMessage = preview;
    }
    if (this.isBlocked(chat)) entry.blocked = true;
    return entry;
  }

  #activeAt(chat) {
    const last = chat.messages.at(-1);
    return last && last.seq > chat.members.get(ME).floor ? last.createdAt : chat.createdAt;
  }

  /** A page of the inbox. */
  inbox(cursor = "~") {
    const key = (chat) => (chat.members.get(ME).settings.pinned ? "1" : "0") + this.#activeAt(chat) + chat.id;
    const all = [...this.chats.values()].filter((chat) => chat.members.has(ME)).map((chat) => [key(chat), chat]);
    const rest = all.filter(([place]) => place < cursor).sort(([a], [b]) => (a < b ? 1 : -1));
    const page = rest.slice(0, PAGE.chats);
    const chats = page.map(([, chat]) => this.#entry(chat));
    return rest.length > page.length ? { chats, cursor: page.at(-1)[0] } : { chats };
  }

  /** A page of messages below `before`. Undefined if the user is not in the chat. */
  older(id, before) {
    const chat = this.chats.get(id);
    if (!chat.members.has(ME)) return;
    const { floor } = chat.members.get(ME);
    const below = this.visible(chat).filter(({ seq }) => seq < before);
    const messages = below.slice(-PAGE.messages);
    const hasMoreBefore = below.length > messages.length;
    const range = before - 1 > floor ? { from: hasMoreBefore ? messages[0].seq : floor + 1, to: before - 1 } : undefined;
    const page = { messages, hasMoreBefore, hasMoreAfter: true, seq: chat.messages.length, rev: chat.log.length, floor };
    return structuredClone(range ? { ...page, range } : page);
  }

  /** The answer to a sync. */
  sync({ cursors, open = [] }) {
    const isIn = (id) => this.chats.get(id)?.members.has(ME);
    const ids = Object.keys(cursors);
    const chats = ids.filter(isIn).map((id) => this.#part(this.chats.get(id), cursors[id], open.includes(id)));
    const others = [...this.chats.values()].filter((chat) => chat.members.has(ME) && !cursors[chat.id]);
    const answer = { chats, joined: others.slice(0, PAGE.joined).map((chat) => this.#entry(chat)) };
    if (others.length > PAGE.joined) answer.joinedLimited = true;
    const limited = chats.some((part) => part.limited);
    return structuredClone({ ...answer, gone: ids.filter((id) => !isIn(id)), limited });
  }

  #part(chat, cursor, isOpen) {
    const own = chat.members.get(ME);
    const visible = this.visible(chat);
    const after = visible.filter(({ seq }) => seq > cursor.seq);
    const messages = after.slice(0, PAGE.messages);
    const seq = after.length > messages.length ? messages.at(-1).seq : chat.messages.length;
    // A change of a message above the new cursor waits for its message.
    const next = chat.log.slice(cursor.rev, cursor.rev + PAGE.changes);
    const end = next.findIndex((entry) => entry.seq > seq);
    const entries = end < 0 ? next : next.slice(0, end);
    const rev = cursor.rev + entries.length;
    const seqs = [...new Set(entries.map((entry) => entry.seq))].filter((of) => of && of <= cursor.seq && of > own.floor);
    const changed = seqs.map((place) => {
      const { hiddenRev, ...document } = this.#message(chat, chat.messages[place - 1]);
      return document;
    });
    const part = { chatId: chat.id, messages, changed, ...this.#own(chat), floor: own.floor, cursor: { seq, rev } };
    if (entries.some(({ isDocument }) => isDocument)) part.chat = this.#document(chat);
    const joinedAt = chat.createdAt;
    const positions = [...chat.members].map(([userId, { joinedSeq, readSeq }]) => ({ userId, joinedSeq, joinedAt, readSeq }));
    const members = [...(isOpen ? positions : []), ...entries.flatMap(({ left }) => left ?? [])];
    if (members.length) part.members = members;
    if (this.isBlocked(chat)) part.blocked = true;
    if (seq < chat.messages.length || rev < chat.log.length) part.limited = true;
    return part;
  }
}
