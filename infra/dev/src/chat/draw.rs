//! Draws the screen: the inbox, one chat, and the input.

use super::command::HELP;
use super::files;
use super::link::offline_text;
use super::names;
use super::text::{cut, one_line, wrap};
use super::view::View;
use client::documents::{Message, Seq, Status};
use client::outbox::UnsentMessage;
use client::{ChatState, ConnectionStatus, State};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};
use std::time::Instant;
use textwrap::core::display_width;

/// The width of the inbox, in columns.
const INBOX_WIDTH: u16 = 28;
/// A narrower screen shows the chat without the inbox.
const MIN_WIDTH_FOR_INBOX: u16 = 64;
/// The input scrolls if it has more lines.
const MAX_INPUT_LINES: u16 = 6;
/// A longer state of the connection, and a longer notice, is cut with an ellipsis.
const MAX_STATUS_LINES: usize = 4;
/// The keys that the status shows if there is room for them.
const STATUS_KEYS: &str = " Tab next chat  /help  Ctrl-C quits ";
/// The width of the help screen with its border, in columns.
const MAX_HELP_WIDTH: u16 = 84;
/// The width of the keys on the help screen, in columns.
const HELP_KEYS_WIDTH: usize = 24;
/// On a narrower help screen, the effect is below the keys.
const MIN_WIDTH_FOR_HELP_COLUMNS: usize = 48;

/// How many rows of the screen show messages.
pub(super) fn height(screen: Rect) -> usize {
    usize::from(screen.height.saturating_sub(6))
}

/// Draws the whole screen. `now` decides who is shown as typing, `time` is the same moment in RFC 3339 for mutes.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    state: &State,
    view: &mut View,
    unsent: &[UnsentMessage],
    (now, time): (Instant, &str),
) {
    let area = frame.area();
    let status_lines = status_lines(state, view, usize::from(area.width));
    let status_height = u16::try_from(status_lines.len()).unwrap_or(1);
    let [body, status] = Layout::vertical([Constraint::Min(0), Constraint::Length(status_height)]).areas(area);
    let inbox = if area.width >= MIN_WIDTH_FOR_INBOX { INBOX_WIDTH } else { 0 };
    let [left, right] = Layout::horizontal([Constraint::Length(inbox), Constraint::Min(0)]).areas(body);
    if inbox > 0 {
        draw_inbox(frame, left, state, view, time);
    }
    let input_lines = u16::try_from(view.input.lines().len()).unwrap_or(MAX_INPUT_LINES).min(MAX_INPUT_LINES);
    let [chat, typing, input] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(1), Constraint::Length(input_lines + 2)]).areas(right);
    draw_chat(frame, chat, state, view, unsent);
    draw_typing(frame, typing, state, view, now);
    view.input.set_block(Block::bordered().title(input_title(state, view)));
    view.input.set_cursor_line_style(Style::default());
    frame.render_widget(&view.input, input);
    frame.render_widget(Paragraph::new(status_lines), status);
    if let Some(first) = view.help {
        view.help = Some(draw_help(frame, area, first));
    }
}

