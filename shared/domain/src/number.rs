//! Whole numbers in JSON.

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use std::fmt;

/// The largest whole number that a client can send: 2^53 - 1. JSON has one type of number, and every reader of JSON
/// keeps whole numbers up to this exactly (RFC 8259, section 6).
pub const MAX_WHOLE_NUMBER: u64 = (1 << 53) - 1;

/// Deserializes a whole number from 0 to [`MAX_WHOLE_NUMBER`]. 7.0 is the same number as 7.
///
/// # Errors
/// Of the deserializer, if the value is no such number.
pub fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_u64(WholeNumber)
}

struct WholeNumber;

impl Visitor<'_> for WholeNumber {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from 0 to {MAX_WHOLE_NUMBER}")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        match number {
            0..=MAX_WHOLE_NUMBER => Ok(number),
            _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)] // exact in the range
    fn visit_f64<E: Error>(self, number: f64) -> Result<u64, E> {
        if number.fract() == 0.0 && (0.0..=MAX_WHOLE_NUMBER as f64).contains(&number) {
            return Ok(number as u64);
        }
        Err(E::invalid_value(Unexpected::Float(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn parse(json: &str) -> Option<u64> {
        whole_number(serde_json::from_str::<Value>(json).unwrap()).ok()
    }

    #[test]
    fn number_is_whole_however_it_is_written() {
        for (json, number) in [
            ("0", 0),
            ("7", 7),
            ("1.0", 1),
            ("7.0", 7),
            ("7e0", 7),
            ("0.7e1", 7),
            ("-0", 0),
            ("9007199254740991", MAX_WHOLE_NUMBER),
            ("9007199254740991.0", MAX_WHOLE_NUMBER),
        ] {
            assert_eq!(parse(json), Some(number), "{json}");
        }
        for json in ["7.5", "-1", "-1.0", "9.3e18", "1e300", "9007199254740992", "9007199254740992.0", "\"7\"", "[7]"] {
            assert_eq!(parse(json), None, "{json}");
        }
    }
}
