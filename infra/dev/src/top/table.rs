//! Names and their figures, as many as there is room for.

use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Style, Stylize as _};
use ratatui::text::Text;
use ratatui::widgets::{Cell, Row, Table};

/// What a column is called, and how wide it is; the first takes what the others leave.
pub(super) type Column = (&'static str, u16);

/// A figure.
pub(super) fn right(text: String) -> Cell<'static> {
    Cell::from(Text::from(text).right_aligned())
}

/// How a count of what should not happen looks.
pub(super) fn alarm(count: u64) -> Style {
    if count > 0 { Style::new().red().bold() } else { Style::new() }
}

/// Names and their figures in as many of these columns as there is room for. The last are left out where there is not: a
/// figure that is cut is a wrong one.
pub(super) fn table(area: Rect, columns: &'static [Column], rows: Vec<Vec<Cell<'static>>>) -> Table<'static> {
    let mut room = area.width.saturating_sub(1);
    let fits = |(_, width): &&Column| match room.checked_sub(width + 1) {
        Some(rest) => {
            room = rest;
            true
        }
        None => false,
    };
    let fitting: Vec<_> = columns.iter().take_while(fits).collect();
    let constraint = |(column, (_, width)): (usize, &&Column)| match column {
        0 => Constraint::Min(*width),
        _ => Constraint::Length(*width),
    };
    let name = |(column, (name, _)): (usize, &&Column)| match column {
        0 => Cell::from(*name),
        _ => right((*name).to_owned()),
    };
    let rows = rows.into_iter().map(|cells| Row::new(cells.into_iter().take(fitting.len().max(1))));
    let table = Table::new(rows, fitting.iter().enumerate().map(constraint));
    match columns {
        [("", _), ..] => table,
        _ => table.header(Row::new(fitting.iter().enumerate().map(name)).dim()),
    }
}
