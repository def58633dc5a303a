//! What the screen is about: which chat, how far up, who types, what went wrong.

use client::documents::{ChatId, Seq, UserId};
use client::events::{Typing, TypingState};
use client::{Link, State};
use ratatui_textarea::TextArea;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// For how long somebody is shown to type, if that is not said.
const TYPING: Duration = Duration::from_secs(6);

/// A line at the bottom of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) is_error: bool,
}

/// The screen.
pub(super) struct View {
    /// The chat that is shown.
    pub(super) chat: Option<ChatId>,
    /// How many lines it is scrolled up.
    pub(super) up: usize,
    pub(super) input: TextArea<'static>,
    pub(super) link: Link,
    pub(super) notice: Option<Notice>,
    pub(super) shows_help: bool,
    typing: BTreeMap<(ChatId, UserId), Instant>,
    /// How far each chat was marked as seen.
    seen: BTreeMap<ChatId, Seq>,
}

impl View {
    pub(super) fn new(link: Link) -> Self {
        Self {
            chat: None,
            up: 0,
            input: TextArea::default(),
            link,
            notice: None,
            shows_help: false,
            typing: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// The connection came or went. What was to be marked as seen over one that is lost may not have been.
    pub(super) fn linked(&mut self, link: Link) {
        self.link = link;
        self.seen.clear();
    }

    /// Shows a chat.
    pub(super) fn choose(&mut self, chat: ChatId) {
        self.chat = Some(chat);
        self.up = 0;
    }

    /// The chat after the one that is shown, or before it, in the order of the inbox.
    pub(super) fn neighbour(&self, state: &State, steps: isize) -> Option<ChatId> {
        let inbox = state.inbox();
        let here = inbox.iter().position(|held| Some(&held.chat().chat_id) == self.chat.as_ref());
        let count = isize::try_from(inbox.len()).ok().filter(|count| *count > 0)?;
        let next = match here.and_then(|here| isize::try_from(here).ok()) {
            Some(here) => (here + steps).rem_euclid(count),
            None => 0,
        };
        inbox.get(usize::try_from(next).ok()?).map(|held| held.chat().chat_id.clone())
    }

    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: false });
    }

    pub(super) fn complain(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: true });
    }

    /// Somebody types, or stopped.
    pub(super) fn typing(&mut self, chat: &ChatId, typing: &Typing, now: Instant) {
        let key = (chat.clone(), typing.user_id.clone());
        match typing.state {
            TypingState::Start => {
                let shown = typing.timeout_ms.map_or(TYPING, Duration::from_millis);
                self.typing.insert(key, now + shown);
            }
            TypingState::Stop => drop(self.typing.remove(&key)),
        }
    }

    /// Somebody said something, so they do not type it any more.
    pub(super) fn said(&mut self, chat: &ChatId, user: &UserId) {
        self.typing.remove(&(chat.clone(), user.clone()));
    }

    /// Who types in a chat now.
    pub(super) fn types(&self, chat: &str, now: Instant) -> Vec<&str> {
        let here = self.typing.iter().filter(|((in_chat, _), until)| in_chat == chat && now < **until);
        here.map(|((_, user), _)| user.as_str()).collect()
    }

    /// How far the chat that is shown is to be marked as seen, if it is to: its last messages are on the screen, and some
    /// were not read. Told once.
    pub(super) fn now_seen(&mut self, state: &State) -> Option<(ChatId, Seq)> {
        let held = state.chat(self.chat.as_ref().filter(|_| self.up == 0 && self.link == Link::Online)?)?;
        let (chat, seq) = (&held.chat().chat_id, held.seq());
        let is_new = held.unread(state.me()) > 0 && self.seen.get(chat).is_none_or(|seen| *seen < seq);
        is_new.then(|| {
            self.seen.insert(chat.clone(), seq);
            (chat.clone(), seq)
        })
    }

    /// What was typed, taken out.
    pub(super) fn take_input(&mut self) -> String {
        let typed = self.input.lines().join("\n");
        self.input = TextArea::default();
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_types_is_shown_until_they_stop_say_something_or_the_time_is_over() {
        let (now, chat) = (Instant::now(), "c".to_owned());
        let mut view = View::new(Link::Online);
        let typing = |state, timeout_ms| Typing { user_id: "bob".to_owned(), state, timeout_ms };
        view.typing(&chat, &typing(TypingState::Start, Some(5000)), now);
        assert_eq!(view.types("c", now), ["bob"]);
        assert_eq!(view.types("d", now), [""; 0]);
        assert_eq!(view.types("c", now + Duration::from_secs(5)), [""; 0]);
        view.typing(&chat, &typing(TypingState::Stop, None), now);
        assert_eq!(view.types("c", now), [""; 0]);
        view.typing(&chat, &typing(TypingState::Start, None), now);
        view.said(&chat, &"bob".to_owned());
        assert_eq!(view.types("c", now), [""; 0]);
    }
}
