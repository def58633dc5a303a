//! Draws the screen: the inbox, one chat, and the input. The status below them and the help have files of their own.

mod help;
mod status;
#[cfg(test)]
mod tests;

use super::files;
use super::names;
use super::text::{cut, one_line, wrap};
use super::view::{View, listed_chats};
use client::documents::{Message, Notify, Seq, Status};
use client::outbox::UnsentMessage;
use client::{ChatState, State};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};
use std::time::Instant;
use textwrap::core::display_width;

/// The width of the inbox, in columns.
const INBOX_WIDTH: u16 = 28;
/// A narrower screen shows the chat without the inbox.
const MIN_WIDTH_FOR_INBOX: u16 = 64;
/// The input scrolls if it has more lines.
const MAX_INPUT_LINES: u16 = 6;
/// In the list, a chat's name keeps these columns beside what the user set for the chat.
const MIN_NAME_COLUMNS: usize = 12;

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
    let status_lines = status::lines(state, view, usize::from(area.width));
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
        view.help = Some(help::draw(frame, area, first));
    }
}

fn draw_inbox(frame: &mut Frame<'_>, area: Rect, state: &State, view: &View, time: &str) {
    let block = Block::bordered().title(format!(" {} ", names::user(state, state.me())));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let (width, rows) = (usize::from(inner.width), usize::from(inner.height) / 2);
    let inbox = listed_chats(state, time);
    let selected = inbox.iter().position(|held| Some(&held.chat().chat_id) == view.chat.as_ref()).unwrap_or(0);
    let first = selected.saturating_sub(rows.saturating_sub(1));
    let mut lines = Vec::new();
    for held in inbox.iter().skip(first).take(rows) {
        let (unread, is_marked) = (held.unread(state.me()), held.is_marked_unread(state.me()));
        let count = match unread {
            0 if is_marked => " *".to_owned(),
            0 => String::new(),
            _ => format!(" {unread}"),
        };
        let (name, columns) = (names::chat(state, held), width.saturating_sub(2 + count.len()));
        let name_columns = display_width(&name).min(MIN_NAME_COLUMNS);
        let marks = cut(&view_marks(held, time), columns.saturating_sub(name_columns));
        let name = cut(&name, columns.saturating_sub(display_width(&marks)));
        let padding = columns.saturating_sub(display_width(&name) + display_width(&marks));
        let is_selected = Some(&held.chat().chat_id) == view.chat.as_ref();
        let style = if is_selected { Style::default().add_modifier(Modifier::REVERSED) } else { Style::default() };
        let bold = if unread > 0 || is_marked { Modifier::BOLD } else { Modifier::empty() };
        let title = vec![
            presence_mark(state, held),
            Span::raw(name).add_modifier(bold),
            Span::raw(marks).dim(),
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

/// What this user set for a chat: it is pinned, archived, muted, or notifies only of mentions.
fn view_marks(held: &ChatState, time: &str) -> String {
    let marks = [
        (held.is_blocked(), " (blocked)"),
        (held.settings().pinned, " (pinned)"),
        (held.is_archived(time), " (archived)"),
        (held.is_muted(time), " (muted)"),
        (held.settings().notify == Notify::Mentions, " (mentions)"),
    ];
    marks.into_iter().filter_map(|(is_set, mark)| is_set.then_some(mark)).collect()
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
        let lines = match state.chats().is_empty() {
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
    let parts = [names::chat(state, held), more, chat.topic.as_deref().map(one_line).unwrap_or_default()];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!(" {} ", parts.join(" \u{b7} "))
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
