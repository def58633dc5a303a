//! A chat in one form, whether a client holds it or it was listed anew: the two must be the same.

use client::State;
use serde_json::{Map, Value, json};

/// A chat that a client holds, all of whose messages it has asked for.
pub fn held(state: &State, chat: &str) -> Value {
    let held = state.chat(chat).expect("the chat is held");
    assert!(!held.has_older(), "all is held: {held:?}");
    let messages = held.messages().map(|message| {
        let mut seen = json!(message);
        seen["seenBy"] = json!(held.seen_by(message));
        seen
    });
    form(
        &json!(held.chat()),
        messages.collect(),
        [
            ("seq", json!(held.seq())),
            ("rev", json!(held.rev())),
            ("floor", json!(held.floor())),
            ("unreadCount", json!(state.unread(chat))),
            ("muted", json!(held.is_muted(""))),
        ],
    )
}

/// A chat as a fresh listing has it: of the inbox's entry, and of all its messages.
pub fn listed(entry: &Value, messages: &[Value]) -> Value {
    let chat = &entry["chat"];
    let numbers = ["seq", "rev", "floor"].map(|name| (name, chat[name].clone()));
    let own = ["unreadCount", "muted"].map(|name| (name, entry[name].clone()));
    form(chat, messages.to_vec(), numbers.into_iter().chain(own))
}

/// Of the chat's document what does not come with its cursors, and the rest.
fn form(chat: &Value, messages: Vec<Value>, rest: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let named = ["isGroup", "name", "participants", "admins", "createdBy", "createdAt", "closedAt"];
    let document: Map<_, _> = named.into_iter().map(|name| (name.to_owned(), chat[name].clone())).collect();
    let mut all = json!({"chat": document, "messages": messages});
    for (name, value) in rest {
        all[name] = value;
    }
    all
}
