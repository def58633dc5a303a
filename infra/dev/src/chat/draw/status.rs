//! The bottom of the screen: the state of the connection, the last notice, and the keys.

use super::super::link::offline_text;
use super::super::text::{cut, one_line, wrap};
use super::super::view::View;
use client::{ConnectionStatus, State};
use ratatui::style::{Color, Stylize as _};
use ratatui::text::{Line, Span};
use textwrap::core::display_width;

/// A longer state of the connection, and a longer notice, is cut with an ellipsis.
pub(super) const MAX_STATUS_LINES: usize = 4;
/// The keys that the status shows if there is room for them.
const STATUS_KEYS: &str = " Tab next chat  /help  Ctrl-C quits ";

/// The state of the connection and the notice, wrapped to the width of the screen. The keys follow if there is room.
pub(super) fn lines(state: &State, view: &View, width: usize) -> Vec<Line<'static>> {
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
