//! One chat as a client holds it.

mod unread;

use super::readers::Readers;
use crate::documents::{
    Chat, ChatSync, Cursor, InboxEntry, Member, Message, Notify, OwnMember, Page, Rev, Seq, Settings, Time,
};
use crate::events::{Event, Receipt, UserReactions};
use std::collections::{BTreeMap, BTreeSet};
use unread::OlderUnread;
pub(super) use unread::UnreadAnswer;

/// How many events of a chat may wait for the events before them.
const MAX_WAITING_EVENTS: usize = 100;

/// One chat as a client holds it: its document, the latest messages without a gap, and the read positions.
#[derive(Debug, Clone)]
pub struct ChatState {
    chat: Chat,
    /// All messages above it are held, up to `seq`.
    held_above: Seq,
    seq: Seq,
    rev: Rev,
    floor: Seq,
    /// The seq of the document that the chat began with. Its rev has changes of the messages up to it, which an event
    /// that was made before them lacks. So these messages come by pages and by sync alone.
    begun_seq: Seq,
    messages: BTreeMap<Seq, Message>,
    /// The last message as the inbox showed it, while the message itself is not held.
    preview: Option<Message>,
    readers: Readers,
    /// This user's view, and their read position at the same moment.
    own: OwnMember,
    is_blocked: bool,
    unread: OlderUnread,
    /// Events that came before the events that they follow.
    waiting_events: Vec<Event>,
}

/// What became of an event.
#[allow(clippy::large_enum_variant)] // it is used up at once
pub(super) enum EventOutcome {
    /// It follows what is held, and is applied; or it is a hint that has no order.
    Applied(Event),
    /// It brings nothing new.
    Duplicate,
    /// It waits for the events before it.
    Queued,
    /// Too many events wait: what is missing must be asked for.
    QueueFull,
}

impl ChatState {
    /// A chat that begins at its floor: all of its messages are to come.
    pub(super) fn from_floor(chat: Chat) -> Self {
        let floor = chat.floor;
        Self {
            held_above: floor,
            seq: floor,
            rev: chat.rev,
            floor,
            begun_seq: chat.seq,
            chat,
            messages: BTreeMap::new(),
            preview: None,
            readers: Readers::default(),
            own: OwnMember { read_seq: 0, unread_count: 0, settings: Settings::default() },
            is_blocked: false,
            unread: OlderUnread::default(),
            waiting_events: Vec::new(),
        }
    }

    /// A chat that begins at its end: earlier messages are loaded by pages, when the user wants to see them.
    pub(super) fn from_end(chat: Chat) -> Self {
        let end = chat.seq.max(chat.floor);
        Self { held_above: end, seq: end, ..Self::from_floor(chat) }
    }

    /// The chat's document. Its `seq`, `rev` and `floor` may be out of date: use [`seq`](Self::seq), [`rev`](Self::rev)
    /// and [`floor`](Self::floor).
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// The seq of the last message; 0 if there is none.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The rev of the last change that is applied.
    pub fn rev(&self) -> Rev {
        self.rev
    }

    /// The messages up to this seq are hidden from this user.
    pub fn floor(&self) -> Seq {
        self.floor
    }

    /// Whether this user can see older messages than those that are held.
    pub fn has_older(&self) -> bool {
        self.held_above > self.floor
    }

    /// Older messages are those below this seq. It is the seq of the oldest message that is held; if none is, the seq
    /// of the next message.
    pub fn oldest_seq(&self) -> Seq {
        self.held_above + 1
    }

