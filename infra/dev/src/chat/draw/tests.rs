//! Screens of several sizes, row by row.

use super::super::command::HELP;
use super::status::MAX_STATUS_LINES;
use super::*;
use client::ConnectionStatus;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::KeyCode;
use serde_json::{Value, json};

const NOW: &str = "2026-11-24T09:00:00.000Z";

/// Draws a screen of this size. Returns its rows, without spaces at their ends.
fn screen(state: &State, view: &mut View, (width, height): (u16, u16)) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state, view, &[], (Instant::now(), NOW))).unwrap();
    let cells: Vec<_> = terminal.backend().buffer().content().iter().map(|cell| cell.symbol()).collect();
    cells.chunks(usize::from(width).max(1)).map(|row| row.concat().trim_end().to_owned()).collect()
}

/// A client of alice that has caught up, with these messages of bob in one private chat, which is shown.
fn chat_with_bob(contents: &[&str]) -> (State, View) {
    let last = contents.len();
    let chat = json!({
        "chatId": "c", "isGroup": false, "participants": ["alice", "bob"], "participantCount": 2, "admins": [],
        "createdBy": "bob", "createdAt": NOW, "seq": last, "rev": 0, "floor": 0,
    });
    let mut state = caught_up(
        &json!([{"chat": chat, "readSeq": 0, "unreadCount": last, "settings": {"memberRev": 1, "notify": "all"}}]),
    );
    let messages = contents.iter().enumerate().map(|(index, content)| {
        json!({
            "messageId": format!("c:{}", index + 1), "chatId": "c", "seq": index + 1, "rev": 0, "senderId": "bob",
            "type": "text", "content": content, "seenBy": ["bob"], "deletedFor": [], "createdAt": NOW,
        })
    });
    let page = json!({
        "messages": messages.collect::<Vec<_>>(), "range": {"from": 1, "to": last}, "hasMoreBefore": false,
        "hasMoreAfter": false, "seq": last, "rev": 0, "floor": 0,
    });
    assert!(state.apply_older_page("c", &serde_json::from_value(page).unwrap()));
    let mut view = View::new(ConnectionStatus::Online);
    view.choose("c".to_owned());
    (state, view)
}

fn caught_up(chats: &Value) -> State {
    let mut state = State::new("alice");
    state.apply_inbox_page(None, serde_json::from_value(json!({"chats": chats})).unwrap());
    assert!(!state.is_behind());
    state
}

/// The texts of rows without their mark and indent, joined by a space.
fn joined(rows: &[String]) -> String {
    rows.iter().map(|row| row.trim_start_matches([' ', '\u{25cf}'])).collect::<Vec<_>>().join(" ")
}

#[test]
fn nothing_of_a_message_is_swallowed() {
    let contents = [
        "\tif\ta\t{\tb\t}\t-- the end of line one",
        "\u{1b}[2J\u{7}escape and bell \u{202e}turned",
        "first\rsecond\r\nthird\u{2028}fourth",
    ];
    for (width, height) in [(60, 20), (80, 24), (200, 50)] {
        let (state, mut view) = chat_with_bob(&contents);
        let rows = screen(&state, &mut view, (width, height));
        let whole = rows.join("\n");
        for shown in ["if    a    {    b    }", "one", "[2J escape and bell turned", "#1", "#2"] {
            assert!(whole.contains(shown), "{shown}: {whole}");
        }
        for line in ["first", "second", "third", "fourth  #3"] {
            let is_row = |row: &&String| row.trim_end_matches(['\u{2502}', ' ']).ends_with(line);
            assert_eq!(rows.iter().filter(is_row).count(), 1, "{line}: {whole}");
        }
    }
}

#[test]
fn names_cannot_turn_or_break_the_line() {
    let chat = json!({
        "chatId": "c", "isGroup": true, "name": "Te\tam\u{202e} \u{1b}one\nline", "participants": ["alice", "bob"],
        "participantCount": 2, "admins": [], "createdBy": "bob", "createdAt": NOW, "seq": 0, "rev": 0, "floor": 0,
    });
    let state = caught_up(
        &json!([{"chat": chat, "readSeq": 0, "unreadCount": 0, "settings": {"memberRev": 1, "notify": "all"}}]),
    );
    let mut view = View::new(ConnectionStatus::Online);
    view.choose("c".to_owned());
    let whole = screen(&state, &mut view, (100, 20)).join("\n");
    assert_eq!(whole.matches("Te    am  one line").count(), 3, "inbox, title and input: {whole}");
}

#[test]
fn whole_status_is_shown_at_any_width() {
    let reason = "the HTTP request failed: error sending request for url (http://127.0.0.1:3000/chats?limit=50): \
                  client error (Connect): tcp connect error: Connection refused (os error 111)";
    for (width, height) in [(60, 20), (64, 20), (80, 24), (120, 30)] {
        let (state, mut view) = chat_with_bob(&["Hello"]);
        view.set_link(ConnectionStatus::Offline {
            closing: None,
            reason: reason.to_owned(),
            is_token_error: false,
            retry_in: std::time::Duration::from_secs(1),
        });
        let rows = screen(&state, &mut view, (width, height));
        let first = rows.iter().position(|row| row.contains("not connected:")).unwrap();
        assert_eq!(joined(&rows[first..]).replace(' ', ""), format!("not connected: {reason}").replace(' ', ""));
        view.set_link(ConnectionStatus::Online);
        view.show_error("Only the sender of a message can edit it, and only for a while after it was sent");
        let rows = screen(&state, &mut view, (width, height));
        let first = rows.iter().position(|row| row.contains("connected")).unwrap();
        let shown = joined(&rows[first..]);
        assert!(shown.starts_with("connected  Only") || shown.starts_with("connected Only"), "{shown}");
        assert!(shown.ends_with("after it was sent"), "{shown}");
    }
}

