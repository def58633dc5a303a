//! What users, chats and times are called on a screen.

use client::documents::Chat;
use client::{Held, State};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What a user is called: their nickname, or what the Auth Service calls them as long as they have none.
pub(super) fn user<'a>(state: &'a State, id: &'a str) -> &'a str {
    let Some(person) = state.person(id) else { return id };
    let profile = person.profile.as_ref().and_then(|profile| profile.display_name.as_deref());
    if person.nickname == id { profile.unwrap_or(id) } else { &person.nickname }
}

/// The other one of a private chat.
pub(super) fn other<'a>(state: &State, chat: &'a Chat) -> Option<&'a str> {
    let mut others = chat.participants.iter().filter(|id| *id != state.me());
    others.next().map(String::as_str).filter(|_| !chat.is_group)
}

/// What a chat is called.
pub(super) fn chat<'a>(state: &'a State, held: &'a Held) -> &'a str {
    match other(state, held.chat()) {
        Some(other) => user(state, other),
        None => held.chat().name.as_deref().unwrap_or("A group"),
    }
}

/// A time as the clock on the wall shows it, or nothing of what is no time.
pub(super) fn clock(time: &str) -> String {
    at(time, "%H:%M")
}

/// Its day.
pub(super) fn day(time: &str) -> String {
    at(time, "%a %-d %b %Y")
}

fn at(time: &str, format: &str) -> String {
    let time = time.parse::<Timestamp>().ok();
    time.map(|time| time.to_zoned_datetime(TimeZone::system()).strftime(format).to_string()).unwrap_or_default()
}