fn draw_inbox(frame: &mut Frame<'_>, area: Rect, state: &State, view: &View, time: &str) {
    let block = Block::bordered().title(format!(" {} ", names::user(state, state.me())));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let (width, rows) = (usize::from(inner.width), usize::from(inner.height) / 2);
    let inbox = state.inbox();
    let selected = inbox.iter().position(|held| Some(&held.chat().chat_id) == view.chat.as_ref()).unwrap_or(0);
    let first = selected.saturating_sub(rows.saturating_sub(1));
    let mut lines = Vec::new();
    for held in inbox.iter().skip(first).take(rows) {
        let unread = held.unread(state.me());
        let count = if unread > 0 { format!(" {unread}") } else { String::new() };
        let muted = if held.is_muted(time) { " (muted)" } else { "" };
        let name = cut(&names::chat(state, held), width.saturating_sub(2 + count.len() + muted.len()));
        let padding = width.saturating_sub(2 + display_width(&name) + muted.len() + count.len());
        let is_selected = Some(&held.chat().chat_id) == view.chat.as_ref();
        let style = if is_selected { Style::default().add_modifier(Modifier::REVERSED) } else { Style::default() };
        let bold = if unread > 0 { Modifier::BOLD } else { Modifier::empty() };
        let title = vec![
            presence_mark(state, held),
            Span::raw(name).add_modifier(bold),
            Span::raw(muted).dim(),
            Span::raw(" ".repeat(padding)),
            Span::raw(count).fg(Color::Yellow).bold(),
        ];
        lines.push(Line::from(title).style(style));
        let last = held.last_message().map(|message| preview(state, held, message)).unwrap_or_default();
        lines.push(Line::from(format!("  {}", cut(&last, width.saturating_sub(2)))).dim());
    }
    if inbox.is_empty() {
        lines.extend(empty_inbox(state).map(|text| Line::from(text).dim()));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

/// What is shown instead of chats. Before the client has caught up, it does not know whether there are none.
fn empty_inbox(state: &State) -> [&'static str; 2] {
    if state.is_behind() { ["Loading your chats ...", ""] } else { ["No chats yet.", "/new USER opens one."] }
}

/// A dot that is green if the peer of a private chat is online. A hash sign for a group.
fn presence_mark(state: &State, held: &ChatState) -> Span<'static> {
    let Some(peer) = names::peer(state, held.chat()) else { return Span::raw("# ").dim() };
    match state.person(peer).map(|person| person.status) {
        Some(Status::Online) => Span::raw("\u{25cf} ").fg(Color::Green),
        _ => Span::raw("\u{25cb} ").dim(),
    }
}

fn preview(state: &State, held: &ChatState, message: &Message) -> String {
    let who = match message.sender_id.as_str() {
        me if me == state.me() => "you: ".to_owned(),
        other if held.chat().is_group => format!("{}: ", names::user(state, other)),
        _ => String::new(),
    };
    let what = if message.deleted_at.is_some() { "(deleted)".to_owned() } else { files::message_text(message) };
    format!("{who}{}", one_line(&what))
}

fn draw_chat(frame: &mut Frame<'_>, area: Rect, state: &State, view: &mut View, unsent: &[UnsentMessage]) {
    let held = view.chat.as_ref().and_then(|chat| state.chat(chat));
    let block = Block::bordered().title(held.map(|held| title(state, held)).unwrap_or_default());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(held) = held else {
        let lines = match state.inbox().is_empty() {
            true => empty_inbox(state),
            false => ["Choose a chat with Tab, or type /help.", ""],
        };
        frame.render_widget(Paragraph::new(lines.map(Line::from).to_vec()).dim(), inner);
        return;
    };
    let (seqs, lines): (Vec<_>, Vec<_>) = messages(state, held, unsent, usize::from(inner.width)).into_iter().unzip();
    let rows = usize::from(inner.height);
    let shown = lines[view.window(&seqs, rows)].to_vec();
    let gap = u16::try_from(rows - shown.len()).unwrap_or_default();
    let [_, shown_area] = Layout::vertical([Constraint::Length(gap), Constraint::Min(0)]).areas(inner);
    frame.render_widget(Paragraph::new(shown), shown_area);
}

fn title(state: &State, held: &ChatState) -> String {
    let chat = held.chat();
    let more = match names::peer(state, chat).and_then(|peer| state.person(peer)) {
        Some(person) if person.status == Status::Online => "online".to_owned(),
        Some(person) => match &person.last_seen {
            Some(at) => format!("last seen {} {}", names::day(at), names::clock(at)),
            None => "offline".to_owned(),
        },
        None if chat.closed_at.is_some() => "closed".to_owned(),
        None if chat.is_group => format!("{} participants", chat.participant_count),
        None => String::new(),
    };
    let more = if more.is_empty() { more } else { format!("\u{b7} {more} ") };
    format!(" {} {more}", names::chat(state, held))
}

/// The stored messages of a chat and then the unsent ones, wrapped into lines. Each stored message's line has its
/// `seq`.
fn messages(
    state: &State,
    held: &ChatState,
    unsent: &[UnsentMessage],
    width: usize,
) -> Vec<(Option<Seq>, Line<'static>)> {
    let mut lines = Vec::new();
    if held.has_older() {
        lines.push((None, Line::from("PgUp shows older messages").dim().centered()));
    }
    let mut day = String::new();
    for message in held.messages() {
        let message_day = names::day(&message.created_at);
        if message_day != day {
            lines.push((None, Line::from(format!("\u{2500}\u{2500} {message_day} \u{2500}\u{2500}")).dim().centered()));
            day = message_day;
        }
        lines.extend(message_lines(state, held, message, width).into_iter().map(|line| (Some(message.seq), line)));
    }
    let chat = &held.chat().chat_id;
    for unsent in unsent.iter().filter(|unsent| unsent.chat == *chat) {
        let text = files::draft_text(&unsent.draft);
        let body = Body { text: &text, style: Style::default().dim(), tail: "\u{2026}".to_owned() };
        lines.extend(
            wrapped_lines("     ", &names::user(state, state.me()), &body, width).into_iter().map(|line| (None, line)),
        );
    }
    lines
}

struct Body<'a> {
    text: &'a str,
    style: Style,
    /// Ticks, reactions and the number, after the text's last line.
    tail: String,
}

