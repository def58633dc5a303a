// What the application sees of users and chats: frozen objects that stay the same until something in them changed.

/** @import { ChatId, Custom, ImageAttachment, NotifyLevel, Seq, Time, UserId } from "./api.js" */
/** @import { Store } from "./store.js" */
/** @import { ChatState } from "./state/chat.js" */
/** @import { HeldMessage } from "./state/message.js" */
/** @import { Person as HeldPerson } from "./state/people.js" */
import { snapshot } from "./readable.js";

/**
 * A user as the client knows them. Somebody who is not known has their id as a name, and is offline.
 * @typedef {object} Person
 * @property {UserId} id
 * @property {string} name the nickname; if there is none, the display name of the Auth Service; else the id
 * @property {string} [avatarUrl] from the Auth Service; undefined if it has none
 * @property {"online" | "offline"} status
 * @property {Time} [lastSeen] undefined if they were never seen, or it is not known
 * @property {Custom} [custom] the custom data of the user; undefined if there is none
 * @property {boolean} [notifyOnMention] only of this user: whether a mention notifies in a muted chat
 */

/**
 * A participant of a chat.
 * @typedef {object} Member
 * @property {UserId} id
 * @property {Readonly<Person>} person
 * @property {Seq} readSeq up to where they have read; 0 if it is not known
 * @property {boolean} isAdmin
 */

/**
 * A chat in a list of chats.
 * @typedef {object} ChatSummary
 * @property {ChatId} id
 * @property {boolean} isGroup
 * @property {string} title the name of the group, or of the other user
 * @property {UserId} [otherUserId] the other user of a private chat; undefined for a group
 * @property {string} [topic] of a group; undefined if there is none
 * @property {ImageAttachment} [avatar] of a group; undefined if there is none. `chat.avatarUrl()` has a URL
 * @property {Custom} [custom] of a group; undefined if there is none
 * @property {Readonly<HeldMessage>} [lastMessage] perhaps only its beginning (`contentLimited`); undefined if this user
 *   sees no message
 * @property {number} unread how many messages this user has not read
 * @property {boolean} markedUnread whether this user marked it as unread
 * @property {NotifyLevel} notify which messages notify
 * @property {boolean} muted
 * @property {Time} [mutedUntil] undefined if it is not muted, or the mute has no end
 * @property {boolean} pinned
 * @property {boolean} archived
 * @property {boolean} blocked whether this user blocks the other user
 * @property {boolean} closed whether the group is closed: it can be read only
 * @property {number} participantCount
 * @property {boolean} isAdmin whether this user is an admin of the group
 * @property {Seq} readSeq up to where this user has read
 * @property {Seq} seq the number of the last message
 * @property {Time} activeAt when the last message was sent
 * @property {Time} createdAt
 * @property {UserId} createdBy
 */

/**
 * @param {UserId} id
 * @param {HeldPerson | undefined} held
 * @param {Person | undefined} before
 * @returns {Readonly<Person>}
 * @internal
 */
export function viewPerson(id, held, before) {
  const {
    nickname,
    profile,
    status = "offline",
    lastSeen,
    custom,
    notifyOnMention,
  } = /** @type {Partial<HeldPerson>} */ (held ?? {});
  const name = nickname && nickname !== id ? nickname : (profile?.displayName ?? id);
  const avatarUrl = profile?.avatarUrl;
  return snapshot(before, { id, name, avatarUrl, status, lastSeen: lastSeen ?? undefined, custom, notifyOnMention });
}

/**
 * @param {Store} store
 * @param {ChatState} chat
 * @param {ChatSummary | undefined} before
 * @returns {Readonly<ChatSummary>}
 * @internal
 */
export function viewChat(store, chat, before) {
  const { me, now } = store;
  const { document, settings, lastMessage, seq, activeAt } = chat;
  const { chatId: id, isGroup, participants, participantCount, admins, createdAt, createdBy } = document;
  const group = document.isGroup ? document : undefined;
  const otherUserId = group ? undefined : participants.find((user) => user !== me);
  const { muteUntil, notify } = settings;
  const muted = chat.isMuted(now);
  if (muted && muteUntil) store.wakeAfter(Date.parse(muteUntil) - Date.parse(now));
  return snapshot(before, {
    id,
    isGroup,
    title: group ? group.name : store.person(otherUserId ?? "").get().name,
    otherUserId,
    topic: group?.topic,
    avatar: group?.avatar,
    custom: group?.custom,
    lastMessage,
    unread: chat.unread(me),
    markedUnread: chat.isMarkedUnread(me),
    notify: notify === "none" && !muted ? "all" : notify,
    muted,
    mutedUntil: muted ? muteUntil : undefined,
    pinned: !!settings.pinned,
    archived: chat.isArchived(now),
    blocked: chat.blocked,
    closed: !!group?.closedAt,
    participantCount,
    isAdmin: admins.includes(me),
    readSeq: chat.readSeqOf(me),
    seq,
    activeAt,
    createdAt,
    createdBy,
  });
}

/**
 * @param {Store} store
 * @param {ChatState} chat
 * @param {readonly Member[]} before
 * @returns {readonly Readonly<Member>[]}
 * @internal
 */
export function viewMembers(store, chat, before) {
  const known = new Map(before.map((member) => [member.id, member]));
  const { participants } = chat.document;
  const admins = new Set(chat.document.admins);
  const view = (/** @type {UserId} */ id) =>
    snapshot(known.get(id), {
      id,
      person: store.person(id).get(),
      readSeq: chat.readSeqOf(id),
      isAdmin: admins.has(id),
    });
  return snapshot(before, participants.map(view));
}
