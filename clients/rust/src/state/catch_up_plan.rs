//! What a client has to ask for to be up to date.

use super::{ChatState, MAX_VISIBLE_CHATS};
use crate::call::{ArchivedFilter, Call, InboxFilter, list_chats, sync};
use crate::documents::{ChatId, Inbox, SyncAnswer, SyncRequest};
use std::collections::{BTreeMap, BTreeSet};

/// A sync accepts at most so many cursors.
const MAX_SYNC_CHATS: usize = 100;
/// Chats per page of the inbox.
const INBOX_PAGE_SIZE: u32 = 50;

/// A request for what was missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatchUpRequest {
    /// A page of the inbox from this cursor; None for the first page. Its answer goes to
    /// [`State::apply_inbox_page`](super::State::apply_inbox_page).
    Inbox(Option<String>),
    /// A sync. Its answer goes to [`State::apply_sync`](super::State::apply_sync).
    Sync(PendingSync),
}

/// A sync that was sent, with the moment at which it was sent. The answer says nothing about what was missed later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSync {
    /// The request that was sent.
    pub request: SyncRequest,
    sent_at: Moment,
}

impl CatchUpRequest {
    /// The call for a page of the inbox.
    pub fn inbox_call(cursor: Option<&str>) -> Call<Inbox> {
        // Archived chats too: a client that did not hold them would ask again for each of their events.
        let filter = InboxFilter { archived: ArchivedFilter::Any, pinned: None };
        list_chats(filter, INBOX_PAGE_SIZE, cursor)
    }

    /// The call for a sync.
    pub fn sync_call(pending: &PendingSync) -> Call<SyncAnswer> {
        sync(&pending.request)
    }
}

/// A listing of the inbox that is wanted or in progress.
#[derive(Debug, Clone, Default)]
struct InboxListing {
    /// Reads all pages, to find chats that the client does not hold. Else only the first page, to see who is online.
    is_whole: bool,
    /// The client begins with the chats that it finds at their end. So it goes before every sync: a sync would report
    /// them as new, from their beginning.
    is_initial: bool,
    /// Something happened that the pages so far may lack: list once more.
    is_outdated: bool,
    cursor: Option<String>,
    listed_chats: BTreeSet<ChatId>,
}

/// Counts what was missed: a logical clock.
type Moment = u64;

/// What the client may have missed, and so has to ask for.
#[derive(Debug, Clone, Default)]
pub(super) struct CatchUpPlan {
    listing: Option<InboxListing>,
    /// Chats in which something was missed, and when it was missed last.
    chats: BTreeMap<ChatId, Moment>,
    /// When a sync became necessary that does not depend on a chat: for chats that the client does not hold, or because
    /// an answer was limited.
    sync_since: Option<Moment>,
    now: Moment,
}

impl CatchUpPlan {
    /// The plan of a client that holds nothing yet.
    pub(super) fn initial() -> Self {
        let mut plan = Self::default();
        plan.add_initial_inbox();
        plan
    }

    pub(super) fn is_behind(&self) -> bool {
        self.listing.is_some() || self.has_to_sync()
    }

    fn has_to_sync(&self) -> bool {
        self.sync_since.is_some() || !self.chats.is_empty()
    }

    /// A moment after everything that was missed so far.
    fn next_moment(&mut self) -> Moment {
        self.now += 1;
        self.now
    }

    /// A sync that is sent now.
    pub(super) fn start_sync(&self, request: SyncRequest) -> PendingSync {
        PendingSync { request, sent_at: self.now }
    }

    /// Anything may have happened in any chat. With more chats than a sync accepts, the inbox shows in which of them.
    pub(super) fn add_everything(&mut self, chats: &BTreeMap<ChatId, ChatState>) {
        if chats.len() > MAX_SYNC_CHATS {
            self.add_whole_inbox();
        } else {
            let now = self.next_moment();
            self.chats.extend(chats.keys().map(|id| (id.clone(), now)));
            self.sync_since = Some(now);
        }
    }

    /// Like [`add_everything`](Self::add_everything); and users may have come online or gone offline.
    pub(super) fn add_everything_and_presence(&mut self, chats: &BTreeMap<ChatId, ChatState>) {
        self.add_everything(chats);
        self.listing.get_or_insert_default();
    }

