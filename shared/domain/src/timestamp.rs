//! Points in time, in milliseconds. Clients see them as RFC 3339 in UTC.

use crate::text::Invalid;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// RFC 3339 in UTC, always with three decimals, so that the texts sort like the times.
const RFC_3339: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// 9999-12-31T23:59:59.999Z, the last time that RFC 3339 can express.
const LAST_MILLIS: i64 = 253_402_300_799_999;

/// Milliseconds since the Unix epoch. Serialized for clients as RFC 3339, e.g. `2026-01-31T09:30:00.125Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// This many milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// This many seconds after the Unix epoch: the unit of a token's `exp` and of DynamoDB's TTL.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time plus `after`.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time so long before this one.
    #[must_use]
    pub fn minus(self, before: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(before.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time from `earlier` to this; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }
}

impl Timestamp {
    /// Parses RFC 3339 with any offset. Fractions of a millisecond are cut off.
    ///
    /// # Errors
    /// [`Invalid`] if the text is not a time.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).ok();
        let millis = parsed.and_then(|time| i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok());
        // With an offset, the last hours of 9999 can be in the year 10000 in UTC, which RFC 3339 cannot express.
        millis
            .filter(|millis| *millis <= LAST_MILLIS)
            .map(Self)
            .ok_or_else(|| Invalid::because("must be a time as in RFC 3339, e.g. 2026-01-31T09:30:00Z"))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .map_err(serde::ser::Error::custom)?
            .format(RFC_3339)
            .map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_is_serialized_as_rfc_3339() {
        let text = serde_json::to_string(&Timestamp::from_millis(1_769_851_800_125)).unwrap();
        assert_eq!(text, "\"2026-01-31T09:30:00.125Z\"");
        assert_eq!(serde_json::to_string(&Timestamp::from_millis(0)).unwrap(), "\"1970-01-01T00:00:00.000Z\"");
    }

    #[test]
    fn parse_accepts_rfc_3339_with_any_offset() {
        for text in ["2026-01-31T09:30:00.125Z", "2026-01-31T10:30:00.125999+01:00", "2026-01-31t09:30:00.125z"] {
            assert_eq!(Timestamp::parse(text), Ok(Timestamp::from_millis(1_769_851_800_125)), "{text}");
        }
        for bad in ["", "tomorrow", "2026-01-31", "2026-01-31T09:30:00", "1769851800", "9999-12-31T23:59:59-01:00"] {
            assert!(Timestamp::parse(bad).is_err(), "{bad}");
        }
    }
}
