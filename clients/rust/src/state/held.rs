//! One chat, as a client holds it.

use crate::documents::{Chat, ChatSync, Cursor, InboxEntry, Member, Message, Page, Rev, Seq, Time, UserId};
use crate::events::{Event, Receipt};
use std::collections::{BTreeMap, BTreeSet};

/// How many events of one chat may wait for those that come before them.
const MAX_HELD_EVENTS: usize = 100;

/// How far somebody can see back, and how far they have read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Position {
    joined: Seq,
    read: Seq,
}

/// A chat: its document, a stretch of its messages up to the last one, and who has read what.
#[derive(Debug, Clone)]
pub struct Held {
    chat: Chat,
    /// All messages above it are held, up to `seq`.
    from: Seq,
    seq: Seq,
    rev: Rev,
    floor: Seq,
    messages: BTreeMap<Seq, Message>,
    /// The last message as the inbox showed it, for as long as it is not held.
    preview: Option<Message>,
    positions: BTreeMap<UserId, Position>,
    mute: Mute,
    /// What came before what it follows.
    ahead: Vec<Event>,
}

/// Whether a chat is muted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mute {
    No,
    Yes { until: Option<Time> },
}

/// What became of an event.
#[allow(clippy::large_enum_variant)] // it is used up at once
pub(super) enum Taken {
    /// It follows what is held, and is held now, or is news that nothing has to precede.
    New(Event),
    /// It tells nothing new.
    Old,
    /// It waits for what comes before it.
    Ahead,
    /// Too many wait: what is missing must be asked for.
    TooMany,
}

impl Held {
    /// A chat of which everything is to come that its reader may see.
    pub(super) fn from_floor(chat: Chat) -> Self {
        let floor = chat.floor;
        Self {
            from: floor,
            seq: floor,
            rev: chat.rev,
            floor,
            chat,
            messages: BTreeMap::new(),
            preview: None,
            positions: BTreeMap::new(),
            mute: Mute::No,
            ahead: Vec::new(),
        }
    }

    /// A chat of which what is there already is read when somebody wants to see it.
    pub(super) fn from_end(chat: Chat) -> Self {
        let end = chat.seq.max(chat.floor);
        Self { from: end, seq: end, ..Self::from_floor(chat) }
    }

    /// The document. Its `seq`, `rev` and `floor` are those of when it was written: ask this struct for them.
    pub fn chat(&self) -> &Chat {
        &self.chat
    }

    /// The place of the last message.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The number of the last change.
    pub fn rev(&self) -> Rev {
        self.rev
    }

    /// The last place that is hidden from this user.
    pub fn floor(&self) -> Seq {
        self.floor
    }

    /// There are older messages than those that are held.
    pub fn has_older(&self) -> bool {
        self.from > self.floor
    }

    /// Below which place older messages are to be asked for.
    pub fn oldest(&self) -> Seq {
        self.from + 1
    }

