// The public view of a state or an outbox, as small facts: the same that clients/traces/src/facts.rs makes in Rust.
import { createHash } from "node:crypto";
import { byCodePoint } from "../../src/state/order.js";

/** A longer fact is replaced by its digest. */
const MAX_TEXT_BYTES = 40;

/** JSON in one form: the members of objects are sorted by the bytes of their names. */
function text(value) {
  if (Array.isArray(value)) return `[${value.map((item) => text(item ?? null)).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  return `{${names.sort(byCodePoint).map((name) => `${JSON.stringify(name)}:${text(value[name])}`)}}`;
}

/** The first digits of the SHA-256 of the canonical JSON. */
export const digest = (document) => "#" + createHash("sha256").update(text(document)).digest("hex").slice(0, 8);

const short = (words) => {
  const line = words.join(" ");
  return Buffer.byteLength(line) > MAX_TEXT_BYTES ? digest(line) : line;
};

/** An event on one line: its name, its chat, its seq, its rev and the digest of all of it. */
export const summary = (event) =>
  [event.event, event.chatId ?? null, event.seq ?? null, event.rev ?? null, digest(event)].map(String).join(" ");

const nextRequest = (request) => {
  if (!request) return null;
  if (request.kind === "inbox") return request.cursor === undefined ? "inbox" : `inbox ${request.cursor}`;
  return `sync ${digest(request.request)}`;
};

/** All facts of a state. `now` is the time at which mutes and archived chats are looked at. */
export function factsOfState(state, now) {
  const ids = (chats) => short(chats.map((chat) => chat.document.chatId));
  const facts = {
    "": {
      behind: state.isBehind,
      gap: state.hasGap,
      next: nextRequest(state.nextRequest()),
      visible: short(state.visible),
      inbox: ids(state.inbox(now)),
      archived: ids(state.archived(now)),
    },
  };
  const users = new Set([state.me]);
  for (const [id, chat] of state.chats) {
    for (const user of chat.document.participants) users.add(user);
    for (const message of chat.messages) users.add(message.senderId);
    facts[id] = factsOfChat(state, id, chat, now);
  }
  for (const user of users) {
    const person = state.person(user);
    if (!person) continue;
    const { nickname, profile = null, status, lastSeen } = person;
    facts[`@${user}`] = { is: `${nickname} ${digest({ nickname, profile, status, lastSeen })}` };
  }
  return facts;
}

function factsOfChat(state, id, chat, now) {
  const { settings, lastMessage: last } = chat;
  const facts = {
    at: `${chat.seq} ${chat.rev}`,
    floor: chat.floor,
    older: chat.hasOlder,
    oldest: chat.oldestSeq,
    document: digest(chat.document),
    last: last ? `${last.seq} ${last.rev} ${digest(last)}` : null,
    activeAt: chat.activeAt,
    unread: chat.unread(state.me),
    blocked: chat.blocked,
    muted: chat.isMuted(now),
    marked: chat.isMarkedUnread(state.me),
    settings: `${settings.memberRev} ${digest(settings)}`,
    unknown: short(state.unknownPeople(id)),
  };
  for (const message of chat.messages) facts[message.seq] = `${digest(message)} ${short(chat.seenBy(message))}`;
  for (const user of chat.document.participants)
    if (chat.readSeqOf(user) > 0) facts[`read ${user}`] = chat.readSeqOf(user);
  return facts;
}

/** All facts of an outbox. */
export function factsOfOutbox(outbox) {
  const facts = {
    "": { due: outbox.nextDue() ?? null, waiting: short(outbox.waiting.map((unsent) => unsent.clientMessageId)) },
  };
  for (const { clientMessageId, chat, draft } of outbox.waiting) {
    const tries = outbox.tries(clientMessageId);
    if (tries > 0) facts[clientMessageId] = { is: `${chat} ${tries} ${digest(draft)}` };
  }
  return facts;
}

/** Which facts differ, with their new values: null for a fact that is gone. */
export function changes(before, after) {
  const all = {};
  for (const subject of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old = {}, now = {}] = [before[subject], after[subject]];
    for (const name of new Set([...Object.keys(old), ...Object.keys(now)]))
      if ((old[name] ?? null) !== (now[name] ?? null)) (all[subject] ??= {})[name] = now[name] ?? null;
  }
  return all;
}
