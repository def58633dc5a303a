//! Formats numbers for the screen.

/// At most six characters and a sign. A whole number below a million has no decimal point.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e6 {
        format!("{value:.0}")
    } else if size < 10.0 {
        format!("{value:.2}")
    } else if size < 1000.0 {
        format!("{value:.1}")
    } else if size < 1e6 {
        format!("{value:.0}")
    } else if size < 1e9 {
        format!("{:.1}M", value / 1e6)
    } else {
        format!("{:.1}G", value / 1e9)
    }
}

pub(super) fn count(count: u64) -> String {
    number(float(count))
}

/// Converts a count for division. It is not exact beyond 2^53, which no count here reaches.
#[expect(clippy::cast_precision_loss, reason = "see the comment above")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

/// A rate per second, or a dash if it is unknown.
pub(super) fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "-".to_owned(), |rate| if rate < 1000.0 { format!("{rate:.1}") } else { number(rate) })
}

/// Hours, minutes and seconds, such as `1:02:03`.
pub(super) fn time(millis: u64) -> String {
    let seconds = millis / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_at_most_six_characters() {
        for (value, printed) in [
            (0.0, "0"),
            (0.1 + 0.2, "0.30"),
            (12.34, "12.3"),
            (-1.5, "-1.50"),
            (1234.56, "1235"),
            (999_999.0, "999999"),
            (1_234_567.0, "1.2M"),
            (-999_900_000.0, "-999.9M"),
            (12_345_678_900.5, "12.3G"),
        ] {
            assert_eq!(number(value), printed);
            assert!(printed.trim_start_matches('-').len() <= 6, "{printed}");
        }
        assert_eq!(count(42), "42");
        assert_eq!([None, Some(0.0), Some(0.25), Some(12_345.6)].map(rate), ["-", "0.0", "0.2", "12346"]);
        assert_eq!([0, 59_999, 3_723_000, 360_000_000].map(time), ["0:00:00", "0:00:59", "1:02:03", "100:00:00"]);
    }
}