fn message_lines(state: &State, held: &ChatState, message: &Message, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let sender = names::user(state, &message.sender_id);
    let time = names::clock(&message.created_at);
    if let Some(to) = message.reply_to {
        let quoted = held.message(to).map_or_else(|| format!("#{to}"), |to| preview(state, held, to));
        lines.push(Line::from(format!("      \u{250c} {}", cut(&quoted, width.saturating_sub(8)))).dim());
    }
    let mut tail = Vec::new();
    if message.edited_at.is_some() {
        tail.push("(edited)".to_owned());
    }
    tail.extend(message.reactions.iter().map(|reaction| format!("{} {}", reaction.emoji, reaction.count)));
    if message.sender_id == state.me() {
        let seen = held.seen_by(message).len().saturating_sub(1);
        tail.push(match (seen, held.chat().is_group) {
            (0, _) => "\u{2713}".to_owned(),
            (_, false) => "\u{2713}\u{2713}".to_owned(),
            (seen, true) => format!("\u{2713}\u{2713} {seen}"),
        });
    }
    tail.push(format!("#{}", message.seq));
    let is_deleted = message.deleted_at.is_some();
    let style = if is_deleted { Style::default().dim().italic() } else { Style::default() };
    let text = if is_deleted { "(deleted)".to_owned() } else { files::message_text(message) };
    lines.extend(wrapped_lines(&time, &sender, &Body { text: &text, style, tail: tail.join("  ") }, width));
    lines
}