    /// All chats have to be listed, after the listing that is in progress, if one is.
    pub(super) fn add_whole_inbox(&mut self) {
        let listing = self.listing.get_or_insert_default();
        listing.is_outdated |= listing.is_whole && listing.cursor.is_some();
        listing.is_whole = true;
    }

    /// All chats have to be listed. The client begins with those that it finds at their end.
    pub(super) fn add_initial_inbox(&mut self) {
        self.listing = Some(InboxListing { is_whole: true, is_initial: true, ..InboxListing::default() });
    }

    /// Something may have happened in a chat that the client holds.
    pub(super) fn add_chat(&mut self, chat: &ChatId) {
        let now = self.next_moment();
        self.chats.insert(chat.clone(), now);
    }

    /// Something happened in a chat that the client does not hold.
    pub(super) fn add_unknown_chat(&mut self, chats: &BTreeMap<ChatId, ChatState>) {
        if chats.len() > MAX_SYNC_CHATS {
            self.add_whole_inbox();
        } else {
            self.sync_since = Some(self.next_moment());
        }
    }

    pub(super) fn remove_chat(&mut self, chat: &ChatId) {
        self.chats.remove(chat);
    }

    /// The next request; None if nothing was missed.
    pub(super) fn next_request(
        &self,
        chats: &BTreeMap<ChatId, ChatState>,
        visible: &[ChatId],
    ) -> Option<CatchUpRequest> {
        if let Some(listing) = self.listing.as_ref().filter(|listing| listing.is_initial || !self.has_to_sync()) {
            return Some(CatchUpRequest::Inbox(listing.cursor.clone()));
        }
        if !self.has_to_sync() {
            return None;
        }
        // Chats that are behind go first. The others follow while there is room: the server reports a chat without a
        // cursor as new.
        let behind = self.chats.keys().filter_map(|id| chats.get_key_value(id));
        let others = chats.iter().filter(|(id, _)| !self.chats.contains_key(*id));
        let with_cursor = behind.chain(others).take(MAX_SYNC_CHATS);
        let cursors: BTreeMap<_, _> = with_cursor.map(|(id, chat)| (id.clone(), chat.cursor())).collect();
        let open = visible.iter().filter(|id| cursors.contains_key(*id)).take(MAX_VISIBLE_CHATS).cloned().collect();
        Some(CatchUpRequest::Sync(self.start_sync(SyncRequest { cursors, open })))
    }

    /// Takes the answer to a sync. What was missed after the sync was sent is still missed. If every chat that the
    /// client holds had a cursor, the new chats for which the answer has no room are in the inbox.
    pub(super) fn apply_sync(&mut self, sync: &PendingSync, answer: &SyncAnswer, chats: &BTreeMap<ChatId, ChatState>) {
        self.sync_since.take_if(|since| *since <= sync.sent_at);
        if answer.limited {
            self.sync_since = Some(self.next_moment());
        }
        for part in answer.chats.iter().filter(|part| !part.limited) {
            if self.chats.get(&part.chat_id).is_some_and(|since| *since <= sync.sent_at) {
                self.chats.remove(&part.chat_id);
            }
        }
        for gone in &answer.gone {
            self.chats.remove(gone);
        }
        if answer.joined_limited && chats.len() <= MAX_SYNC_CHATS {
            self.add_whole_inbox();
        }
    }

    /// Takes a page of the inbox that was asked for with `cursor`. At the end of a whole listing, the chats that the
    /// client holds and that were on no page moved meanwhile, or the user is not in them any more: a sync shows which.
    pub(super) fn apply_inbox_page(
        &mut self,
        cursor: Option<&str>,
        page: Vec<ChatId>,
        next: Option<String>,
        chats: &BTreeMap<ChatId, ChatState>,
    ) {
        let Some(listing) = self.listing.as_mut().filter(|listing| listing.cursor.as_deref() == cursor) else { return };
        listing.listed_chats.extend(page);
        if listing.is_whole && next.is_some() {
            listing.cursor = next;
            return;
        }
        if listing.is_whole {
            self.now += 1;
            let not_listed = chats.keys().filter(|id| !listing.listed_chats.contains(*id));
            self.chats.extend(not_listed.map(|id| (id.clone(), self.now)));
        }
        let is_outdated = listing.is_outdated;
        self.listing = None;
        if is_outdated {
            self.add_whole_inbox();
        }
    }
}
