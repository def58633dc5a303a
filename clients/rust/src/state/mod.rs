//! What a client holds, as a pure reducer. Events, answers and lost connections go in. Events in order come out, and
//! the next request for what was missed. No clock, no socket. The rules are in docs/API.md, "A client that misses
//! nothing".

mod catch_up_plan;
mod chat;
mod people;
mod readers;

pub use catch_up_plan::{CatchUpRequest, PendingSync};
pub use chat::ChatState;
pub use people::Person;

use crate::documents::{
    BlockState, Chat, ChatDetails, ChatId, ChatUser, Cursor, Inbox, MembersPage, Message, OwnMember, Page,
    ReadPosition, SyncAnswer, SyncRequest, UserId, UsersAnswer,
};
use crate::events::{Event, Left};
use catch_up_plan::CatchUpPlan;
use chat::{EventOutcome, UnreadAnswer};
use people::People;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// One request returns at most so many users of a chat.
pub const MAX_NAMED_USERS: usize = 50;
/// One request names users of at most so many bytes: API Gateway takes 10,240 bytes for the URL and the token together.
const MAX_NAMED_BYTES: usize = 4096;

/// A sync returns the read positions of at most so many chats.
pub const MAX_VISIBLE_CHATS: usize = 5;

/// Everything that one device of a user holds. The `apply_` methods return the events that result, in order.
#[derive(Debug, Clone)]
pub struct State {
    me: UserId,
    chats: BTreeMap<ChatId, ChatState>,
    people: People,
    visible: Vec<ChatId>,
    plan: CatchUpPlan,
}

impl State {
    /// A device that holds nothing yet. Its first request is the inbox.
    pub fn new(me: impl Into<UserId>) -> Self {
        Self {
            me: me.into(),
            chats: BTreeMap::new(),
            people: People::default(),
            visible: Vec::new(),
            plan: CatchUpPlan::initial(),
        }
    }

    /// The id of the user whose device this is.
    pub fn me(&self) -> &str {
        &self.me
    }

    /// The chats that are held, by id.
    pub fn chats(&self) -> &BTreeMap<ChatId, ChatState> {
        &self.chats
    }

    /// A chat by its id; None if it is not held.
    pub fn chat(&self, chat: &str) -> Option<&ChatState> {
        self.chats.get(chat)
    }

    /// The chats that are held and not archived at the time `now`: pinned ones first, then newest activity first. `now`
    /// is RFC 3339 in UTC with milliseconds, as in the documents.
    pub fn inbox(&self, now: &str) -> Vec<&ChatState> {
        self.sorted(|chat| !chat.is_archived(now))
    }

    /// The chats that are held and archived at the time `now`, in the same order.
    pub fn archived(&self, now: &str) -> Vec<&ChatState> {
        self.sorted(|chat| chat.is_archived(now))
    }

    fn sorted(&self, is_listed: impl Fn(&ChatState) -> bool) -> Vec<&ChatState> {
        let mut chats: Vec<_> = self.chats.values().filter(|chat| is_listed(chat)).collect();
        chats.sort_by_key(|chat| Reverse((chat.settings().pinned, chat.active_at())));
        chats
    }

    /// A user by their id; None if no document and no event of them came yet.
    pub fn person(&self, user: &str) -> Option<&Person> {
        self.people.get(user)
    }

    /// How many messages of a chat this user has not read; 0 if the chat is not held.
    pub fn unread(&self, chat: &str) -> u64 {
        self.chats.get(chat).map_or(0, |chat| chat.unread(&self.me))
    }

    /// Says which chats are on the screen. Only the first [`MAX_VISIBLE_CHATS`] count: a sync returns their read
    /// positions.
    pub fn set_visible(&mut self, chats: &[ChatId]) {
        self.visible = chats.iter().take(MAX_VISIBLE_CHATS).cloned().collect();
    }

    /// The chats that are on the screen, without those that this user is not in any more.
    pub fn visible(&self) -> &[ChatId] {
        &self.visible
    }

    /// Anything may have been missed in any chat, for example after a long silence.
    pub fn mark_behind(&mut self) {
        self.plan.add_everything(&self.chats);
    }

    /// Something may have been missed in this chat, for example because a request about it got no answer.
    pub fn mark_chat_behind(&mut self, chat: &str) {
        if let Some((id, _)) = self.chats.get_key_value(chat) {
            self.plan.add_chat(id);
        }
    }

