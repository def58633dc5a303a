//! Brings a chat into one form, so that tests can compare a client's state with a fresh listing.

use client::State;
use serde_json::{Map, Value, json};

/// The form of a chat in a client's state. The client must have loaded all its messages.
pub fn held(state: &State, chat: &str) -> Value {
    let held = state.chat(chat).expect("the client has the chat");
    assert!(!held.has_older(), "the client has not loaded all messages: {held:?}");
    let messages = held.messages().map(|message| {
        let mut with_readers = json!(message);
        with_readers["seenBy"] = json!(held.seen_by(message));
        with_readers
    });
    form(
        &json!(held.chat()),
        messages.collect(),
        [
            ("seq", json!(held.seq())),
            ("rev", json!(held.rev())),
            ("floor", json!(held.floor())),
            ("unreadCount", json!(state.unread(chat))),
            ("notify", json!(held.settings().notify)),
            ("muteUntil", json!(held.settings().mute_until)),
            ("pinned", json!(held.settings().pinned)),
            ("archived", json!(held.is_archived(""))),
            ("markedUnread", json!(held.is_marked_unread(state.me()))),
            ("blocked", json!(held.is_blocked())),
        ],
    )
}

/// The form of a chat in a fresh listing: an entry of the inbox, and all its messages.
pub fn listed(entry: &Value, messages: &[Value]) -> Value {
    let chat = &entry["chat"];
    let numbers = ["seq", "rev", "floor"].map(|name| (name, chat[name].clone()));
    let settings = &entry["settings"];
    let own = [
        ("unreadCount", entry["unreadCount"].clone()),
        ("notify", settings["notify"].clone()),
        ("muteUntil", settings["muteUntil"].clone()),
        ("pinned", json!(settings["pinned"] == true)),
        ("archived", json!(!settings["archivedSeq"].is_null())),
        ("markedUnread", json!(settings["markedUnread"] == true)),
    ];
    let blocked = [("blocked", json!(entry.get("blocked").is_some()))];
    form(chat, messages.to_vec(), numbers.into_iter().chain(own).chain(blocked))
}

/// The comparable form: the fields of the chat's document, its messages, and `fields`.
fn form(chat: &Value, messages: Vec<Value>, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let document_fields = [
        "isGroup",
        "name",
        "topic",
        "custom",
        "avatar",
        "participants",
        "admins",
        "createdBy",
        "createdAt",
        "closedAt",
    ];
    let document: Map<_, _> = document_fields.into_iter().map(|name| (name.to_owned(), chat[name].clone())).collect();
    let mut form = json!({"chat": document, "messages": messages});
    for (name, value) in fields {
        form[name] = value;
    }
    form
}