    /// The messages that are held, by seq. Messages that this user deleted for themselves are missing.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.values()
    }

    /// The message with this seq; None if it is not held.
    pub fn message(&self, seq: Seq) -> Option<&Message> {
        self.messages.get(&seq)
    }

    /// The last message, or its beginning from the inbox, which has no reactions. None if this user sees no message, or
    /// it is not known yet.
    pub fn last_message(&self) -> Option<&Message> {
        let last = self.messages.values().next_back();
        last.or(self.preview.as_ref()).filter(|message| message.seq > self.floor)
    }

    /// When the last message was sent, or the chat was created if that is later. Order chats by it.
    pub fn active_at(&self) -> &Time {
        self.last_message().map_or(&self.chat.created_at, |message| (&message.created_at).max(&self.chat.created_at))
    }

    /// Who has read a message: its sender, and the users who were in the chat and read up to it or beyond. Users who
    /// left or were removed stay. Users who joined after the message do not count.
    pub fn seen_by<'a>(&'a self, message: &'a Message) -> BTreeSet<&'a str> {
        self.readers.seen_by(message)
    }

    /// The read position of a participant; 0 if it is not known.
    pub fn read_seq_of(&self, user: &str) -> Seq {
        self.readers.read_seq_of(user)
    }

    /// Whether the chat is muted at the time `now`: RFC 3339 in UTC with milliseconds, as in the documents.
    pub fn is_muted(&self, now: &str) -> bool {
        let Settings { notify, mute_until, .. } = &self.own.settings;
        *notify == Notify::None && mute_until.as_deref().is_none_or(|until| now < until)
    }

    /// Whether the chat is archived at the time `now`: no message came since, or it is muted.
    pub fn is_archived(&self, now: &str) -> bool {
        self.own.settings.archived_seq.is_some_and(|archived| self.seq <= archived || self.is_muted(now))
    }

    /// Whether this user marked the chat as unread, and has not read or sent since.
    pub fn is_marked_unread(&self, me: &str) -> bool {
        self.own.settings.marked_unread && self.read_seq_of(me) <= self.own.read_seq
    }

    /// This user's view of the chat as it came last. A mute in it may have ended, an archived chat may have come back,
    /// and the mark may be taken back: see [`is_muted`](Self::is_muted), [`is_archived`](Self::is_archived) and
    /// [`is_marked_unread`](Self::is_marked_unread).
    pub fn settings(&self) -> &Settings {
        &self.own.settings
    }

    /// Whether this user blocks the other participant of this private chat. If the other one blocks, nothing says so.
    pub fn is_blocked(&self) -> bool {
        self.is_blocked
    }

    /// Whether this is the private chat with `user`.
    pub(super) fn is_private_with(&self, user: &str) -> bool {
        !self.chat.is_group && self.chat.participants.iter().any(|participant| participant == user)
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor { seq: self.seq, rev: self.rev }
    }

    /// Whether events wait for the events before them.
    pub(super) fn has_gap(&self) -> bool {
        !self.waiting_events.is_empty()
    }

    /// Takes this user's view from an answer. It counts even if its number is lower than the one that is held: the user
    /// may have left and joined again. False if it shows nothing else.
    fn put_own(&mut self, own: OwnMember) -> bool {
        let before = std::mem::replace(&mut self.own, own);
        Settings { member_rev: self.own.settings.member_rev, ..before.settings } != self.own.settings
    }

    pub(super) fn set_blocked(&mut self, blocked: bool) {
        self.is_blocked = blocked;
    }

    /// Raises the read position of a user. False if it is not lower.
    pub(super) fn raise_read_seq(&mut self, user: &str, seq: Seq) -> bool {
        self.readers.raise(user, seq)
    }

    fn put_document(&mut self, chat: Chat) -> bool {
        let is_news = chat.rev > self.chat.rev;
        // At the same rev, seq or floor may be newer.
        if chat.rev >= self.chat.rev {
            if !chat.participants_limited {
                self.readers.retain(&chat.participants);
            }
            self.chat = chat;
        }
        is_news
    }

    fn raise_floor(&mut self, floor: Seq) {
        self.floor = self.floor.max(floor);
        self.held_above = self.held_above.max(self.floor);
        self.seq = self.seq.max(self.floor);
        self.messages = self.messages.split_off(&(self.held_above + 1));
    }

    /// Stores a message unless a newer state of it is held. False if nothing changes, or the message is below what is
    /// held.
    fn put(&mut self, me: &str, message: &Message) -> bool {
        let seq = message.seq;
        if let Some(preview) = self.preview.take_if(|preview| preview.seq == seq && preview.rev <= message.rev)
            && seq <= self.held_above
        {
            // The message is not held, but the inbox shows it.
            let is_hidden = message.deleted_for.iter().any(|user| user == me);
            self.preview = (!is_hidden).then(|| Message { reactions: Vec::new(), ..message.clone() });
            return preview.rev < message.rev;
        }
        if seq <= self.held_above || self.messages.get(&seq).is_some_and(|held| held.rev > message.rev) {
            return false;
        }
        if message.deleted_for.iter().any(|user| user == me) {
            return self.messages.remove(&seq).is_some();
        }
        // A longer seenBy at the same rev is no change. Who has read a message stays in it.
        let mut message = message.clone();
        let before = self.messages.remove(&seq);
        for user in before.iter().flat_map(|before| &before.seen_by) {
            if let Err(index) = message.seen_by.binary_search(user) {
                message.seen_by.insert(index, user.clone());
            }
        }
        let is_news = before.is_none_or(|before| before.rev < message.rev);
        self.messages.insert(seq, message);
        is_news
    }

    /// Applies an event about this chat, except `chat.created` and `chat.left`.
    pub(super) fn apply_event(&mut self, me: &str, event: Event) -> EventOutcome {
        match &event {
            Event::MessageCreated { seq, data, .. } => {
                if self.seq < *seq && *seq <= self.begun_seq {
                    return EventOutcome::Duplicate;
                }
                if *seq > self.seq + 1 {
                    return self.hold_back(event);
                }
                let is_next = *seq == self.seq + 1;
                // A known seq without a message: this user deleted the message.
                let is_news = (is_next || self.messages.contains_key(seq)) && {
                    self.seq = self.seq.max(*seq);
                    self.put(me, data)
                };
                // The sender of an earlier message may have left meanwhile.
                if is_next || self.readers.knows(&data.sender_id) {
                    self.raise_read_seq(&data.sender_id, *seq);
                }
                match (is_next, is_news) {
                    (true, _) => EventOutcome::Applied(event),
                    (false, true) => EventOutcome::Applied(Event::message_updated(data.clone())),
                    (false, false) => EventOutcome::Duplicate,
                }
            }
            Event::MessageUpdated { seq, rev, data, .. } => {
                if *rev <= self.rev {
                    self.note_deletion(me, data, *rev);
                    return EventOutcome::Duplicate;
                }
                if *rev > self.rev + 1 || *seq > self.seq {
                    return self.hold_back(event);
                }
                self.note_deletion(me, data, *rev);
                self.rev = *rev;
                self.put(me, data);
                EventOutcome::Applied(event)
            }
            Event::ReactionUpdated { seq, rev, data, .. } => {
                if *rev <= self.rev {
                    return EventOutcome::Duplicate;
                }
                // If the lists of users are cut, only a sync knows the new ones.
                if *rev > self.rev + 1 || *seq > self.seq || !self.react(*seq, *rev, data) {
                    return self.hold_back(event);
                }
                self.rev = *rev;
                EventOutcome::Applied(event)
            }
            Event::ChatUpdated { rev, left, data, .. } => {
                if *rev <= self.rev {
                    return EventOutcome::Duplicate;
                }
                if *rev > self.rev + 1 {
                    return self.hold_back(event);
                }
                self.rev = *rev;
                if let Some(member) = left {
                    self.readers.put_past(member);
                }
                self.put_document(data.clone());
                let floor = self.floor;
                self.raise_floor(data.floor);
                if self.floor > floor {
                    self.note_read(me);
                }
                EventOutcome::Applied(event)
            }
            Event::ReceiptUpdated { data, .. } => {
                // It may come after the event that its user left.
                let is_participant = self.chat.participants.binary_search(&data.user_id).is_ok();
                if !is_participant && !self.chat.participants_limited {
                    return EventOutcome::Duplicate;
                }
                if self.raise_read_seq(&data.user_id, data.read_seq) {
                    if data.user_id == me {
                        self.note_read(me);
                    }
                    EventOutcome::Applied(event)
                } else {
                    EventOutcome::Duplicate
                }
            }
            Event::MemberUpdated { data, .. } => {
                if data.settings.member_rev <= self.own.settings.member_rev {
                    return EventOutcome::Duplicate;
                }
                self.raise_read_seq(me, data.read_seq);
                self.own = data.clone();
                EventOutcome::Applied(event)
            }
            _ => EventOutcome::Applied(event),
        }
    }

    /// Replaces the reactions of one user to a message, wherever it is held. False if that is not possible, because a
    /// list of users is cut.
    fn react(&mut self, seq: Seq, rev: Rev, UserReactions { user_id, emojis }: &UserReactions) -> bool {
        if let Some(preview) = self.preview.as_mut().filter(|preview| preview.seq == seq) {
            // A preview has no reactions.
            preview.rev = preview.rev.max(rev);
        }
        // A newer state of the message may be held already.
        let Some(message) = self.messages.get_mut(&seq).filter(|message| message.rev < rev) else { return true };
        if message.reactions.iter().any(|reaction| reaction.user_ids_limited) {
            return false;
        }
        message.set_reactions(user_id, emojis);
        message.rev = rev;
        true
    }

    fn hold_back(&mut self, event: Event) -> EventOutcome {
        if self.waiting_events.len() >= MAX_WAITING_EVENTS {
            return EventOutcome::QueueFull;
        }
        if !self.waiting_events.contains(&event) {
            self.waiting_events.push(event);
        }
        EventOutcome::Queued
    }

    /// Applies the events that waited and now follow what is held. Returns those that are news.
    pub(super) fn apply_waiting_events(&mut self, me: &str) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let count = self.waiting_events.len();
            for event in std::mem::take(&mut self.waiting_events) {
                // An event that still waits is put back, and there is room for it.
                if let EventOutcome::Applied(event) = self.apply_event(me, event) {
                    events.push(event);
                }
            }
            if self.waiting_events.len() == count || self.waiting_events.is_empty() {
                return events;
            }
        }
    }

    /// Whether this user deleted a message for themselves: it would be held otherwise. An answer that was made before the
    /// deletion still has it.
    fn is_deleted_here(&self, seq: Seq) -> bool {
        self.held_above < seq && seq <= self.seq && !self.messages.contains_key(&seq)
    }

    /// Applies the chat's part of the answer to a sync whose cursor had `cursor_seq`. Returns the events that result.
    pub(super) fn apply_sync(&mut self, me: &str, cursor_seq: Seq, part: ChatSync) -> Vec<Event> {
        let mut events = Vec::new();
        let (chat_id, floor) = (self.chat.chat_id.clone(), self.floor);
        self.raise_floor(part.floor);
        let is_changed = part.chat.is_some_and(|chat| self.put_document(chat));
        for message in &part.changed {
            if !self.is_deleted_here(message.seq) && self.put(me, message) {
                let (seq, rev, data) = (message.seq, message.rev, message.clone());
                events.push(Event::MessageUpdated { chat_id: chat_id.clone(), seq, rev, data });
            }
        }
        // An event may have brought a message that this user had deleted when the answer was made: the answer lacks it.
        let in_answer: BTreeSet<_> = part.messages.iter().map(|message| message.seq).collect();
        let is_deleted = |seq: &Seq| cursor_seq < *seq && *seq <= part.cursor.seq && !in_answer.contains(seq);
        for (_, mut message) in self.messages.extract_if(.., |seq, _| is_deleted(seq)) {
            message.deleted_for = vec![me.to_owned()];
            events.push(Event::message_updated(message));
        }
        for message in part.messages {
            let is_new = message.seq > self.seq;
            if !self.is_deleted_here(message.seq) && self.put(me, &message) {
                events.push(if is_new { Event::message_created(message) } else { Event::message_updated(message) });
            }
        }
        self.seq = self.seq.max(part.cursor.seq);
        self.rev = self.rev.max(part.cursor.rev);
        if let Some(settings) = part.settings {
            let own = OwnMember { read_seq: part.read_seq, unread_count: part.unread_count, settings };
            if self.put_own(own.clone()) {
                events.push(Event::MemberUpdated { chat_id: chat_id.clone(), data: own });
            }
        }
        self.set_blocked(part.blocked);
        let receipt = |user_id: &str, read_seq, read_at| {
            let data = Receipt { user_id: user_id.to_owned(), read_seq, read_at };
            Event::ReceiptUpdated { chat_id: chat_id.clone(), data }
        };
        for member in part.members.iter().flatten().filter(|member| member.left_seq.is_none()) {
            if self.read_seq_of(&member.user_id) < member.read_seq {
                events.push(receipt(&member.user_id, member.read_seq, member.read_at.clone()));
            }
        }
        if let Some(members) = &part.members {
            self.put_members(members);
        }
        if self.raise_read_seq(me, part.read_seq) {
            events.push(receipt(me, part.read_seq, None));
        }
        if !part.limited {
            let (at, read_seq, count) = (part.cursor, part.read_seq, part.unread_count);
            self.put_unread(me, UnreadAnswer { at, read_seq, count });
        }
        if is_changed || self.floor > floor {
            let (rev, data) = (self.rev, self.chat.clone());
            events.push(Event::ChatUpdated { chat_id: chat_id.clone(), rev, left: None, data });
        }
        events.extend(self.apply_waiting_events(me));
        events
    }

    /// Takes the members of an answer.
    pub(super) fn put_members(&mut self, members: &[Member]) {
        self.readers.put_members(members);
    }

    /// Applies an entry of the inbox. True if the chat has messages or changes that are not held.
    pub(super) fn apply_inbox_entry(&mut self, me: &str, entry: InboxEntry) -> bool {
        self.put_own(OwnMember {
            read_seq: entry.read_seq,
            unread_count: entry.unread_count,
            settings: entry.settings,
        });
        self.set_blocked(entry.blocked);
        self.raise_read_seq(me, entry.read_seq);
        let at = Cursor { seq: entry.chat.seq, rev: entry.chat.rev };
        self.put_unread(me, UnreadAnswer { at, read_seq: entry.read_seq, count: entry.unread_count });
        if let Some(message) = entry.last_message
            && message.seq <= self.held_above
            && self.preview.as_ref().is_none_or(|preview| preview.rev <= message.rev)
        {
            self.preview = Some(message);
        }
        entry.chat.seq > self.seq || entry.chat.rev > self.rev || entry.chat.floor > self.floor
    }

    /// Stores a page of older messages if it ends where the held messages begin. False if it does not.
    pub(super) fn put_older(&mut self, me: &str, page: &Page) -> bool {
        let floor = self.floor;
        self.raise_floor(page.floor);
        if self.floor > floor {
            self.note_read(me);
        }
        // A page may lack messages that were being stored. So there may be none between its end and what is held.
        let Some(range) = page.range.filter(|range| range.to >= self.held_above) else {
            return self.held_above <= self.floor;
        };
        let from = if page.has_more_before { range.from.saturating_sub(1) } else { self.floor };
        let held_before = self.held_above;
        self.held_above = self.held_above.min(from.max(self.floor));
        for message in &page.messages {
            self.put(me, message);
        }
        self.note_page(me, page, held_before);
        // A sync asks again for the changes since the page was read.
        self.rev = self.rev.min(page.rev);
        true
    }
}