    /// The messages that are held, in order. There is none at the place of one that this user deleted for themselves.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.values()
    }

    /// The message at a place, if it is held.
    pub fn message(&self, seq: Seq) -> Option<&Message> {
        self.messages.get(&seq)
    }

    /// The last message, or its beginning as the inbox showed it.
    pub fn last_message(&self) -> Option<&Message> {
        let last = self.messages.values().next_back();
        last.or(self.preview.as_ref()).filter(|message| message.seq > self.floor)
    }

    /// When something last happened, for an order of chats.
    pub fn active_at(&self) -> &Time {
        self.last_message().map_or(&self.chat.created_at, |message| (&message.created_at).max(&self.chat.created_at))
    }

    /// Who has read a message: whose read position is at or above it, and its sender.
    pub fn seen_by<'a>(&'a self, message: &'a Message) -> BTreeSet<&'a str> {
        let has_seen = |(_, at): &(&UserId, &Position)| at.joined < message.seq && message.seq <= at.read;
        let mut seen: BTreeSet<_> = self.positions.iter().filter(has_seen).map(|(user, _)| user.as_str()).collect();
        seen.insert(&message.sender_id);
        seen
    }

    /// How far a user has read, as far as that is known.
    pub fn read_by(&self, user: &str) -> Seq {
        self.positions.get(user).map_or(0, |position| position.read)
    }

    /// How many messages this user has not read.
    pub fn unread(&self, me: &str) -> u64 {
        self.seq.saturating_sub(self.read_by(me).max(self.floor))
    }

    /// Whether this user muted it, at this time in RFC 3339.
    pub fn is_muted(&self, now: &str) -> bool {
        match &self.mute {
            Mute::No => false,
            Mute::Yes { until } => until.as_deref().is_none_or(|until| now < until),
        }
    }

    /// Until when it is muted, if that ends by itself.
    pub fn muted_until(&self) -> Option<&Time> {
        match &self.mute {
            Mute::Yes { until } => until.as_ref(),
            Mute::No => None,
        }
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor { seq: self.seq, rev: self.rev }
    }

    /// Whether events wait for others.
    pub(super) fn has_gap(&self) -> bool {
        !self.ahead.is_empty()
    }

    pub(super) fn set_mute(&mut self, muted: bool, until: Option<Time>) {
        self.mute = if muted { Mute::Yes { until } } else { Mute::No };
    }

    /// Somebody has read up to a place. False if that was known.
    pub(super) fn has_read(&mut self, user: &str, seq: Seq) -> bool {
        let position = self.positions.entry(user.to_owned()).or_default();
        let is_news = seq > position.read;
        position.read = position.read.max(seq);
        is_news
    }

    fn put_document(&mut self, chat: Chat) -> bool {
        let is_news = chat.rev > self.chat.rev;
        // At the same rev another seq or floor is of another moment.
        if chat.rev >= self.chat.rev {
            if !chat.participants_limited {
                self.positions.retain(|user, _| chat.participants.binary_search(user).is_ok());
            }
            self.chat = chat;
        }
        is_news
    }

    fn raise_floor(&mut self, floor: Seq) {
        self.floor = self.floor.max(floor);
        self.from = self.from.max(self.floor);
        self.seq = self.seq.max(self.floor);
        self.messages = self.messages.split_off(&(self.from + 1));
    }

    /// Takes a message in its newest state. False if that change was held, or it is outside of what is held.
    fn put(&mut self, me: &str, message: &Message) -> bool {
        let seq = message.seq;
        if let Some(preview) = self.preview.take_if(|preview| preview.seq == seq && preview.rev <= message.rev)
            && seq <= self.from
        {
            // Not held, but shown in the inbox.
            let is_hidden = message.deleted_for.iter().any(|user| user == me);
            self.preview = Some(message.clone()).filter(|_| !is_hidden);
            return preview.rev < message.rev;
        }
        if seq <= self.from || self.messages.get(&seq).is_some_and(|held| held.rev > message.rev) {
            return false;
        }
        if message.deleted_for.iter().any(|user| user == me) {
            return self.messages.remove(&seq).is_some();
        }
        // Who has seen it meanwhile is no change of it.
        let before = self.messages.insert(seq, message.clone());
        before.is_none_or(|before| before.rev < message.rev)
    }

    /// Takes an event about this chat that neither makes nor ends it.
    pub(super) fn take(&mut self, me: &str, event: Event) -> Taken {
        match &event {
            Event::MessageCreated { seq, data, .. } => {
                if *seq > self.seq + 1 {
                    return self.wait(event);
                }
                let is_next = *seq == self.seq + 1;
                // What was seen before and is not held was deleted.
                let is_news = (is_next || self.messages.contains_key(seq)) && {
                    self.seq = self.seq.max(*seq);
                    self.put(me, data)
                };
                // Who sent what was seen before may have left since.
                if is_next || self.positions.contains_key(&data.sender_id) {
                    self.has_read(&data.sender_id, *seq);
                }
                match (is_next, is_news) {
                    (true, _) => Taken::New(event),
                    (false, true) => Taken::New(Event::message_updated(data.clone())),
                    (false, false) => Taken::Old,
                }
            }
            Event::MessageUpdated { seq, rev, data, .. } => {
                if *rev <= self.rev {
                    return Taken::Old;
                }
                if *rev > self.rev + 1 || *seq > self.seq {
                    return self.wait(event);
                }
                self.rev = *rev;
                self.put(me, data);
                Taken::New(event)
            }
            Event::ChatUpdated { rev, data, .. } => {
                if *rev <= self.rev {
                    return Taken::Old;
                }
                if *rev > self.rev + 1 {
                    return self.wait(event);
                }
                self.rev = *rev;
                self.put_document(data.clone());
                self.raise_floor(data.floor);
                Taken::New(event)
            }
            Event::ReceiptUpdated { data, .. } => {
                if self.has_read(&data.user_id, data.read_seq) {
                    Taken::New(event)
                } else {
                    Taken::Old
                }
            }
            _ => Taken::New(event),
        }
    }

    fn wait(&mut self, event: Event) -> Taken {
        if self.ahead.len() >= MAX_HELD_EVENTS {
            return Taken::TooMany;
        }
        if !self.ahead.contains(&event) {
            self.ahead.push(event);
        }
        Taken::Ahead
    }

    /// Takes of the events that waited those that follow now.
    pub(super) fn settle(&mut self, me: &str) -> Vec<Event> {
        let mut taken = Vec::new();
        loop {
            let before = self.ahead.len();
            for event in std::mem::take(&mut self.ahead) {
                // What still waits is put back by this, and there is room for it.
                if let Taken::New(event) = self.take(me, event) {
                    taken.push(event);
                }
            }
            if self.ahead.len() == before || self.ahead.is_empty() {
                return taken;
            }
        }
    }

    /// Takes what a sync says of it that was asked from this place; what of that is news.
    pub(super) fn synced(&mut self, me: &str, asked: Seq, part: ChatSync) -> Vec<Event> {
        let mut news = Vec::new();
        let (chat_id, floor) = (self.chat.chat_id.clone(), self.floor);
        self.raise_floor(part.floor);
        let is_changed = part.chat.is_some_and(|chat| self.put_document(chat));
        for message in &part.changed {
            if self.put(me, message) {
                let (seq, rev, data) = (message.seq, message.rev, message.clone());
                news.push(Event::MessageUpdated { chat_id: chat_id.clone(), seq, rev, data });
            }
        }
        // An event may have brought meanwhile what this user had deleted when the answer was made: then it is not in it.
        let told: BTreeSet<_> = part.messages.iter().map(|message| message.seq).collect();
        let is_gone = |seq: &Seq| asked < *seq && *seq <= part.cursor.seq && !told.contains(seq);
        for (_, mut message) in self.messages.extract_if(.., |seq, _| is_gone(seq)) {
            message.deleted_for = vec![me.to_owned()];
            news.push(Event::message_updated(message));
        }
        for message in part.messages {
            let is_new = message.seq > self.seq;
            if self.put(me, &message) {
                news.push(if is_new { Event::message_created(message) } else { Event::message_updated(message) });
            }
        }
        self.seq = self.seq.max(part.cursor.seq);
        self.rev = self.rev.max(part.cursor.rev);
        self.set_mute(part.muted, part.muted_until);
        let receipt = |user_id: &str, read_seq, read_at| {
            let data = Receipt { user_id: user_id.to_owned(), read_seq, read_at };
            Event::ReceiptUpdated { chat_id: chat_id.clone(), data }
        };
        for member in part.members.iter().flatten() {
            if self.read_by(&member.user_id) < member.read_seq {
                news.push(receipt(&member.user_id, member.read_seq, member.read_at.clone()));
            }
        }
        if let Some(members) = &part.members {
            self.put_members(members);
        }
        if self.has_read(me, part.read_seq) {
            news.push(receipt(me, part.read_seq, None));
        }
        if is_changed || self.floor > floor {
            news.push(Event::ChatUpdated { chat_id: chat_id.clone(), rev: self.rev, data: self.chat.clone() });
        }
        news.extend(self.settle(me));
        news
    }

    /// Everybody's positions, in the place of those that are held. What an event told meanwhile is not forgotten.
    pub(super) fn put_members(&mut self, members: &[Member]) {
        let position = |member: &Member| {
            let read = member.read_seq.max(self.read_by(&member.user_id));
            (member.user_id.clone(), Position { joined: member.joined_seq, read })
        };
        self.positions = members.iter().map(position).collect();
    }

    /// Takes what the inbox says of a chat that is held. True if something happened there that is not held.
    pub(super) fn listed(&mut self, me: &str, entry: InboxEntry) -> bool {
        self.set_mute(entry.muted, entry.muted_until);
        self.has_read(me, entry.read_seq);
        if let Some(message) = entry.last_message
            && message.seq <= self.from
            && self.preview.as_ref().is_none_or(|preview| preview.rev <= message.rev)
        {
            self.preview = Some(message);
        }
        entry.chat.seq > self.seq || entry.chat.rev > self.rev || entry.chat.floor > self.floor
    }

    /// Takes a page of older messages, if it ends where what is held begins. False if it does not.
    pub(super) fn put_older(&mut self, me: &str, page: &Page) -> bool {
        self.raise_floor(page.floor);
        // What lies between the page's end and what is held may be about to be stored, and then in no page yet.
        let Some(range) = page.range.filter(|range| range.to >= self.from) else { return self.from <= self.floor };
        let from = if page.has_more_before { range.from.saturating_sub(1) } else { self.floor };
        self.from = self.from.min(from.max(self.floor));
        for message in &page.messages {
            self.put(me, message);
        }
        // What has changed since the page was read is asked for again.
        self.rev = self.rev.min(page.rev);
        true
    }
}
