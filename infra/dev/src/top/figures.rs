//! Numbers as they are printed.

/// A whole number without a point, any other with as many digits as a glance takes in: six, and a sign.
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

/// A count.
pub(super) fn count(count: u64) -> String {
    number(float(count))
}

/// A count as a number that can be divided. Beyond 2^53 it is not exact, and nobody counts that far here.
#[expect(clippy::cast_precision_loss, reason = "said above")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

/// A rate, or a dash while it is not known.
pub(super) fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "-".to_owned(), |rate| if rate < 1000.0 { format!("{rate:.1}") } else { number(rate) })
}

/// `1:02:03`.
pub(super) fn time(millis: u64) -> String {
    let seconds = millis / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
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
