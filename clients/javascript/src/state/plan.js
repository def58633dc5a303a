// What a client has to ask for to be up to date.

/** @import { ChatId, SyncAnswer, SyncRequest } from "../api.js" */
/** @import { ChatState } from "./chat.js" */

/** A sync accepts at most so many cursors. */
export const MAX_SYNC_CHATS = 100;

/**
 * A sync that was sent, with the moment at which it was sent. The answer says nothing about what was missed later.
 * @typedef {{ request: SyncRequest, sentAt: number }} PendingSync
 */

/**
 * A request for what was missed: a page of the inbox from this cursor (absent for the first page), or a sync.
 * @typedef {{ kind: "inbox", cursor?: string } | { kind: "sync" } & PendingSync} CatchUpRequest
 */

/**
 * A listing of the inbox that is wanted or in progress.
 * @typedef {object} Listing
 * @property {boolean} [isWhole] Reads all pages, to find chats that the client does not hold. Else only the first page, to
 *   see who is online.
 * @property {boolean} [isInitial] The client begins with the chats that it finds at their end. So it goes before every
 *   sync: a sync would report them as new, from their beginning.
 * @property {boolean} [isOutdated] Something happened that the pages so far may lack: list once more.
 * @property {string} [cursor]
 * @property {Set<ChatId>} listed
 */

/** @typedef {ReadonlyMap<ChatId, ChatState>} Chats */

/** What the client may have missed, and so has to ask for. */
export class Plan {
  /** @type {Listing | undefined} */
  listing;
  /**
   * Chats in which something was missed, and when it was missed last.
   * @type {Map<ChatId, number>}
   */
  chats = new Map();
  /**
   * When a sync became necessary that does not depend on a chat: for chats that the client does not hold, or because an
   * answer was limited.
   * @type {number | undefined}
   */
  syncSince;
  /** Counts what was missed: a logical clock. */
  now = 0;

  get isBehind() {
    return !!this.listing || this.hasToSync;
  }

  get hasToSync() {
    return !!this.syncSince || this.chats.size > 0;
  }

  /**
   * Anything may have happened in any chat. With more chats than a sync accepts, the inbox shows in which of them.
   * @param {Chats} chats
   */
  addEverything(chats) {
    if (chats.size > MAX_SYNC_CHATS) return this.addWholeInbox();
    this.syncSince = ++this.now;
    for (const id of chats.keys()) this.chats.set(id, this.now);
  }

  /**
   * Like `addEverything`; and users may have come online or gone offline.
   * @param {Chats} chats
   */
  addEverythingAndPresence(chats) {
    this.addEverything(chats);
    this.listing ??= { listed: new Set() };
  }

  /** All chats have to be listed, after the listing that is in progress, if one is. */
  addWholeInbox() {
    const listing = (this.listing ??= { listed: new Set() });
    listing.isOutdated ||= listing.isWhole && listing.cursor !== undefined;
    listing.isWhole = true;
  }

  /** All chats have to be listed. The client begins with those that it finds at their end. */
  addInitialInbox() {
    this.listing = { isWhole: true, isInitial: true, listed: new Set() };
  }

  /**
   * Something may have happened in a chat that the client holds.
   * @param {ChatId} chat
   */
  addChat(chat) {
    this.chats.set(chat, ++this.now);
  }

  /**
   * Something happened in a chat that the client does not hold.
   * @param {Chats} chats
   */
  addUnknownChat(chats) {
    if (chats.size > MAX_SYNC_CHATS) this.addWholeInbox();
    else this.syncSince = ++this.now;
  }

  /**
   * The next request; undefined if nothing was missed.
   * @param {Chats} chats
   * @param {readonly ChatId[]} visible
   * @returns {CatchUpRequest | undefined}
   */
  nextRequest(chats, visible) {
    const { listing, hasToSync } = this;
    if (listing && (listing.isInitial || !hasToSync)) return { kind: "inbox", cursor: listing.cursor };
    if (!hasToSync) return;
    // Chats that are behind go first. The others follow while there is room: the server reports a chat without a cursor as
    // new.
    /** @param {ChatId} id */
    const rank = (id) => (this.chats.has(id) ? 0 : 1);
    const ids = [...chats.keys()].sort().sort((a, b) => rank(a) - rank(b));
    /** @type {SyncRequest} */
    const request = { cursors: {} };
    for (const id of ids.slice(0, MAX_SYNC_CHATS)) {
      const { seq, rev } = /** @type {ChatState} */ (chats.get(id));
      request.cursors[id] = { seq, rev };
    }
    const open = visible.filter((id) => request.cursors[id]);
    if (open.length) request.open = open;
    return { kind: "sync", request, sentAt: this.now };
  }

  /**
   * Takes the answer to a sync. What was missed after the sync was sent is still missed. If every chat that the client
   * holds had a cursor, the new chats for which the answer has no room are in the inbox.
   * @param {PendingSync} sync
   * @param {SyncAnswer} answer
   * @param {Chats} chats
   */
  applySync({ sentAt }, answer, chats) {
    if (this.syncSince && this.syncSince <= sentAt) this.syncSince = undefined;
    if (answer.limited) this.syncSince = ++this.now;
    for (const { chatId, limited } of answer.chats)
      if (!limited && /** @type {number} */ (this.chats.get(chatId)) <= sentAt) this.chats.delete(chatId);
    for (const id of answer.gone) this.chats.delete(id);
    if (answer.joinedLimited && chats.size <= MAX_SYNC_CHATS) this.addWholeInbox();
  }

  /**
   * Takes a page of the inbox that was asked for with `cursor`. At the end of a whole listing, the chats that the client
   * holds and that were on no page moved meanwhile, or the user is not in them any more: a sync shows which.
   * @param {string | undefined} cursor
   * @param {ChatId[]} page
   * @param {string | undefined} next
   * @param {Chats} chats
   */
  applyInboxPage(cursor, page, next, chats) {
    const { listing } = this;
    if (!listing || listing.cursor !== cursor) return;
    for (const id of page) listing.listed.add(id);
    if (listing.isWhole && next !== undefined) {
      listing.cursor = next;
      return;
    }
    if (listing.isWhole) {
      this.now++;
      for (const id of chats.keys()) if (!listing.listed.has(id)) this.chats.set(id, this.now);
    }
    this.listing = undefined;
    if (listing.isOutdated) this.addWholeInbox();
  }
}