/// Lines such as `10:02 bob  Hello`, broken to this width, with the tail at the end.
fn wrapped_lines(time: &str, sender: &str, body: &Body<'_>, width: usize) -> Vec<Line<'static>> {
    let sender = cut(sender, 14);
    let indent = time.len() + 1 + display_width(&sender) + 2;
    let text_width = width.saturating_sub(indent).max(8);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for row in wrap(body.text, text_width) {
        let row = Span::styled(row, body.style);
        let head = match lines.is_empty() {
            true => {
                vec![Span::raw(format!("{time} ")).dim(), Span::raw(format!("{sender}  ")).fg(color(&sender)).bold()]
            }
            false => vec![Span::raw(" ".repeat(indent))],
        };
        lines.push(Line::from_iter(head.into_iter().chain([row])));
    }
    let tail = Span::raw(format!("  {}", body.tail)).dim();
    match lines.last_mut().filter(|line| line.width() + tail.width() <= width) {
        Some(line) => line.push_span(tail),
        None => lines.push(Line::from(vec![Span::raw(" ".repeat(indent.saturating_sub(2))), tail])),
    }
    lines
}

/// The same name always has the same color.
fn color(name: &str) -> Color {
    const COLORS: [Color; 6] =
        [Color::Cyan, Color::Magenta, Color::Green, Color::Blue, Color::LightRed, Color::LightYellow];
    let sum = name.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    COLORS[sum % COLORS.len()]
}

fn draw_typing(frame: &mut Frame<'_>, area: Rect, state: &State, view: &View, now: Instant) {
    let who = view.chat.as_ref().map(|chat| view.typing_users(chat, now)).unwrap_or_default();
    let who: Vec<_> = who.into_iter().map(|user| names::user(state, user)).collect();
    let text = match who.as_slice() {
        [] => String::new(),
        [one] => format!(" {one} is typing ..."),
        [one, other] => format!(" {one} and {other} are typing ..."),
        several => format!(" {} people are typing ...", several.len()),
    };
    frame.render_widget(Line::from(text).dim().italic(), area);
}

fn input_title(state: &State, view: &View) -> String {
    match view.chat.as_ref().and_then(|chat| state.chat(chat)) {
        Some(held) if held.chat().closed_at.is_some() => " closed: no new messages ".to_owned(),
        Some(held) => format!(" to {} ", names::chat(state, held)),
        None => " /new USER, /help ".to_owned(),
    }
}

/// The state of the connection and the notice, wrapped to the width of the screen. The keys follow if there is room.
fn status_lines(state: &State, view: &View, width: usize) -> Vec<Line<'static>> {
    let (dot, text) = match &view.link {
        ConnectionStatus::Online if state.is_behind() => match &view.catch_up_error {
            Some(reason) => (Color::Yellow, format!("catching up, retrying: {reason}")),
            None => (Color::Yellow, "catching up".to_owned()),
        },
        ConnectionStatus::Online => (Color::Green, "connected".to_owned()),
        ConnectionStatus::Connecting => (Color::Yellow, "connecting".to_owned()),
        ConnectionStatus::Offline { .. } => (Color::Red, offline_text(&view.link)),
    };
    let (text, mut notice) = (one_line(&text), view.notice.as_ref().map(|notice| one_line(&notice.text)));
    let notice_color = view.notice.as_ref().filter(|notice| notice.is_error).map_or(Color::Reset, |_| Color::Red);
    let mark = Span::raw(" \u{25cf} ").fg(dot);
    let text_width = width.saturating_sub(mark.width()).max(1);
    // A short notice stands behind the state, a longer one below it.
    let fits = |notice: &String| display_width(&text) + 2 + display_width(notice) <= text_width;
    let beside = notice.take_if(|notice| fits(notice)).map(|notice| format!("  {notice}"));
    let below = notice.map(|notice| wrap_at_most(&notice, text_width)).unwrap_or_default();
    let rows = wrap_at_most(&text, text_width).into_iter().map(|row| (row, Color::Reset));
    let rows = rows.chain(below.into_iter().map(|row| (row, notice_color)));
    let marks = std::iter::once(mark).chain(std::iter::repeat(Span::raw("   ")));
    let line =
        |(mark, (row, color)): (Span<'static>, (String, Color))| Line::from(vec![mark, Span::raw(row).fg(color)]);
    let mut lines: Vec<_> = marks.zip(rows).map(line).collect();
    if let Some(first) = lines.first_mut() {
        first.extend(beside.map(|notice| Span::raw(notice).fg(notice_color)));
    }
    if let [only] = lines.as_mut_slice()
        && let Some(gap) = width.checked_sub(only.width() + STATUS_KEYS.len())
        && view.notice.is_none()
    {
        only.push_span(" ".repeat(gap));
        only.push_span(Span::raw(STATUS_KEYS).dim());
    }
    lines
}

/// Wraps a text to a width and to at most [`MAX_STATUS_LINES`] lines, with an ellipsis if it is longer.
fn wrap_at_most(text: &str, width: usize) -> Vec<String> {
    let mut rows = wrap(text, width);
    if rows.len() > MAX_STATUS_LINES {
        rows.truncate(MAX_STATUS_LINES);
        if let Some(last) = rows.last_mut() {
            *last = cut(&format!("{last}\u{2026}"), width);
        }
    }
    rows
}

/// Draws the help from its line `first`, or from an earlier one if the end would leave rows empty. Returns the line.
fn draw_help(frame: &mut Frame<'_>, area: Rect, first: usize) -> usize {
    let width = area.width.min(MAX_HELP_WIDTH);
    let inner_width = usize::from(width.saturating_sub(2));
    let lines = help_lines(inner_width);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let rows = usize::from(height.saturating_sub(2));
    let first = first.min(lines.len().saturating_sub(rows));
    let title = if rows < lines.len() { " Help: Up, Down, PgUp, PgDn scroll, Esc hides " } else { " Help: Esc hides " };
    let area = area.centered(Constraint::Length(width), Constraint::Length(height));
    let shown: Vec<_> = lines.into_iter().skip(first).take(rows).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(shown).block(Block::bordered().title(cut(title, inner_width))), area);
    first
}

/// The help wrapped to a width: keys and effects in two columns, or one below the other if it is narrow.
fn help_lines(width: usize) -> Vec<Line<'static>> {
    let has_columns = width >= MIN_WIDTH_FOR_HELP_COLUMNS;
    let indent = if has_columns { HELP_KEYS_WIDTH } else { 3 };
    let mut lines = Vec::new();
    for (keys, effect) in HELP {
        let keys = format!(" {keys:<0$}", HELP_KEYS_WIDTH - 1);
        // The last column stays empty.
        let mut effect = wrap(effect, width.saturating_sub(indent + 1).max(1)).into_iter();
        let beside = effect.by_ref().take(usize::from(has_columns)).map(Span::raw);
        lines.push(Line::from_iter(std::iter::once(Span::raw(keys).bold()).chain(beside)));
        lines.extend(effect.map(|row| Line::from(format!("{:indent$}{row}", ""))));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let mut state = caught_up(&json!([{"chat": chat, "readSeq": 0, "unreadCount": last, "muted": false}]));
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
        let state = caught_up(&json!([{"chat": chat, "readSeq": 0, "unreadCount": 0, "muted": false}]));
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
}