    /// The events before a gap did not come by themselves: they have to be asked for.
    pub fn mark_gaps_behind(&mut self) {
        for (id, _) in self.chats.iter().filter(|(_, chat)| chat.has_gap()) {
            self.plan.add_chat(id);
        }
    }

    /// The connection was lost. Anything may have been missed, and who is online is not known any more.
    pub fn mark_disconnected(&mut self) {
        self.people.expire_events();
        self.plan.add_everything_and_presence(&self.chats);
    }

    /// Whether there is something to ask for: then [`next_request`](Self::next_request) has a request.
    pub fn is_behind(&self) -> bool {
        self.plan.is_behind()
    }

    /// Whether an event waits for one before it, which may still come by itself. If it does not come, call
    /// [`mark_gaps_behind`](Self::mark_gaps_behind).
    pub fn has_gap(&self) -> bool {
        self.chats.values().any(ChatState::has_gap)
    }

    /// The next request for what was missed; None if nothing was. It stays the same until its answer is applied.
    pub fn next_request(&self) -> Option<CatchUpRequest> {
        self.plan.next_request(&self.chats, &self.visible)
    }

    /// Applies an event. Returns it if it is news, and the events that waited for it.
    pub fn apply_event(&mut self, event: Event) -> Vec<Event> {
        match &event {
            Event::UserUpdated { data } => {
                self.people.put(data, true);
                return vec![event];
            }
            Event::BlockUpdated { data } => {
                self.apply_block(data);
                return vec![event];
            }
            Event::PresenceUpdated { data } => {
                return if self.people.apply_presence(data) { vec![event] } else { Vec::new() };
            }
            Event::NicknameUpdated { data } => {
                return if self.people.apply_nickname(data) { vec![event] } else { Vec::new() };
            }
            Event::ChatCreated { chat_id, data } => {
                let is_news = self.chats.get(chat_id).is_none_or(|chat| chat.rev() < data.rev);
                if !is_news {
                    return Vec::new();
                }
                self.chats.insert(chat_id.clone(), ChatState::from_floor(data.clone()));
                // The event has neither the read positions nor this user's view nor a block.
                self.plan.add_chat(chat_id);
                return vec![event];
            }
            Event::MemberUpdated { chat_id, .. } if self.chats.contains_key(chat_id) && self.is_behind() => {
                // The answer to a request in flight may be older than the event.
                self.plan.add_chat(chat_id);
            }
            _ => {}
        }
        let Some(id) = event.chat_id().cloned() else { return Vec::new() };
        let Some(chat) = self.chats.get_mut(&id) else {
            // If the user left a chat that is not held, there is nothing to ask for.
            if !matches!(event, Event::ChatLeft { .. }) {
                self.plan.add_unknown_chat(&self.chats);
            }
            return Vec::new();
        };
        if let Event::ChatLeft { rev, .. } = &event {
            let is_news = *rev > chat.rev();
            return if is_news && self.forget(&id) { vec![event] } else { Vec::new() };
        }
        let outcome = chat.apply_event(&self.me, event);
        let mut events = Vec::new();
        if let EventOutcome::Applied(event) = outcome {
            events.push(event);
            events.extend(chat.apply_waiting_events(&self.me));
        } else if let EventOutcome::QueueFull = outcome {
            self.plan.add_everything(&self.chats);
        }
        self.ask_for_unknown_count(&id);
        events
    }

    /// Asks for the number of unread messages of a chat, if what was applied leaves it unknown.
    fn ask_for_unknown_count(&mut self, id: &ChatId) {
        if self.chats.get_mut(id).is_some_and(ChatState::take_unknown_count) {
            self.plan.add_chat(id);
        }
    }

    /// Starts a sync, whether or not [`next_request`](Self::next_request) is this one.
    pub fn start_sync(&self, request: SyncRequest) -> PendingSync {
        self.plan.start_sync(request)
    }

