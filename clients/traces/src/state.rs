//! The state of a client, which records what is done with it.

use crate::facts;
use crate::recording::{Outcome, Recording, is_recording, test_name};
use client::documents::{
    BlockState, Chat, ChatDetails, ChatId, ChatUser, Inbox, MembersPage, Message, OwnMember, Page, ReadPosition,
    SyncAnswer, SyncRequest, UserId, UsersAnswer,
};
use client::events::Event;
use client::{CatchUpRequest, PendingSync, State};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::ops::Deref;

/// The time at which a trace looks at mutes and at archived chats.
pub const NOW: &str = "2026-11-24T08:30:00.000Z";

/// A [`State`] that records a trace. It has the same methods.
#[derive(Debug, Clone)]
pub struct Traced {
    state: State,
    /// None: nothing is recorded.
    trace: Option<RefCell<Trace>>,
}

#[derive(Debug, Clone)]
struct Trace {
    recording: Recording,
    /// The syncs that were begun, by number.
    syncs: Vec<PendingSync>,
}

impl Deref for Traced {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        if let Some(trace) = &self.trace {
            trace.borrow().recording.finish();
        }
    }
}

impl Traced {
    /// A device that holds nothing yet. The trace is in the file of the test that runs.
    pub fn new(me: &str) -> Self {
        Self::in_file(me, format!("state-{}", test_name()))
    }

    /// The same in the file of this name, which only a recording writes. It is not compared with what is done now.
    pub fn if_recording(me: &str, file: Option<String>) -> Self {
        match file.filter(|_| is_recording()) {
            Some(file) => Self::in_file(me, file),
            None => Self { state: State::new(me), trace: None },
        }
    }

    fn in_file(me: &str, file: String) -> Self {
        let recording = Recording::new(file, "state", json!({"me": me, "now": NOW}));
        Self { state: State::new(me), trace: Some(RefCell::new(Trace { recording, syncs: Vec::new() })) }
    }

    fn note(&self, method: &str, arguments: Vec<Value>, outcome: &Outcome<'_>) {
        if let Some(trace) = &self.trace {
            trace.borrow_mut().recording.note(method, arguments, outcome, facts::of_state(&self.state, NOW));
        }
    }

    /// Notes a step that returned events.
    fn news(&self, method: &str, arguments: Vec<Value>, news: Vec<Event>) -> Vec<Event> {
        self.note(method, arguments, &Outcome { news: &news, ..Outcome::default() });
        news
    }

    /// Notes a step that returned whether something happened.
    fn result(&self, method: &str, arguments: Vec<Value>, result: bool) -> bool {
        self.note(method, arguments, &Outcome { result: Some(json!(result)), ..Outcome::default() });
        result
    }

    /// Notes a sync that begins now, and its number.
    fn begun(&self, method: &str, arguments: Vec<Value>, pending: &PendingSync) {
        let Some(trace) = &self.trace else { return };
        trace.borrow_mut().syncs.push(pending.clone());
        let number = trace.borrow().syncs.len();
        self.note(method, arguments, &Outcome { more: &[("as", json!(number))], ..Outcome::default() });
    }

    /// As [`State::set_visible`].
    pub fn set_visible(&mut self, chats: &[ChatId]) {
        let before = self.state.visible().to_vec();
        self.state.set_visible(chats);
        if self.state.visible() != before {
            self.note("setVisible", vec![json!(chats)], &Outcome::default());
        }
    }

    /// As [`State::mark_behind`].
    pub fn mark_behind(&mut self) {
        self.state.mark_behind();
        self.note("markBehind", vec![], &Outcome::default());
    }

    /// As [`State::mark_chat_behind`].
    pub fn mark_chat_behind(&mut self, chat: &str) {
        self.state.mark_chat_behind(chat);
        self.note("markChatBehind", vec![json!(chat)], &Outcome::default());
    }

    /// As [`State::mark_gaps_behind`].
    pub fn mark_gaps_behind(&mut self) {
        self.state.mark_gaps_behind();
        self.note("markGapsBehind", vec![], &Outcome::default());
    }

    /// As [`State::mark_disconnected`].
    pub fn mark_disconnected(&mut self) {
        self.state.mark_disconnected();
        self.note("markDisconnected", vec![], &Outcome::default());
    }

    /// As [`State::next_request`].
    pub fn next_request(&self) -> Option<CatchUpRequest> {
        let request = self.state.next_request();
        if let Some(CatchUpRequest::Sync(pending)) = &request {
            self.begun("nextRequest", vec![], pending);
        }
        request
    }

