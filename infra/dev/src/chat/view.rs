//! What the screen is about: which chat, how far up, who types, what went wrong.

use client::documents::{ChatId, Seq, UserId};
use client::events::{Typing, TypingState};
use client::{Link, State};
use ratatui_textarea::TextArea;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

/// For how long somebody is shown to type, if that is not said.
const TYPING_SHOWN_FOR: Duration = Duration::from_secs(6);

/// A line at the bottom of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) is_error: bool,
}

/// Where the messages that are shown end: so many lines into this message, or after it.
struct Place {
    of: Seq,
    line: usize,
    /// How many lines it was scrolled up.
    up: usize,
}

/// The screen.
pub(super) struct View {
    /// The chat that is shown.
    pub(super) chat: Option<ChatId>,
    /// How many lines it is scrolled up.
    pub(super) up: usize,
    /// Where the screen ended when it was last drawn.
    place: Option<Place>,
    pub(super) input: TextArea<'static>,
    pub(super) link: Link,
    /// Why what was missed is not there yet, if asking for it failed.
    pub(super) behind: Option<String>,
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
            place: None,
            input: TextArea::default(),
            link,
            behind: None,
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
        self.place = None;
    }

    /// Which of these lines to show on so many rows; each names its message, if it is of one. Who has scrolled up goes on
    /// seeing the same lines, whatever comes below or above them.
    pub(super) fn window(&mut self, lines: &[Option<Seq>], rows: usize) -> Range<usize> {
        let begins = |of: Seq| lines.iter().position(|line| *line == Some(of));
        if let Some(place) = self.place.take().filter(|_| self.up > 0)
            && let Some(begins) = begins(place.of)
        {
            let below = lines.len().saturating_sub(begins + place.line + 1);
            self.up = (below + self.up).saturating_sub(place.up);
        }
        self.up = self.up.min(lines.len().saturating_sub(rows));
        let end = lines.len() - self.up;
        let last = lines[..end].iter().rev().find_map(|line| *line);
        self.place = last.and_then(|of| Some(Place { of, line: end.checked_sub(begins(of)? + 1)?, up: self.up }));
        end.saturating_sub(rows)..end
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
                let shown = typing.timeout_ms.map_or(TYPING_SHOWN_FOR, Duration::from_millis);
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

    /// How far the chat that is shown is to be marked as seen, if it is to: its last message is on the screen, which it is
    /// not before it is held, and some were not read. Told once.
    pub(super) fn now_seen(&mut self, state: &State) -> Option<(ChatId, Seq)> {
        let held = state.chat(self.chat.as_ref().filter(|_| self.up == 0 && self.link == Link::Online)?)?;
        let (chat, seq) = (&held.chat().chat_id, held.seq());
        let is_new =
            held.oldest() <= seq && held.unread(state.me()) > 0 && self.seen.get(chat).is_none_or(|seen| *seen < seq);
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

    /// As many lines of each message as are named.
    fn lines(of: &[(Seq, usize)]) -> Vec<Option<Seq>> {
        of.iter().flat_map(|(seq, lines)| std::iter::repeat_n(Some(*seq), *lines)).collect()
    }

    #[test]
    fn who_has_scrolled_up_goes_on_seeing_the_same_lines() {
        let mut view = View::new(Link::Online);
        let mut shown = |up: usize, of: &[(Seq, usize)]| {
            view.up = view.up.saturating_add(up);
            let lines = lines(of);
            let window = view.window(&lines, 3);
            let from = window.start;
            (window.map(|line| lines[line].unwrap()).collect::<Vec<_>>(), view.up, from)
        };
        assert_eq!(shown(0, &[(1, 2), (2, 1), (3, 2), (4, 1)]), (vec![3, 3, 4], 0, 3));
        assert_eq!(shown(0, &[(1, 2), (2, 1), (3, 2), (4, 1), (5, 1)]), (vec![3, 4, 5], 0, 4), "the end");
        assert_eq!(shown(2, &[(1, 2), (2, 1), (3, 2), (4, 1), (5, 1)]), (vec![2, 3, 3], 2, 2));
        let with_another = [(1, 2), (2, 1), (3, 2), (4, 1), (5, 1), (6, 4)];
        assert_eq!(shown(0, &with_another), (vec![2, 3, 3], 6, 2), "what comes moves nothing");
        let with_older = [(0, 5), (1, 2), (2, 1), (3, 2), (4, 1), (5, 3), (6, 4)];
        assert_eq!(shown(0, &with_older), (vec![2, 3, 3], 8, 7), "nor what is older, or changes below");
        assert_eq!(shown(1, &with_older), (vec![1, 2, 3], 9, 6));
        assert_eq!(shown(1, &[(0, 5), (1, 2), (2, 1), (3, 2), (4, 1), (5, 3), (6, 5)]), (vec![1, 1, 2], 11, 5));
        assert_eq!(shown(100, &with_older), (vec![0, 0, 0], 15, 0), "no further than there is");
        assert_eq!(shown(0, &[]), (vec![], 0, 0));
    }

    #[test]
    fn what_is_not_there_yet_is_not_seen() {
        let mut state = State::new("alice");
        let json = serde_json::json!({"chats": [{
            "chat": {
                "chatId": "c", "isGroup": false, "participants": ["alice", "bob"], "participantCount": 2, "admins": [],
                "createdBy": "bob", "createdAt": "2026-11-24T08:00:00.000Z", "seq": 1, "rev": 0, "floor": 0,
            },
            "readSeq": 0, "unreadCount": 1, "muted": false,
        }]});
        state.listed(None, serde_json::from_value(json).unwrap());
        let mut view = View::new(Link::Online);
        view.choose("c".to_owned());
        assert_eq!(view.now_seen(&state), None);
        let message = serde_json::json!({
            "messageId": "c:1", "chatId": "c", "seq": 1, "rev": 0, "senderId": "bob", "type": "text", "content": "Hello",
            "seenBy": ["bob"], "deletedFor": [], "createdAt": "2026-11-24T08:00:00.000Z",
        });
        let page = serde_json::json!({
            "messages": [message], "range": {"from": 1, "to": 1}, "hasMoreBefore": false, "hasMoreAfter": false,
            "seq": 1, "rev": 0, "floor": 0,
        });
        assert!(state.older("c", &serde_json::from_value(page).unwrap()));
        assert_eq!(view.now_seen(&state), Some(("c".to_owned(), 1)));
        assert_eq!(view.now_seen(&state), None, "it is told once");
    }

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
