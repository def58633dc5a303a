//! What a client has to ask to be up to date.

use super::{Held, MAX_OPEN_CHATS};
use crate::call::{Call, list_chats, sync};
use crate::documents::{ChatId, Inbox, SyncAnswer, SyncRequest};
use std::collections::{BTreeMap, BTreeSet};

/// How many chats one sync can be about.
const MAX_SYNC_CHATS: usize = 100;
/// How many chats a page of the inbox is asked for.
const INBOX_PAGE_SIZE: u32 = 50;

/// What to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// A page of the inbox, from this cursor. Its answer goes to [`State::listed`](super::State::listed).
    Inbox(Option<String>),
    /// A sync. Its answer goes to [`State::synced`](super::State::synced).
    Sync(Asked),
}

/// A sync, and what was known when it was asked: its answer may be of before what is missed after that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is sent.
    pub request: SyncRequest,
    as_of: u64,
}

impl Question {
    /// The call that asks for a page of the inbox.
    pub fn inbox(cursor: Option<&str>) -> Call<Inbox> {
        list_chats(INBOX_PAGE_SIZE, cursor)
    }

    /// The call that syncs.
    pub fn sync(asked: &Asked) -> Call<SyncAnswer> {
        sync(&asked.request)
    }
}

/// A listing of the inbox that is wanted, or under way.
#[derive(Debug, Clone, Default)]
struct Listing {
    /// All of its pages, to find chats that are not held; else the first one, to see who is online.
    is_whole: bool,
    /// It finds chats to begin with at their end, so no sync that would tell of them as new goes before it.
    begins: bool,
    /// Something happened that its pages so far may lack.
    once_more: bool,
    cursor: Option<String>,
    seen: BTreeSet<ChatId>,
}

/// What is not known to be up to date.
#[derive(Debug, Clone, Default)]
pub(super) struct Behind {
    listing: Option<Listing>,
    /// Chats in which something was missed, and as of when.
    chats: BTreeMap<ChatId, u64>,
    /// Since when chats that are not held were missed, or an answer said to ask again.
    again: Option<u64>,
    /// Counts what was missed.
    clock: u64,
}

impl Behind {
    pub(super) fn at_the_beginning() -> Self {
        let mut behind = Self::default();
        behind.begin_anew();
        behind
    }

    pub(super) fn is_behind(&self) -> bool {
        self.listing.is_some() || self.has_to_sync()
    }

    fn has_to_sync(&self) -> bool {
        self.again.is_some() || !self.chats.is_empty()
    }

    /// This moment, after everything that was missed by now.
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// This is asked now.
    pub(super) fn asking(&self, request: SyncRequest) -> Asked {
        Asked { request, as_of: self.clock }
    }

    /// Anything may have happened. With more chats than one sync takes, the inbox tells in which of them something did.
    pub(super) fn everything(&mut self, held: &BTreeMap<ChatId, Held>) {
        if held.len() > MAX_SYNC_CHATS {
            self.everybody();
        } else {
            let now = self.tick();
            self.chats.extend(held.keys().map(|id| (id.clone(), now)));
            self.again = Some(now);
        }
    }

    /// The same, and anybody may have come or gone.
    pub(super) fn everything_and_people(&mut self, held: &BTreeMap<ChatId, Held>) {
        self.everything(held);
        self.listing.get_or_insert_default();
    }

    /// All chats are to be listed; after the listing that is under way, if one is.
    pub(super) fn everybody(&mut self) {
        let listing = self.listing.get_or_insert_default();
        listing.once_more |= listing.is_whole && listing.cursor.is_some();
        listing.is_whole = true;
    }

    /// The same, and those that are found are begun with at their end.
    pub(super) fn begin_anew(&mut self) {
        self.listing = Some(Listing { is_whole: true, begins: true, ..Listing::default() });
    }

    pub(super) fn chat(&mut self, chat: &ChatId) {
        let now = self.tick();
        self.chats.insert(chat.clone(), now);
    }

    /// Something came about a chat that is not held.
    pub(super) fn something_new(&mut self, held: &BTreeMap<ChatId, Held>) {
        if held.len() > MAX_SYNC_CHATS {
            self.everybody();
        } else {
            self.again = Some(self.tick());
        }
    }

    pub(super) fn forget(&mut self, chat: &ChatId) {
        self.chats.remove(chat);
    }

    pub(super) fn question(&self, held: &BTreeMap<ChatId, Held>, open: &[ChatId]) -> Option<Question> {
        if let Some(listing) = self.listing.as_ref().filter(|listing| listing.begins || !self.has_to_sync()) {
            return Some(Question::Inbox(listing.cursor.clone()));
        }
        if !self.has_to_sync() {
            return None;
        }
        // Those that are behind first. The others too, as long as they fit: who does not name a chat is told of it as of
        // one that is new.
        let first = self.chats.keys().filter_map(|id| held.get_key_value(id));
        let others = held.iter().filter(|(id, _)| !self.chats.contains_key(*id));
        let named = first.chain(others).take(MAX_SYNC_CHATS);
        let cursors: BTreeMap<_, _> = named.map(|(id, held)| (id.clone(), held.cursor())).collect();
        let open = open.iter().filter(|id| cursors.contains_key(*id)).take(MAX_OPEN_CHATS).cloned().collect();
        Some(Question::Sync(self.asking(SyncRequest { cursors, open })))
    }

    /// An answer to this came; what was missed since is still missed. Where all chats that are held were named, those that it has no room for are new.
    pub(super) fn synced(&mut self, asked: &Asked, answer: &SyncAnswer, held: &BTreeMap<ChatId, Held>) {
        self.again.take_if(|since| *since <= asked.as_of);
        if answer.limited {
            self.again = Some(self.tick());
        }
        for part in answer.chats.iter().filter(|part| !part.limited) {
            if self.chats.get(&part.chat_id).is_some_and(|since| *since <= asked.as_of) {
                self.chats.remove(&part.chat_id);
            }
        }
        for gone in &answer.gone {
            self.chats.remove(gone);
        }
        if answer.joined_limited && held.len() <= MAX_SYNC_CHATS {
            self.everybody();
        }
    }

    /// A page was taken that was asked for with `cursor`. At the end of a whole listing, what is held and was not on it
    /// moved while it was read, or is gone.
    pub(super) fn listed(
        &mut self,
        cursor: Option<&str>,
        page: Vec<ChatId>,
        next: Option<String>,
        held: &BTreeMap<ChatId, Held>,
    ) {
        let Some(listing) = self.listing.as_mut().filter(|listing| listing.cursor.as_deref() == cursor) else { return };
        listing.seen.extend(page);
        if listing.is_whole && next.is_some() {
            listing.cursor = next;
            return;
        }
        if listing.is_whole {
            self.clock += 1;
            let unseen = held.keys().filter(|id| !listing.seen.contains(*id));
            self.chats.extend(unseen.map(|id| (id.clone(), self.clock)));
        }
        let once_more = listing.once_more;
        self.listing = None;
        if once_more {
            self.everybody();
        }
    }
}
