// What a client knows of users, whether they are online, and of whom a chat says nothing.

/** @import { ChatId, NicknameChange, Presence, Profile, ProfiledUser, Rev, Status, Time, UserCustom, UserId } from "../api.js" */

/**
 * What a client knows of a user. `nickname` is the user's id if they have not chosen one. `profile` is that of the Auth
 * Service; absent if no answer had one. `lastSeen` is null if the user was never seen. Only this user has `notifyOnMention`.
 * @typedef {{ readonly nickname: string, readonly profile?: Profile, readonly status: Status,
 *   readonly lastSeen: Time | null, readonly custom?: UserCustom, readonly notifyOnMention?: boolean }} Person
 */

/**
 * A user with where the knowledge came from: `at` of the events that brought the status and the nickname, if events over
 * this connection did; and whether a document came.
 * @typedef {{ person: Person, statusAt?: Time, nicknameAt?: Time, hasDocument?: boolean }} Known
 */

/** What a client knows of users. */
export class People {
  /** @type {Map<UserId, Known>} */
  known = new Map();
  /**
   * The users whom a chat did not show when they were asked for, with the rev of its document then.
   * @type {Map<string, Rev>}
   */
  leftOut = new Map();

  /** @param {UserId} user */
  get(user) {
    return this.known.get(user)?.person;
  }

  /**
   * Takes a user's document. If an event about the user came over this connection, its status or its nickname is newer
   * than the document's, unless the document is in an event too (`isEvent`).
   * @param {ProfiledUser | undefined} user undefined if an answer has none
   * @param {boolean} [isEvent]
   */
  put(user, isEvent) {
    if (!user) return;
    const before = this.known.get(user.userId);
    const { status, lastSeen } = before?.statusAt && !isEvent ? before.person : user;
    const { nickname } = before?.nicknameAt && !isEvent ? before.person : user;
    const { custom, notifyOnMention } = user;
    // Not every document has the profile.
    const profile = user.profile ?? before?.person.profile;
    this.#change(user.userId, { ...before, hasDocument: true }, { nickname, profile, status, lastSeen, custom, notifyOnMention });
  }

  /**
   * Whether to ask a chat for a user: no document of them came, and the chat did not leave them out since its document
   * had this rev.
   * @param {ChatId} chat
   * @param {UserId} user
   * @param {Rev} rev
   */
  isUnknown(chat, user, rev) {
    return !this.known.get(user)?.hasDocument && (this.leftOut.get(`${chat} ${user}`) ?? -1) < rev;
  }

  /**
   * Notes that a chat whose document has this rev does not show a user.
   * @param {ChatId} chat
   * @param {UserId} user
   * @param {Rev} rev
   */
  putLeftOut(chat, user, rev) {
    this.leftOut.set(`${chat} ${user}`, rev);
  }

  /**
   * Takes a nickname event. False if a later one came before.
   * @param {NicknameChange} change
   */
  applyNickname({ userId, nickname, at }) {
    const before = this.known.get(userId);
    if (before?.nicknameAt && before.nicknameAt > at) return false;
    this.#change(userId, { ...before, nicknameAt: at }, { nickname });
    return true;
  }

  /**
   * Takes a presence event. False if a later one came before.
   * @param {Presence} presence
   */
  applyPresence({ userId, status, lastSeen, at }) {
    const before = this.known.get(userId);
    if (before?.statusAt && before.statusAt >= at) return false;
    this.#change(userId, { ...before, statusAt: at }, lastSeen ? { status, lastSeen } : { status });
    return true;
  }

  /** The connection is lost: the next document is newer than the events so far. */
  expireEvents() {
    for (const known of this.known.values()) known.statusAt = known.nicknameAt = undefined;
  }

  /**
   * @param {UserId} user
   * @param {Omit<Known, "person"> & { person?: Person }} known
   * @param {Partial<Person>} change
   */
  #change(user, known, change) {
    const before = known.person ?? { nickname: user, status: "offline", lastSeen: null };
    const person = { ...before, ...change };
    // Who did not change stays the same object.
    const isSame = JSON.stringify(person) === JSON.stringify(before);
    this.known.set(user, { ...known, person: isSame ? before : person });
  }
}
