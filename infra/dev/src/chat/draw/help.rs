//! The help over the screen.

use super::super::command::HELP;
use super::super::text::{cut, wrap};
use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Stylize as _;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

/// The width of the help screen with its border, in columns.
const MAX_HELP_WIDTH: u16 = 84;
/// The width of the keys on the help screen, in columns.
const HELP_KEYS_WIDTH: usize = 24;
/// On a narrower help screen, the effect is below the keys.
const MIN_WIDTH_FOR_HELP_COLUMNS: usize = 48;

/// Draws the help from its line `first`, or from an earlier one if the end would leave rows empty. Returns the line.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, first: usize) -> usize {
    let width = area.width.min(MAX_HELP_WIDTH);
    let inner_width = usize::from(width.saturating_sub(2));
    let lines = wrapped_help(inner_width);
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
fn wrapped_help(width: usize) -> Vec<Line<'static>> {
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