#[test]
fn status_has_a_bounded_height() {
    let (state, mut view) = chat_with_bob(&["Hello"]);
    view.show_error("word ".repeat(200));
    let rows = screen(&state, &mut view, (60, 20));
    let first = rows.iter().position(|row| row.contains("connected")).unwrap();
    assert_eq!(rows.len() - first, 1 + MAX_STATUS_LINES, "{rows:#?}");
    assert!(rows.last().unwrap().ends_with("word\u{2026}"), "{rows:#?}");
    // A long reason hides no notice.
    let reason = "reason ".repeat(200);
    let retry_in = std::time::Duration::from_secs(1);
    view.set_link(ConnectionStatus::Offline { reason, closing: None, is_token_error: false, retry_in });
    let rows = screen(&state, &mut view, (60, 20));
    let first = rows.iter().position(|row| row.contains("not connected")).unwrap();
    assert_eq!(rows.len() - first, 2 * MAX_STATUS_LINES, "{rows:#?}");
    assert!(rows[first + MAX_STATUS_LINES - 1].ends_with("reason\u{2026}"), "{rows:#?}");
    assert!(rows.last().unwrap().ends_with("word\u{2026}"), "{rows:#?}");
    view.set_link(ConnectionStatus::Online);
    view.notice = None;
    let rows = screen(&state, &mut view, (60, 20));
    assert!(rows.last().unwrap().contains("connected") && rows.last().unwrap().ends_with("quits"), "{rows:#?}");
    view.show_notice("saved");
    let rows = screen(&state, &mut view, (60, 20));
    assert!(rows.last().unwrap().ends_with("connected  saved"), "{rows:#?}");
}

#[test]
fn whole_help_can_be_read_at_any_size() {
    for (width, height) in [(60, 20), (80, 24), (40, 10), (120, 40)] {
        let (state, mut view) = chat_with_bob(&["Hello"]);
        view.help = Some(0);
        let mut seen = String::new();
        loop {
            let before = view.help;
            let rows = screen(&state, &mut view, (width, height));
            seen.extend(rows.iter().flat_map(|row| row.split(['\u{2502}', ' '])));
            assert!(rows.concat().contains("Esc hides") || width < 48, "{rows:#?}");
            view.scroll_help(KeyCode::Down, 1);
            let _ = screen(&state, &mut view, (width, height));
            if view.help == before {
                break;
            }
        }
        for (keys, effect) in HELP {
            for word in keys.split(' ').chain(effect.split(' ')) {
                assert!(seen.contains(word), "{width}x{height}: {word}");
            }
        }
        view.help = Some(usize::MAX - 1);
        let last = screen(&state, &mut view, (width, height)).join("\n");
        assert!(last.contains("/quit, Ctrl-C"), "the last line is at the end: {last}");
    }
}

#[test]
fn chats_are_loading_until_the_client_has_caught_up() {
    for (width, height) in [(60, 20), (80, 24)] {
        let mut view = View::new(ConnectionStatus::Online);
        let whole = screen(&State::new("alice"), &mut view, (width, height)).join("\n");
        assert!(whole.contains("Loading your chats") && !whole.contains("No chats yet"), "{whole}");
        let whole = screen(&caught_up(&json!([])), &mut view, (width, height)).join("\n");
        assert!(whole.contains("No chats yet") && whole.contains("/new USER opens one."), "{whole}");
        assert!(!whole.contains("Loading"), "{whole}");
    }
}

#[test]
fn screen_of_any_size_is_drawn() {
    for width in [0, 1, 2, 3, 10, 25, 47, 63, 64, 300] {
        for height in [0, 1, 2, 3, 5, 8, 30] {
            let (state, mut view) = chat_with_bob(&["Hello\tBob", ""]);
            view.help = Some(3);
            view.show_error("an error ".repeat(20));
            let rows = screen(&state, &mut view, (width, height));
            assert_eq!(rows.len(), if width == 0 { 0 } else { usize::from(height) });
        }
    }
}

#[test]
fn what_is_set_for_a_chat_leaves_its_name_readable() {
    let chat = json!({
        "chatId": "g", "isGroup": true, "name": "Weekend in the hills", "participants": ["alice", "bob", "carol"],
        "participantCount": 3, "admins": ["alice"], "createdBy": "alice", "createdAt": NOW, "seq": 9, "rev": 0,
        "floor": 0,
    });
    let settings = json!({"memberRev": 2, "notify": "mentions", "pinned": true, "archivedSeq": 9});
    let state = caught_up(&json!([{"chat": chat, "readSeq": 2, "unreadCount": 7, "settings": settings}]));
    let rows = screen(&state, &mut View::new(ConnectionStatus::Online), (80, 24));
    let row = rows.iter().find(|row| row.contains("Weekend")).unwrap_or_else(|| panic!("{rows:?}"));
    assert!(row.contains("Weekend in") && row.contains("(pinned)") && row.contains(" 7\u{2502}"), "{row}");
}
