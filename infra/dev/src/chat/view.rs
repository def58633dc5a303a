//! The state of the screen: the shown chat, the scroll position, typing users, and errors.

use super::text;
use client::documents::{ChatId, Seq, UserId};
use client::events::{Typing, TypingState};
use client::{ChatState, ConnectionStatus, State};
use jiff::Timestamp;
use ratatui::crossterm::event::KeyCode;
use ratatui_textarea::TextArea;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How long a typing indicator is shown if the event has no timeout.
const TYPING_SHOWN_FOR: Duration = Duration::from_secs(6);

/// The text at the bottom of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) text: String,
    pub(super) is_error: bool,
}

/// The last line on the screen, to find it again after messages were added or changed.
struct Anchor {
    /// The message of the line.
    seq: Seq,
    /// The line's index from the message's first line. Larger than its last line if lines without a message follow.
    line: usize,
    /// How many lines the chat was scrolled up.
    up: usize,
}

/// The state of the screen.
pub(super) struct View {
    /// The shown chat.
    pub(super) chat: Option<ChatId>,
    /// How many lines the chat is scrolled up.
    pub(super) up: usize,
    /// The last line when the screen was last drawn.
    anchor: Option<Anchor>,
    pub(super) input: TextArea<'static>,
    pub(super) link: ConnectionStatus,
    /// Why the last attempt to catch up failed.
    pub(super) catch_up_error: Option<String>,
    pub(super) notice: Option<Notice>,
    /// The first line of the help that is shown. None if the help is hidden.
    pub(super) help: Option<usize>,
    /// When each typing indicator expires.
    typing: BTreeMap<(ChatId, UserId), Instant>,
    /// The last `seq` that was marked as seen in each chat, since the connection last changed.
    seen: BTreeMap<ChatId, Seq>,
}

/// The chats in the order of the screen: the inbox, and then the archived ones. `now` is RFC 3339.
pub(super) fn listed_chats<'a>(state: &'a State, now: &str) -> Vec<&'a ChatState> {
    let mut chats = state.inbox(now);
    chats.extend(state.archived(now));
    chats
}

impl View {
    pub(super) fn new(link: ConnectionStatus) -> Self {
        Self {
            chat: None,
            up: 0,
            anchor: None,
            input: TextArea::default(),
            link,
            catch_up_error: None,
            notice: None,
            help: None,
            typing: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Sets the state of the connection. It forgets what was marked as seen, because those requests may be lost.
    pub(super) fn set_link(&mut self, link: ConnectionStatus) {
        self.link = link;
        self.seen.clear();
    }

    /// Shows a chat, scrolled to its end.
    pub(super) fn choose(&mut self, chat: ChatId) {
        self.chat = Some(chat);
        self.up = 0;
        self.anchor = None;
    }

    /// Returns which lines fit on `rows` rows. `lines` has the message's `seq` for each line, None for a line without a
    /// message. If the chat is scrolled up, the same lines stay in view when lines are added above or below.
    pub(super) fn window(&mut self, lines: &[Option<Seq>], rows: usize) -> Range<usize> {
        let first_line = |seq: Seq| lines.iter().position(|line| *line == Some(seq));
        if let Some(anchor) = self.anchor.take().filter(|_| self.up > 0)
            && let Some(first) = first_line(anchor.seq)
        {
            let below = lines.len().saturating_sub(first + anchor.line + 1);
            self.up = (below + self.up).saturating_sub(anchor.up);
        }
        self.up = self.up.min(lines.len().saturating_sub(rows));
        let end = lines.len() - self.up;
        let last = lines[..end].iter().rev().find_map(|line| *line);
        self.anchor =
            last.and_then(|seq| Some(Anchor { seq, line: end.checked_sub(first_line(seq)? + 1)?, up: self.up }));
        end.saturating_sub(rows)..end
    }

    /// Scrolls the help if it is shown and the key scrolls it: by a line, or by `page` lines. Returns whether it did.
    /// Drawing it corrects a line beyond the end.
    pub(super) fn scroll_help(&mut self, key: KeyCode, page: usize) -> bool {
        let Some(first) = self.help.as_mut() else { return false };
        *first = match key {
            KeyCode::Up => first.saturating_sub(1),
            KeyCode::Down => *first + 1,
            KeyCode::PageUp => first.saturating_sub(page),
            KeyCode::PageDown => *first + page,
            _ => return false,
        };
        true
    }

    /// The chat that is `steps` after the shown one in the list, or before it if negative. The first if none is shown.
    pub(super) fn neighbour(&self, state: &State, steps: isize) -> Option<ChatId> {
        let inbox = listed_chats(state, &Timestamp::now().to_string());
        let current = inbox.iter().position(|held| Some(&held.chat().chat_id) == self.chat.as_ref());
        let count = isize::try_from(inbox.len()).ok().filter(|count| *count > 0)?;
        let next = match current.and_then(|current| isize::try_from(current).ok()) {
            Some(current) => (current + steps).rem_euclid(count),
            None => 0,
        };
        inbox.get(usize::try_from(next).ok()?).map(|held| held.chat().chat_id.clone())
    }

    pub(super) fn show_notice(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: false });
    }

