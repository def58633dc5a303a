//! What a client holds, as a pure reducer: events, answers and lost connections go in, news in order come out, and what
//! to ask next. No clock, no socket; the rules are those of docs/API.md, "A client that misses nothing".

mod behind;
mod held;
mod people;

pub use behind::{Asked, Question};
pub use held::Held;
pub use people::Person;

use crate::documents::{
    Chat, ChatDetails, ChatId, ChatUser, Inbox, Message, Mute, Page, ReadPosition, SyncAnswer, SyncRequest, UserId,
};
use crate::events::{Event, Left};
use behind::Behind;
use held::Taken;
use people::People;
use std::collections::BTreeMap;

/// How many chats' read positions a sync tells.
pub const MAX_OPEN_CHATS: usize = 5;

/// Everything that one device of a user holds.
#[derive(Debug, Clone)]
pub struct State {
    me: UserId,
    chats: BTreeMap<ChatId, Held>,
    people: People,
    open: Vec<ChatId>,
    behind: Behind,
}

impl State {
    /// A device that holds nothing yet: it begins with the inbox.
    pub fn new(me: impl Into<UserId>) -> Self {
        Self {
            me: me.into(),
            chats: BTreeMap::new(),
            people: People::default(),
            open: Vec::new(),
            behind: Behind::at_the_beginning(),
        }
    }

    /// Whose device this is.
    pub fn me(&self) -> &str {
        &self.me
    }

    /// The chats, by id.
    pub fn chats(&self) -> &BTreeMap<ChatId, Held> {
        &self.chats
    }

    /// One of them.
    pub fn chat(&self, chat: &str) -> Option<&Held> {
        self.chats.get(chat)
    }

    /// The chats, newest activity first.
    pub fn inbox(&self) -> Vec<&Held> {
        let mut chats: Vec<_> = self.chats.values().collect();
        chats.sort_by(|one, other| other.active_at().cmp(one.active_at()));
        chats
    }

    /// What is known of a user.
    pub fn person(&self, user: &str) -> Option<&Person> {
        self.people.get(user)
    }

    /// How many messages of a chat this user has not read.
    pub fn unread(&self, chat: &str) -> u64 {
        self.chats.get(chat).map_or(0, |held| held.unread(&self.me))
    }

    /// The chats that are on the screen, at most [`MAX_OPEN_CHATS`]: syncs bring their read positions too.
    pub fn open(&mut self, chats: &[ChatId]) {
        self.open = chats.iter().take(MAX_OPEN_CHATS).cloned().collect();
    }

    /// Those.
    pub fn opened(&self) -> &[ChatId] {
        &self.open
    }

    /// Something may have been missed: the connection was lost, or has been silent for long.
    pub fn missed(&mut self) {
        self.behind.everything(&self.chats);
    }

    /// Something may have been missed in this chat: what came of a request about it is not known.
    pub fn missed_in(&mut self, chat: &str) {
        if let Some((id, _)) = self.chats.get_key_value(chat) {
            self.behind.chat(id);
        }
    }

    /// What events wait for did not come by itself.
    pub fn missed_what_is_waited_for(&mut self) {
        for (id, _) in self.chats.iter().filter(|(_, held)| held.has_gap()) {
            self.behind.chat(id);
        }
    }

    /// The connection was lost. What was told of who is online is no longer to be relied on.
    pub fn disconnected(&mut self) {
        self.people.forget_presence();
        self.behind.everything_and_people(&self.chats);
    }

    /// Whether there is something to ask.
    pub fn is_behind(&self) -> bool {
        self.behind.is_behind()
    }

    /// Whether an event waits for one before it, which may still come by itself. If it does not, it was [`missed`].
    ///
    /// [`missed`]: Self::missed
    pub fn has_gap(&self) -> bool {
        self.chats.values().any(Held::has_gap)
    }

