//! Tables and goals of a run, as text for the terminal and as Markdown.

use std::{fmt::Write as _, time::Duration};

use crate::chart::Chart;

/// The longest line of a text.
const MAX_COLUMNS: usize = 120;

/// What one scenario measured.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// The heading.
    pub title: &'static str,
    /// What was done, and how to read the tables: one paragraph of Markdown.
    pub text: String,
    /// The figures.
    pub tables: Vec<Table>,
    /// The figures that a picture shows better.
    pub charts: Vec<Chart>,
    /// Which figures have a goal.
    pub goals: Vec<Goal>,
}

/// A table of figures.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The heads of the columns.
    pub columns: Vec<&'static str>,
    /// The rows, each with as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// A figure that has a goal.
#[derive(Clone, Debug)]
pub struct Goal {
    /// What is measured.
    pub figure: String,
    /// The figure.
    pub measured: String,
    /// What it should be.
    pub goal: String,
    /// Whether it is.
    pub is_met: bool,
}

impl Section {
    /// The text, in lines of at most 120 columns.
    #[must_use]
    pub fn wrapped_text(&self) -> String {
        let options = textwrap::Options::new(MAX_COLUMNS).word_splitter(textwrap::WordSplitter::NoHyphenation);
        textwrap::fill(&self.text, options)
    }
}

impl Goal {
    /// A figure that should be at most `limit`. `digits` after the point.
    #[must_use]
    pub fn at_most(figure: impl Into<String>, measured: f64, limit: f64, digits: usize) -> Self {
        let (measured_text, goal) = (rounded(measured, digits), format!("≤ {limit}"));
        // NaN, when nothing was measured, meets no goal.
        Self { figure: figure.into(), measured: measured_text, goal, is_met: measured <= limit }
    }

    /// A figure that should be at least `limit`. `digits` after the point.
    #[must_use]
    pub fn at_least(figure: impl Into<String>, measured: f64, limit: f64, digits: usize) -> Self {
        let (measured_text, goal) = (rounded(measured, digits), format!("≥ {limit}"));
        Self { figure: figure.into(), measured: measured_text, goal, is_met: measured >= limit }
    }

    /// A count that should be as much as `pinned`, more or less by the share `tolerance`.
    #[must_use]
    pub fn about(figure: impl Into<String>, measured: f64, pinned: f64, tolerance: f64) -> Self {
        let goal = format!("{pinned} ± {:.0} %", tolerance * 100.0);
        let is_met = (measured - pinned).abs() <= pinned * tolerance;
        Self { figure: figure.into(), measured: format!("{measured}"), goal, is_met }
    }

    /// A count that should be this one.
    #[must_use]
    pub fn exactly(figure: impl Into<String>, measured: f64, count: f64) -> Self {
        let (figure, is_met) = (figure.into(), (measured - count).abs() < f64::EPSILON);
        Self { figure, measured: format!("{measured}"), goal: format!("{count}"), is_met }
    }
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(columns: &[&'static str]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// The table in Markdown, which is also readable in a terminal.
    #[must_use]
    pub fn markdown(&self) -> String {
        let cells = |column: usize| self.rows.iter().map(move |row| row.get(column).map_or(0, |cell| width(cell)));
        let widths: Vec<usize> =
            self.columns.iter().enumerate().map(|(at, head)| cells(at).fold(width(head).max(3), usize::max)).collect();
        let mut text = String::new();
        let mut line = |cells: &mut dyn Iterator<Item = &str>| {
            for (cell, width_of_column) in cells.zip(&widths) {
                let _ = write!(text, "| {cell}{} ", " ".repeat(width_of_column - width(cell)));
            }
            text.push_str("|\n");
        };
        line(&mut self.columns.iter().copied());
        line(&mut widths.iter().map(|_| "---"));
        for row in &self.rows {
            line(&mut row.iter().map(String::as_str));
        }
        text
    }
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

/// The goals of all sections, as one table.
#[must_use]
pub fn goals(sections: &[Section]) -> Table {
    let mut table = Table::new(&["figure", "measured", "goal", "met"]);
    for goal in sections.iter().flat_map(|section| &section.goals) {
        let met = if goal.is_met { "yes" } else { "**no**" };
        table.row([goal.figure.clone(), goal.measured.clone(), goal.goal.clone(), met.to_owned()]);
    }
    table
}

/// The number with `digits` after the point. Zero has no sign.
fn rounded(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    let is_zero = text.strip_prefix('-').is_some_and(|rest| rest.bytes().all(|byte| matches!(byte, b'0' | b'.')));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text }
}

/// Milliseconds with one digit after the point.
#[must_use]
pub fn ms(duration: Duration) -> String {
    format!("{:.1}", millis(duration))
}

/// Milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A value of which `share` (0 to 1) of all values are at most as large. Zero of none.
#[must_use]
pub fn quantile(values: &[Duration], share: f64) -> Duration {
    let mut values = values.to_vec();
    values.sort_unstable();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place")]
    let place = (values.len() as f64 * share).ceil() as usize;
    values.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

/// The median.
#[must_use]
pub fn median(values: &[Duration]) -> Duration {
    quantile(values, 0.5)
}

/// `part / whole`; NaN if there is no whole.
#[must_use]
pub fn ratio(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { f64::NAN } else { part.as_secs_f64() / whole.as_secs_f64() }
}

/// `sum / count`; NaN if there are none.
#[must_use]
pub fn per(sum: f64, count: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a count of calls")]
    if count == 0 { f64::NAN } else { sum / count as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_is_a_value_that_was_measured() {
        let values: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(median(&values), Duration::from_millis(50));
        assert_eq!(quantile(&values, 0.99), Duration::from_millis(99));
        assert_eq!(quantile(&values, 1.0), Duration::from_millis(100));
        assert_eq!(median(&[]), Duration::ZERO);
    }

    #[test]
    fn table_is_aligned_markdown() {
        let mut table = Table::new(&["a", "figure"]);
        table.row(["1.5".to_owned(), "≤ 2".to_owned()]);
        assert_eq!(table.markdown(), "| a   | figure |\n| --- | ---    |\n| 1.5 | ≤ 2    |\n");
    }

    #[test]
    fn rounded_zero_has_no_sign() {
        let measured = |figure: f64| Goal::at_most("x", figure, 1.0, 1).measured;
        assert_eq!([-0.04, -0.06, 0.04, -10.0].map(measured), ["0.0", "-0.1", "0.0", "-10.0"]);
    }

    #[test]
    fn text_is_wrapped_at_spaces_only() {
        let text = format!("{} `send-message`", "x".repeat(MAX_COLUMNS - 8));
        let lines = Section { text, ..Section::default() }.wrapped_text();
        assert_eq!(lines.lines().last(), Some("`send-message`"));
    }

    #[test]
    fn missing_figure_meets_no_goal() {
        assert!(Goal::at_most("x", 2.0, 2.0, 1).is_met);
        assert!(!Goal::at_most("x", f64::NAN, 2.0, 1).is_met);
        assert!(!Goal::at_least("x", 1.9, 2.0, 1).is_met);
        assert!(Goal::exactly("x", 3.0, 3.0).is_met);
        assert!(!Goal::exactly("x", 3.5, 3.0).is_met);
        for (measured, is_met) in [(89.0, false), (90.0, true), (110.0, true), (111.0, false), (f64::NAN, false)] {
            assert_eq!(Goal::about("x", measured, 100.0, 0.1).is_met, is_met, "{measured}");
        }
    }
}