    pub(super) fn show_error(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: true });
    }

    /// Applies a typing event.
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

    /// Removes the typing indicator of a user who has sent a message.
    pub(super) fn clear_typing(&mut self, chat: &ChatId, user: &UserId) {
        self.typing.remove(&(chat.clone(), user.clone()));
    }

    /// The users who are typing in a chat now.
    pub(super) fn typing_users(&self, chat: &str, now: Instant) -> Vec<&str> {
        let active = self.typing.iter().filter(|((in_chat, _), until)| in_chat == chat && now < **until);
        active.map(|((_, user), _)| user.as_str()).collect()
    }

    /// Returns the shown chat and its last `seq` if the chat must be marked as seen: there are unread messages, and the
    /// last message is loaded and on the screen. Returns each `seq` only once.
    pub(super) fn take_newly_seen(&mut self, state: &State) -> Option<(ChatId, Seq)> {
        let held = state.chat(self.chat.as_ref().filter(|_| self.up == 0 && self.link == ConnectionStatus::Online)?)?;
        let (chat, seq) = (&held.chat().chat_id, held.seq());
        let is_new = held.oldest_seq() <= seq
            && held.unread(state.me()) > 0
            && self.seen.get(chat).is_none_or(|seen| *seen < seq);
        is_new.then(|| {
            self.seen.insert(chat.clone(), seq);
            (chat.clone(), seq)
        })
    }

    /// Inserts pasted text into the input. It runs no command before Enter.
    pub(super) fn paste(&mut self, pasted: &str) {
        self.input.insert_str(text::with_lf(pasted));
    }

    /// Empties the input and returns the typed text.
    pub(super) fn take_input(&mut self) -> String {
        let typed = self.input.lines().join("\n");
        self.input = TextArea::default();
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of messages: pairs of a message's `seq` and its number of lines.
    fn lines(of: &[(Seq, usize)]) -> Vec<Option<Seq>> {
        of.iter().flat_map(|(seq, lines)| std::iter::repeat_n(Some(*seq), *lines)).collect()
    }

    #[test]
    fn scrolled_up_view_keeps_the_same_lines() {
        let mut view = View::new(ConnectionStatus::Online);
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
        assert_eq!(shown(0, &with_another), (vec![2, 3, 3], 6, 2), "new messages do not move the view");
        let with_older = [(0, 5), (1, 2), (2, 1), (3, 2), (4, 1), (5, 3), (6, 4)];
        assert_eq!(
            shown(0, &with_older),
            (vec![2, 3, 3], 8, 7),
            "older messages and changes below do not move the view"
        );
        assert_eq!(shown(1, &with_older), (vec![1, 2, 3], 9, 6));
        assert_eq!(shown(1, &[(0, 5), (1, 2), (2, 1), (3, 2), (4, 1), (5, 3), (6, 5)]), (vec![1, 1, 2], 11, 5));
        assert_eq!(shown(100, &with_older), (vec![0, 0, 0], 15, 0), "not beyond the first line");
        assert_eq!(shown(0, &[]), (vec![], 0, 0));
    }

    #[test]
    fn pasted_lines_are_sent_as_lines() {
        let mut view = View::new(ConnectionStatus::Online);
        view.paste("one\rtwo\r\n\tthree\nfour");
        assert_eq!(view.take_input(), "one\ntwo\n\tthree\nfour");
    }

    #[test]
    fn help_scrolls_only_while_it_is_shown() {
        let mut view = View::new(ConnectionStatus::Online);
        assert!(!view.scroll_help(KeyCode::Down, 7), "the key belongs to the chat");
        view.help = Some(0);
        for (key, first) in
            [(KeyCode::Up, 0), (KeyCode::Down, 1), (KeyCode::PageDown, 8), (KeyCode::Up, 7), (KeyCode::PageUp, 0)]
        {
            assert!(view.scroll_help(key, 7));
            assert_eq!(view.help, Some(first), "{key:?}");
        }
        assert!(!view.scroll_help(KeyCode::Tab, 7));
    }

    #[test]
    fn message_is_not_seen_before_it_is_loaded() {
        let mut state = State::new("alice");
        let json = serde_json::json!({"chats": [{
            "chat": {
                "chatId": "c", "isGroup": false, "participants": ["alice", "bob"], "participantCount": 2, "admins": [],
                "createdBy": "bob", "createdAt": "2026-11-24T08:00:00.000Z", "seq": 1, "rev": 0, "floor": 0,
            },
            "readSeq": 0, "unreadCount": 1, "settings": {"memberRev": 1, "notify": "all"},
        }]});
        state.apply_inbox_page(None, serde_json::from_value(json).unwrap());
        let mut view = View::new(ConnectionStatus::Online);
        view.choose("c".to_owned());
        assert_eq!(view.take_newly_seen(&state), None);
        let message = serde_json::json!({
            "messageId": "c:1", "chatId": "c", "seq": 1, "rev": 0, "senderId": "bob", "type": "text", "content": "Hello",
            "seenBy": ["bob"], "deletedFor": [], "createdAt": "2026-11-24T08:00:00.000Z",
        });
        let page = serde_json::json!({
            "messages": [message], "range": {"from": 1, "to": 1}, "hasMoreBefore": false, "hasMoreAfter": false,
            "seq": 1, "rev": 0, "floor": 0,
        });
        assert!(state.apply_older_page("c", &serde_json::from_value(page).unwrap()));
        assert_eq!(view.take_newly_seen(&state), Some(("c".to_owned(), 1)));
        assert_eq!(view.take_newly_seen(&state), None, "it is returned once");
    }

    #[test]
    fn typing_is_shown_until_it_stops_a_message_comes_or_time_is_over() {
        let (now, chat) = (Instant::now(), "c".to_owned());
        let mut view = View::new(ConnectionStatus::Online);
        let typing = |state, timeout_ms| Typing { user_id: "bob".to_owned(), state, timeout_ms };
        view.typing(&chat, &typing(TypingState::Start, Some(5000)), now);
        assert_eq!(view.typing_users("c", now), ["bob"]);
        assert_eq!(view.typing_users("d", now), [""; 0]);
        assert_eq!(view.typing_users("c", now + Duration::from_secs(5)), [""; 0]);
        view.typing(&chat, &typing(TypingState::Stop, None), now);
        assert_eq!(view.typing_users("c", now), [""; 0]);
        view.typing(&chat, &typing(TypingState::Start, None), now);
        view.clear_typing(&chat, &"bob".to_owned());
        assert_eq!(view.typing_users("c", now), [""; 0]);
    }
}
