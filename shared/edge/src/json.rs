//! Reads the JSON of clients.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// The key with which serde_json writes JSON that is kept as text. If it is the first key of an object, serde_json puts
/// the JSON in its value in the place of the object (with the feature `raw_value`, which lambda_http switches on). It
/// does so again in that JSON, without its limit on depth, so a small body can overflow the stack.
const RAW_VALUE_KEY: &str = "$serde_json::private::RawValue";

/// Reads a JSON text, at most 128 levels deep.
///
/// # Errors
/// If it is no JSON, or has [`RAW_VALUE_KEY`].
pub(crate) fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice::<PlainJson>(text)?;
    serde_json::from_slice(text)
}

/// Any JSON without [`RAW_VALUE_KEY`]. Holds nothing of it.
struct PlainJson;

impl<'de> Deserialize<'de> for PlainJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for PlainJson {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self, A::Error> {
        while values.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            if key == RAW_VALUE_KEY {
                return Err(A::Error::custom(format!("the key {RAW_VALUE_KEY} is reserved")));
            }
            members.next_value::<Self>()?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ordinary_json_is_read() {
        let value = json!({"a": [1, -2, 0.5, 1e300, null, true, "\u{e9}\n", {"b": {}}], "$serde_json": 18_446_744_073_709_551_615_u64});
        assert_eq!(parse(value.to_string().as_bytes()).unwrap(), value);
        assert!(parse(b"{\"a\":}").is_err() && parse(b"").is_err() && parse(b"{} {}").is_err());
        assert!(parse("[".repeat(200).as_bytes()).is_err());
    }

    #[test]
    fn embedded_json_is_refused_wherever_it_is() {
        // The second way to write the key hides it from a search in the text.
        for key in [RAW_VALUE_KEY, "\\u0024serde_json::private::RawValue"] {
            let inner = format!("{{\"{key}\":\"[1]\"}}");
            for text in [inner.clone(), format!("[{inner}]"), format!("{{\"zz\":1,\"a\":{inner}}}")] {
                let error = parse(text.as_bytes()).unwrap_err().to_string();
                assert!(error.contains("is reserved"), "{text}: {error}");
            }
        }
    }

    /// Without the check, this text of 50 KB overflows the stack of a test.
    #[test]
    fn embedded_json_in_embedded_json_does_not_overflow_the_stack() {
        let mut text = "1".to_owned();
        for _ in 0..60 {
            let escaped = text.replace('\\', "\\u005c").replace('"', "\\u0022");
            text = format!("{}{{\"{RAW_VALUE_KEY}\":\"{escaped}\"}}{}", "[".repeat(120), "]".repeat(120));
            if text.len() > 200_000 {
                break;
            }
        }
        assert!(parse(text.as_bytes()).is_err());
    }
}
