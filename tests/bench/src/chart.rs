//! Bar charts as SVG, readable on a light and on a dark page.

use std::fmt::Write as _;

/// A chart of horizontal bars.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// The name of the file, without `.svg`.
    pub name: &'static str,
    /// What the bars show, with the unit.
    pub title: String,
    /// The bars, from top to bottom. A length that is not a number has no bar.
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// The text on the left.
    pub label: String,
    /// How long the bar is, and the number at its end.
    pub value: f64,
    /// Whether it is what the others are compared with.
    pub is_yardstick: bool,
}

const WIDTH: f64 = 760.0;
const LABEL_WIDTH: f64 = 260.0;
/// The space right of the longest bar, for its number.
const NUMBER_WIDTH: f64 = 70.0;
const BAR_HEIGHT: f64 = 18.0;
const ROW_HEIGHT: f64 = 24.0;
const TITLE_HEIGHT: f64 = 34.0;

impl Chart {
    /// Adds a bar.
    pub fn bar(&mut self, label: impl Into<String>, value: f64, is_yardstick: bool) {
        self.bars.push(Bar { label: label.into(), value, is_yardstick });
    }

    /// The chart as an SVG file.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a handful of bars")]
    pub fn svg(&self) -> String {
        let longest = self.bars.iter().map(|bar| bar.value).filter(|value| value.is_finite()).fold(0.0, f64::max);
        let unit = (WIDTH - LABEL_WIDTH - NUMBER_WIDTH) / longest.max(f64::MIN_POSITIVE);
        let height = TITLE_HEIGHT + self.bars.len() as f64 * ROW_HEIGHT + 10.0;
        let mut svg = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">
<style>text {{ font: 13px sans-serif; fill: #57606a }} .title {{ font-weight: bold }}</style>
<text class="title" x="10" y="20">{}</text>
"##,
            escape(&self.title)
        );
        for (number, bar) in self.bars.iter().enumerate() {
            let top = TITLE_HEIGHT + number as f64 * ROW_HEIGHT;
            let (text, length) = (top + BAR_HEIGHT - 5.0, if bar.value.is_finite() { bar.value * unit } else { 0.0 });
            let colour = if bar.is_yardstick { "#8c959f" } else { "#2f81f7" };
            let digits = if bar.value < 10.0 { 2 } else { usize::from(bar.value < 100.0) };
            let _ = writeln!(
                svg,
                r#"<text x="{}" y="{text}" text-anchor="end">{}</text>
<rect x="{LABEL_WIDTH}" y="{top}" width="{length:.1}" height="{BAR_HEIGHT}" fill="{colour}"/>
<text x="{:.1}" y="{text}">{:.digits$}</text>"#,
                LABEL_WIDTH - 8.0,
                escape(&bar.label),
                LABEL_WIDTH + length + 6.0,
                bar.value,
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_bar_fills_the_width_and_texts_are_escaped() {
        let mut chart = Chart { name: "x", title: "a < b".to_owned(), bars: Vec::new() };
        chart.bar("half", 5.0, false);
        chart.bar("all", 10.0, true);
        let svg = chart.svg();
        assert!(svg.contains(r#"width="215.0""#) && svg.contains(r#"width="430.0""#), "{svg}");
        assert!(svg.contains("a &lt; b"), "{svg}");
    }
}
