//! Documents, events and answers of a chat, and a state that holds it.

use client::documents::{Cursor, Inbox, Page, SyncAnswer, SyncRequest};
use client::events::Event;
use client::{CatchUpRequest, PendingSync};
use serde_json::{Value, json};
use traces::Traced as State;

pub(crate) const AT: &str = "2026-11-24T08:00:00.000Z";

pub(crate) fn chat(id: &str, seq: u64, rev: u64) -> Value {
    json!({"chatId": id, "isGroup": true, "name": format!("Group {id} {rev}"),
        "participants": ["alice", "bob", "carol"], "participantCount": 3, "admins": ["bob"], "createdBy": "bob",
        "createdAt": AT, "seq": seq, "rev": rev, "floor": 0})
}

pub(crate) fn message(chat: &str, seq: u64, rev: u64) -> Value {
    json!({"messageId": format!("{chat}:{seq}"), "chatId": chat, "seq": seq, "senderId": "bob", "type": "text",
        "content": format!("{seq} at {rev}"), "seenBy": ["bob"], "deletedFor": [], "createdAt": AT, "rev": rev})
}

pub(crate) fn entry(id: &str, seq: u64, rev: u64) -> Value {
    let mut entry = json!({"chat": chat(id, seq, rev), "readSeq": 0, "unreadCount": seq,
        "settings": {"memberRev": 1, "notify": "all"}});
    if seq > 0 {
        entry["lastMessage"] = message(id, seq, 0);
    }
    entry
}

pub(crate) fn inbox(entries: &[Value], cursor: Option<&str>) -> Inbox {
    serde_json::from_value(json!({"chats": entries, "cursor": cursor})).unwrap()
}

pub(crate) fn event(event: Value) -> Event {
    serde_json::from_value(event).unwrap()
}

pub(crate) fn created(chat: &str, seq: u64) -> Event {
    event(json!({"event": "message.created", "chatId": chat, "seq": seq, "data": message(chat, seq, 0)}))
}

pub(crate) fn updated(chat: &str, seq: u64, rev: u64) -> Event {
    event(json!({"event": "message.updated", "chatId": chat, "seq": seq, "rev": rev, "data": message(chat, seq, rev)}))
}

pub(crate) fn answer(chats: &[Value], more: &Value) -> SyncAnswer {
    let mut answer = json!({"chats": chats, "joined": [], "gone": [], "limited": false});
    for (name, value) in more.as_object().unwrap() {
        answer[name] = value.clone();
    }
    serde_json::from_value(answer).unwrap()
}

/// Applies the answer to a sync that is sent just before.
pub(crate) fn sync(state: &mut State, answer: SyncAnswer) -> Vec<Event> {
    let cursors = state.chats().iter().map(|(id, held)| (id.clone(), Cursor { seq: held.seq(), rev: held.rev() }));
    let pending = state.start_sync(SyncRequest { cursors: cursors.collect(), open: Vec::new() });
    state.apply_sync(&pending, answer)
}

pub(crate) fn next_sync(state: &State) -> PendingSync {
    match state.next_request() {
        Some(CatchUpRequest::Sync(pending)) => pending,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn chat_part(chat: &str, seq: u64, rev: u64) -> Value {
    json!({"chatId": chat, "messages": [], "changed": [], "readSeq": 0, "unreadCount": seq, "floor": 0,
        "settings": {"memberRev": 1, "notify": "all"},
        "cursor": {"seq": seq, "rev": rev}})
}

pub(crate) fn page(chat: &str, [from, to]: [u64; 2], rev: u64) -> Page {
    let messages: Vec<_> = (from..=to).map(|seq| message(chat, seq, 0)).collect();
    serde_json::from_value(json!({"messages": messages, "range": {"from": from, "to": to}, "hasMoreBefore": from > 1,
        "hasMoreAfter": true, "seq": 10, "rev": rev, "floor": 0}))
    .unwrap()
}

/// The state of alice, who holds one chat from its end: seq 10, rev 3.
pub(crate) fn alice() -> State {
    let mut state = State::new("alice");
    assert_eq!(state.next_request(), Some(CatchUpRequest::Inbox(None)));
    let events = state.apply_inbox_page(None, inbox(&[entry("c", 10, 3)], None));
    assert!(matches!(events.as_slice(), [Event::ChatCreated { .. }]), "{events:?}");
    assert_eq!(state.next_request(), None);
    state
}

pub(crate) fn positions(events: &[Event]) -> Vec<(u64, u64)> {
    let position = |event: &Event| match event {
        Event::MessageCreated { seq, .. } => (*seq, 0),
        Event::MessageUpdated { seq, rev, .. } => (*seq, *rev),
        other => panic!("{other:?}"),
    };
    events.iter().map(position).collect()
}