    /// As [`State::start_sync`].
    pub fn start_sync(&self, request: SyncRequest) -> PendingSync {
        let arguments = vec![json!(request)];
        let pending = self.state.start_sync(request);
        self.begun("startSync", arguments, &pending);
        pending
    }

    /// As [`State::apply_event`].
    pub fn apply_event(&mut self, event: Event) -> Vec<Event> {
        let arguments = vec![json!(event)];
        let news = self.state.apply_event(event);
        self.news("applyEvent", arguments, news)
    }

    /// As [`State::apply_sync`].
    pub fn apply_sync(&mut self, sync: &PendingSync, answer: SyncAnswer) -> Vec<Event> {
        let arguments = vec![json!(answer)];
        let news = self.state.apply_sync(sync, answer);
        if let Some(trace) = &self.trace {
            let index = trace.borrow().syncs.iter().rposition(|begun| begun == sync).unwrap();
            let more = [("sync", json!(index + 1))];
            self.note("applySync", arguments, &Outcome { news: &news, more: &more, ..Outcome::default() });
        }
        news
    }

    /// As [`State::apply_inbox_page`].
    pub fn apply_inbox_page(&mut self, cursor: Option<&str>, page: Inbox) -> Vec<Event> {
        let arguments = vec![json!(cursor), json!(page)];
        let news = self.state.apply_inbox_page(cursor, page);
        self.news("applyInboxPage", arguments, news)
    }

    /// As [`State::apply_details`].
    pub fn apply_details(&mut self, details: &ChatDetails) {
        self.state.apply_details(details);
        self.note("applyDetails", vec![json!(details)], &Outcome::default());
    }

    /// As [`State::apply_older_page`].
    pub fn apply_older_page(&mut self, chat: &str, page: &Page) -> bool {
        let is_applied = self.state.apply_older_page(chat, page);
        self.result("applyOlderPage", vec![json!(chat), json!(page)], is_applied)
    }

    /// As [`State::apply_sent_message`].
    pub fn apply_sent_message(&mut self, message: Message) -> Vec<Event> {
        let arguments = vec![json!(message)];
        let news = self.state.apply_sent_message(message);
        self.news("applySentMessage", arguments, news)
    }

    /// As [`State::apply_changed_message`].
    pub fn apply_changed_message(&mut self, message: Message) -> Vec<Event> {
        let arguments = vec![json!(message)];
        let news = self.state.apply_changed_message(message);
        self.news("applyChangedMessage", arguments, news)
    }

    /// As [`State::apply_created_chat`].
    pub fn apply_created_chat(&mut self, chat: Chat) -> Vec<Event> {
        let arguments = vec![json!(chat)];
        let news = self.state.apply_created_chat(chat);
        self.news("applyCreatedChat", arguments, news)
    }

    /// As [`State::apply_read_position`].
    pub fn apply_read_position(&mut self, position: &ReadPosition) -> bool {
        let is_higher = self.state.apply_read_position(position);
        self.result("applyReadPosition", vec![json!(position)], is_higher)
    }

    /// As [`State::apply_own_member`].
    pub fn apply_own_member(&mut self, chat: &str, member: &OwnMember) {
        self.state.apply_own_member(chat, member);
        self.note("applyOwnMember", vec![json!(chat), json!(member)], &Outcome::default());
    }

    /// As [`State::apply_users`].
    pub fn apply_users(&mut self, chat: &str, asked: &[UserId], answer: &UsersAnswer) {
        self.state.apply_users(chat, asked, answer);
        self.note("applyUsers", vec![json!(chat), json!(asked), json!(answer)], &Outcome::default());
    }

    /// As [`State::apply_members`].
    pub fn apply_members(&mut self, page: &MembersPage) {
        self.state.apply_members(page);
        self.note("applyMembers", vec![json!(page)], &Outcome::default());
    }

    /// As [`State::apply_block`].
    pub fn apply_block(&mut self, block: &BlockState) {
        self.state.apply_block(block);
        self.note("applyBlock", vec![json!(block)], &Outcome::default());
    }

    /// As [`State::apply_user`].
    pub fn apply_user(&mut self, user: &ChatUser) {
        self.state.apply_user(user);
        self.note("applyUser", vec![json!(user)], &Outcome::default());
    }

    /// As [`State::remove_chat`].
    pub fn remove_chat(&mut self, chat: &ChatId) -> Option<Event> {
        let news: Vec<_> = self.state.remove_chat(chat).into_iter().collect();
        self.news("removeChat", vec![json!(chat)], news).pop()
    }
}
