//! Renders descriptions with the part of Markdown that the files use: paragraphs, lists, tables and code.

use maud::{Markup, html};

pub(super) fn blocks(text: &str) -> Markup {
    html! {
        @for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
            @if block.starts_with("- ") {
                ul { @for item in items(block) { li { (inline(&item)) } } }
            } @else if block.starts_with('|') {
                (table(block))
            } @else {
                p { (inline(block)) }
            }
        }
    }
}

/// Text with `code` in it. A back-tick without a partner is shown as a back-tick.
pub(super) fn inline(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    let whole = if parts.len() % 2 == 1 { parts.len() } else { parts.len() - 1 };
    html! {
        @for (at, part) in parts.iter().enumerate() {
            @if at >= whole { "`" (part) } @else if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A line that does not start an item continues the item above.
fn items(block: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("- "), items.last_mut()) {
            (None, Some(item)) => *item = format!("{item} {}", line.trim()),
            (start, _) => items.push(start.unwrap_or(line).to_owned()),
        }
    }
    items
}

fn table(block: &str) -> Markup {
    let mut rows = block.lines().map(|line| line.trim().trim_matches('|').split('|').map(str::trim));
    let head = rows.next();
    // Skip the separator row.
    let body = rows.filter(|row| !row.clone().all(|cell| cell.chars().all(|c| "-: ".contains(c))));
    html! {
        div.wide { table {
            thead { tr { @for cell in head.into_iter().flatten() { th { (inline(cell)) } } } }
            tbody { @for row in body { tr { @for cell in row { td { (inline(cell)) } } } } }
        } }
    }
}