    /// Applies the answer to a sync.
    pub fn apply_sync(&mut self, sync: &PendingSync, answer: SyncAnswer) -> Vec<Event> {
        let mut events = Vec::new();
        self.plan.apply_sync(sync, &answer, &self.chats);
        for id in answer.gone {
            events.extend(self.remove_chat(&id));
        }
        for part in answer.chats {
            if part.reset {
                // The chat is listed again, and begins at its end.
                self.forget(&part.chat_id);
                self.plan.add_initial_inbox();
                continue;
            }
            // An event may have removed the chat meanwhile.
            let Some(chat) = self.chats.get_mut(&part.chat_id) else { continue };
            let Some(cursor) = sync.request.cursors.get(&part.chat_id) else { continue };
            if chat.rev() < cursor.rev || chat.seq() < cursor.seq {
                // An older page came meanwhile and set the rev back, or the user left and joined again: the answer does
                // not follow what is held.
                self.plan.add_chat(&part.chat_id);
                continue;
            }
            if part.settings.is_none() {
                // The answer had no room for it. The inbox has it.
                self.plan.add_whole_inbox();
            }
            let id = part.chat_id.clone();
            events.extend(chat.apply_sync(&self.me, cursor.seq, part));
            self.ask_for_unknown_count(&id);
        }
        for entry in answer.joined {
            let id = entry.chat.chat_id.clone();
            if self.chats.contains_key(&id) {
                continue;
            }
            events.push(Event::ChatCreated { chat_id: id.clone(), data: entry.chat.clone() });
            let mut chat = ChatState::from_floor(entry.chat.clone());
            if let Some(user) = &entry.user {
                self.people.put(user, false);
            }
            if chat.apply_inbox_entry(&self.me, entry) {
                self.plan.add_chat(&id);
            }
            self.chats.insert(id, chat);
        }
        events
    }

    /// Applies a page of the inbox that was asked for with this cursor.
    pub fn apply_inbox_page(&mut self, cursor: Option<&str>, page: Inbox) -> Vec<Event> {
        let mut events = Vec::new();
        for entry in &page.chats {
            if let Some(user) = &entry.user {
                self.people.put(user, false);
            }
        }
        let ids: Vec<_> = page.chats.iter().map(|entry| entry.chat.chat_id.clone()).collect();
        for entry in page.chats {
            let id = entry.chat.chat_id.clone();
            if let Some(chat) = self.chats.get_mut(&id) {
                if chat.apply_inbox_entry(&self.me, entry) {
                    self.plan.add_chat(&id);
                }
                self.ask_for_unknown_count(&id);
            } else {
                events.push(Event::ChatCreated { chat_id: id.clone(), data: entry.chat.clone() });
                let mut chat = ChatState::from_end(entry.chat.clone());
                chat.apply_inbox_entry(&self.me, entry);
                self.chats.insert(id, chat);
            }
        }
        self.plan.apply_inbox_page(cursor, ids, page.cursor, &self.chats);
        events
    }

    /// Applies the answer of `GET /chats/{chatId}`: the read positions, and what it says of the users.
    pub fn apply_details(&mut self, details: &ChatDetails) {
        for user in details.members.iter().filter_map(|member| member.user.as_ref()) {
            self.people.put(user, false);
        }
        if let Some(chat) = self.chats.get_mut(&details.chat.chat_id) {
            chat.put_members(&details.members);
            // Of a large group, not all members are in the answer.
            if let Some(own) =
                details.members.iter().find(|member| member.user_id == self.me && member.left_seq.is_none())
            {
                let read_seq = own.read_seq.max(details.chat.floor);
                let at = Cursor { seq: details.chat.seq, rev: details.chat.rev };
                chat.put_unread(&self.me, UnreadAnswer { at, read_seq, count: details.unread_count });
            }
            self.ask_for_unknown_count(&details.chat.chat_id);
        }
    }

    /// Applies a page of messages before the oldest one that is held. False if the page does not end there, or the chat
    /// is not held.
    pub fn apply_older_page(&mut self, chat: &str, page: &Page) -> bool {
        let Some(held) = self.chats.get_mut(chat) else { return false };
        let rev = held.rev();
        let is_applied = held.put_older(&self.me, page);
        if held.rev() < rev || held.take_unknown_count() {
            self.plan.add_chat(&chat.to_owned());
        }
        is_applied
    }

    /// Applies the reply to a message of this user like its event.
    pub fn apply_sent_message(&mut self, message: Message) -> Vec<Event> {
        self.apply_event(Event::message_created(message))
    }

    /// Applies the reply to a change of a message by this user like its event.
    pub fn apply_changed_message(&mut self, message: Message) -> Vec<Event> {
        self.apply_event(Event::message_updated(message))
    }

