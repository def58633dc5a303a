//! The names of users and chats, and the format of times, on the screen.

use super::text;
use client::documents::Chat;
use client::{ChatState, State};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A user's nickname, or the name in the Auth Service if the user has set no nickname. Fit for the screen.
pub(super) fn user(state: &State, id: &str) -> String {
    let name = match state.person(id) {
        Some(person) if person.nickname != id => &person.nickname,
        Some(person) => person.profile.as_ref().and_then(|profile| profile.display_name.as_deref()).unwrap_or(id),
        None => id,
    };
    text::one_line(name)
}

/// The peer of a private chat. None for a group.
pub(super) fn peer<'a>(state: &State, chat: &'a Chat) -> Option<&'a str> {
    let mut others = chat.participants.iter().filter(|id| *id != state.me());
    others.next().map(String::as_str).filter(|_| !chat.is_group)
}

/// The peer's name, or the group's name. Fit for the screen.
pub(super) fn chat(state: &State, held: &ChatState) -> String {
    match peer(state, held.chat()) {
        Some(peer) => user(state, peer),
        None => text::one_line(held.chat().name.as_deref().unwrap_or("A group")),
    }
}

/// Hours and minutes in the local time zone. Empty if `time` is not a timestamp.
pub(super) fn clock(time: &str) -> String {
    format_time(time, "%H:%M")
}

/// The date in the local time zone. Empty if `time` is not a timestamp.
pub(super) fn day(time: &str) -> String {
    format_time(time, "%a %-d %b %Y")
}

fn format_time(time: &str, format: &str) -> String {
    let time = time.parse::<Timestamp>().ok();
    time.map(|time| time.to_zoned_datetime(TimeZone::system()).strftime(format).to_string()).unwrap_or_default()
}