    /// What to ask next, if anything. Asked again as long as no answer was taken.
    pub fn question(&self) -> Option<Question> {
        self.behind.question(&self.chats, &self.open)
    }

    /// Takes an event; what is news of it, and of those that waited for it.
    pub fn event(&mut self, event: Event) -> Vec<Event> {
        match &event {
            Event::UserUpdated { data } => {
                let is_asking = self.is_behind();
                for (id, held) in &mut self.chats {
                    let is_muted = data.muted_chats.contains(id);
                    held.set_mute(is_muted, None);
                    // Until when is not in it; and an answer that is under way may be of before it.
                    if is_muted || is_asking {
                        self.behind.chat(id);
                    }
                }
                self.people.put(data, true);
                return vec![event];
            }
            Event::PresenceUpdated { data } => {
                return if self.people.presence(data) { vec![event] } else { Vec::new() };
            }
            Event::ChatCreated { chat_id, data } => {
                let is_news = self.chats.get(chat_id).is_none_or(|held| held.rev() < data.rev);
                if !is_news {
                    return Vec::new();
                }
                self.chats.insert(chat_id.clone(), Held::from_floor(data.clone()));
                // Positions and mutes are not in it.
                self.behind.chat(chat_id);
                return vec![event];
            }
            _ => {}
        }
        let Some(id) = event.chat_id().cloned() else { return Vec::new() };
        let Some(held) = self.chats.get_mut(&id) else {
            // Who is told that they left, and did not know of the chat, has nothing to ask.
            if !matches!(event, Event::ChatLeft { .. }) {
                self.behind.something_new(&self.chats);
            }
            return Vec::new();
        };
        if let Event::ChatLeft { rev, .. } = &event {
            let is_news = *rev > held.rev();
            return if is_news && self.forget(&id) { vec![event] } else { Vec::new() };
        }
        match held.take(&self.me, event) {
            Taken::New(event) => {
                let mut news = vec![event];
                news.extend(held.settle(&self.me));
                news
            }
            Taken::TooMany => {
                self.behind.everything(&self.chats);
                Vec::new()
            }
            Taken::Old | Taken::Ahead => Vec::new(),
        }
    }

    /// A sync that is asked now, be it what [`question`](Self::question) says or not.
    pub fn asking(&self, request: SyncRequest) -> Asked {
        self.behind.asking(request)
    }

    /// Takes the answer to this; what is news of it.
    pub fn synced(&mut self, asked: &Asked, answer: SyncAnswer) -> Vec<Event> {
        let mut news = Vec::new();
        self.behind.synced(asked, &answer, &self.chats);
        for id in answer.gone {
            news.extend(self.gone(&id));
        }
        for part in answer.chats {
            if part.reset {
                // What is there now is listed anew.
                self.forget(&part.chat_id);
                self.behind.begin_anew();
                continue;
            }
            // It may have been left by an event meanwhile.
            let Some(held) = self.chats.get_mut(&part.chat_id) else { continue };
            let Some(asked) = asked.request.cursors.get(&part.chat_id) else { continue };
            if held.rev() < asked.rev {
                // An older page was taken meanwhile, which was read before that: the answer does not follow what is held.
                self.behind.chat(&part.chat_id);
                continue;
            }
            news.extend(held.synced(&self.me, asked.seq, part));
        }
        for entry in answer.joined {
            let id = entry.chat.chat_id.clone();
            if self.chats.contains_key(&id) {
                continue;
            }
            news.push(Event::ChatCreated { chat_id: id.clone(), data: entry.chat.clone() });
            let mut held = Held::from_floor(entry.chat.clone());
            if let Some(user) = &entry.user {
                self.people.put(user, false);
            }
            if held.listed(&self.me, entry) {
                self.behind.chat(&id);
            }
            self.chats.insert(id, held);
        }
        news
    }