    /// Applies the reply to the creation of a chat. If the chat is not held, it begins at its end: it may have existed
    /// for long.
    pub fn apply_created_chat(&mut self, chat: Chat) -> Vec<Event> {
        let id = chat.chat_id.clone();
        if self.chats.contains_key(&id) {
            return Vec::new();
        }
        self.chats.insert(id.clone(), ChatState::from_end(chat.clone()));
        self.plan.add_chat(&id);
        vec![Event::ChatCreated { chat_id: id, data: chat }]
    }

    /// Applies a read position of this user. False if it is not higher than the one that is held.
    pub fn apply_read_position(&mut self, position: &ReadPosition) -> bool {
        let ReadPosition { chat_id, read_seq, unread_count, settings, .. } = position;
        if let Some(settings) = settings {
            let (read_seq, unread_count, settings) = (*read_seq, *unread_count, settings.clone());
            self.apply_own_member(chat_id, &OwnMember { read_seq, unread_count, settings });
        }
        let Some(chat) = self.chats.get_mut(chat_id) else { return false };
        let is_higher = chat.raise_read_seq(&self.me, *read_seq);
        if is_higher {
            chat.note_read(&self.me);
            self.ask_for_unknown_count(chat_id);
        }
        is_higher
    }

    /// Applies the reply to a change of this user's view of a chat.
    pub fn apply_own_member(&mut self, chat: &str, member: &OwnMember) {
        self.apply_event(Event::MemberUpdated { chat_id: chat.to_owned(), data: member.clone() });
    }

    /// Who appears in the messages of a chat that are held and is not known, newest message first: senders, mentioned
    /// users, and who deleted or reacted. At most [`MAX_NAMED_USERS`], so that one request can ask for them.
    pub fn unknown_people(&self, chat: &str) -> Vec<UserId> {
        let Some(held) = self.chats.get(chat) else { return Vec::new() };
        let Chat { chat_id, rev, .. } = held.chat();
        let mut people: BTreeSet<&UserId> = BTreeSet::new();
        let mut bytes = 0;
        for user in held.messages().rev().flat_map(Message::people) {
            let fits = people.len() < MAX_NAMED_USERS && bytes + user.len() <= MAX_NAMED_BYTES;
            if fits && self.people.is_unknown(chat_id, user, *rev) && people.insert(user) {
                bytes += user.len() + 1;
            }
        }
        people.into_iter().cloned().collect()
    }

    /// Applies the answer of `GET /users` to the question for `asked` in a chat.
    pub fn apply_users(&mut self, chat: &str, asked: &[UserId], answer: &UsersAnswer) {
        for user in &answer.users {
            self.people.put(user, false);
        }
        let Some(held) = self.chats.get(chat) else { return };
        let Chat { chat_id, rev, .. } = held.chat();
        for user in asked.iter().filter(|asked| answer.users.iter().all(|user| user.user_id != **asked)) {
            self.people.put_left_out(chat_id, user, *rev);
        }
    }

    /// Applies a page of the members of a chat: what it says of the users.
    pub fn apply_members(&mut self, page: &MembersPage) {
        for user in page.members.iter().filter_map(|member| member.user.as_ref()) {
            self.people.put(user, false);
        }
    }

    /// Applies the reply to blocking or unblocking a user.
    pub fn apply_block(&mut self, block: &BlockState) {
        // An event may overtake another one, and the answer to a request in flight may be older. So the chat is synced.
        for (id, chat) in self.chats.iter_mut().filter(|(_, chat)| chat.is_private_with(&block.user_id)) {
            chat.set_blocked(block.blocked);
            self.plan.add_chat(id);
        }
    }

    /// Applies a user's document.
    pub fn apply_user(&mut self, user: &ChatUser) {
        self.people.put(user, false);
    }

    /// Removes a chat that this user is not in any more, as an answer said. Returns the event; None if it is not held.
    pub fn remove_chat(&mut self, chat: &ChatId) -> Option<Event> {
        let rev = self.chats.get(chat)?.rev();
        self.forget(chat).then(|| Event::ChatLeft { chat_id: chat.clone(), rev, data: Left::default() })
    }

    fn forget(&mut self, chat: &ChatId) -> bool {
        self.plan.remove_chat(chat);
        self.visible.retain(|visible| visible != chat);
        self.chats.remove(chat).is_some()
    }
}
