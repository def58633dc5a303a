//! Tables of names and numbers that leave out the columns that do not fit.

use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Style, Stylize as _};
use ratatui::text::Text;
use ratatui::widgets::{Cell, Row, Table};

/// A column's title and width. The first column also takes the width that the others leave.
pub(super) type Column = (&'static str, u16);

/// A right-aligned cell, for a number.
pub(super) fn right(text: String) -> Cell<'static> {
    Cell::from(Text::from(text).right_aligned())
}

/// The style of an error count: red if it is not zero.
pub(super) fn alarm(count: u64) -> Style {
    if count > 0 { Style::new().red().bold() } else { Style::new() }
}

/// A table with as many of these columns as fit. The last ones are left out, because a cut number would be wrong.
pub(super) fn table(area: Rect, columns: &'static [Column], rows: Vec<Vec<Cell<'static>>>) -> Table<'static> {
    let mut free_width = area.width.saturating_sub(1);
    let fits = |(_, width): &&Column| match free_width.checked_sub(width + 1) {
        Some(rest) => {
            free_width = rest;
            true
        }
        None => false,
    };
    let visible: Vec<_> = columns.iter().take_while(fits).collect();
    let constraint = |(column, (_, width)): (usize, &&Column)| match column {
        0 => Constraint::Min(*width),
        _ => Constraint::Length(*width),
    };
    let name = |(column, (name, _)): (usize, &&Column)| match column {
        0 => Cell::from(*name),
        _ => right((*name).to_owned()),
    };
    let rows = rows.into_iter().map(|cells| Row::new(cells.into_iter().take(visible.len().max(1))));
    let table = Table::new(rows, visible.iter().enumerate().map(constraint));
    match columns {
        [("", _), ..] => table,
        _ => table.header(Row::new(visible.iter().enumerate().map(name)).dim()),
    }
}