    /// Takes a page of the inbox that was asked for with this cursor; what is news of it.
    pub fn listed(&mut self, cursor: Option<&str>, page: Inbox) -> Vec<Event> {
        let mut news = Vec::new();
        for entry in &page.chats {
            if let Some(user) = &entry.user {
                self.people.put(user, false);
            }
        }
        let ids: Vec<_> = page.chats.iter().map(|entry| entry.chat.chat_id.clone()).collect();
        for entry in page.chats {
            let id = entry.chat.chat_id.clone();
            if let Some(held) = self.chats.get_mut(&id) {
                if held.listed(&self.me, entry) {
                    self.behind.chat(&id);
                }
            } else {
                news.push(Event::ChatCreated { chat_id: id.clone(), data: entry.chat.clone() });
                let mut held = Held::from_end(entry.chat.clone());
                held.listed(&self.me, entry);
                self.chats.insert(id, held);
            }
        }
        self.behind.listed(cursor, ids, page.cursor, &self.chats);
        news
    }

    /// Takes what `GET /chats/{chatId}` answered: its members, and who they are.
    pub fn detailed(&mut self, details: &ChatDetails) {
        for user in details.members.iter().filter_map(|member| member.user.as_ref()) {
            self.people.put(user, false);
        }
        if let Some(held) = self.chats.get_mut(&details.chat.chat_id) {
            held.put_members(&details.members);
        }
    }

    /// Takes a page of messages below the oldest that is held. False if it does not end there, or the chat is not held.
    pub fn older(&mut self, chat: &str, page: &Page) -> bool {
        let Some(held) = self.chats.get_mut(chat) else { return false };
        let rev = held.rev();
        let taken = held.put_older(&self.me, page);
        if held.rev() < rev {
            self.behind.chat(&chat.to_owned());
        }
        taken
    }

    /// Takes the reply to an own message, which stands for its event.
    pub fn sent(&mut self, message: Message) -> Vec<Event> {
        self.event(Event::message_created(message))
    }

    /// Takes the reply to an own change of a message, which stands for its event.
    pub fn changed(&mut self, message: Message) -> Vec<Event> {
        self.event(Event::message_updated(message))
    }

    /// Takes a chat of a reply: one to begin with, if it is not held. It may have been there for long.
    pub fn made(&mut self, chat: Chat) -> Vec<Event> {
        let id = chat.chat_id.clone();
        if self.chats.contains_key(&id) {
            return Vec::new();
        }
        self.chats.insert(id.clone(), Held::from_end(chat.clone()));
        self.behind.chat(&id);
        vec![Event::ChatCreated { chat_id: id, data: chat }]
    }

    /// Takes the reply to having read. False if that was known.
    pub fn seen(&mut self, position: &ReadPosition) -> bool {
        let me = self.me.clone();
        self.chats.get_mut(&position.chat_id).is_some_and(|held| held.has_read(&me, position.read_seq))
    }

    /// Takes the reply to muting.
    pub fn muted(&mut self, mute: &Mute) {
        let is_asking = self.is_behind();
        if let Some(held) = self.chats.get_mut(&mute.chat_id) {
            held.set_mute(mute.muted, mute.muted_until.clone());
            // An answer that is under way may be of before it.
            if is_asking {
                self.behind.chat(&mute.chat_id);
            }
        }
    }

    /// Takes what was answered of a user.
    pub fn met(&mut self, user: &ChatUser) {
        self.people.put(user, false);
    }

    /// This user is not in a chat any more, as an answer told; the news of that.
    pub fn gone(&mut self, chat: &ChatId) -> Option<Event> {
        let rev = self.chats.get(chat)?.rev();
        self.forget(chat).then(|| Event::ChatLeft { chat_id: chat.clone(), rev, data: Left::default() })
    }

    fn forget(&mut self, chat: &ChatId) -> bool {
        self.behind.forget(chat);
        self.open.retain(|open| open != chat);
        self.chats.remove(chat).is_some()
    }
}
