//! Custom data: a JSON object that an application attaches to a message, a group or a user. The system stores it and
//! returns it, and reads nothing in it.

use crate::number::MAX_WHOLE_NUMBER;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A JSON object with at least one member, in its canonical form (RFC 8785): no white space, members sorted, one way
/// to write each number and each text. So two values are equal exactly if their objects are, in whatever order their
/// members were sent.
///
/// It is kept as text, and stored so: a map of DynamoDB would change numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom(String);

impl Custom {
    /// The most bytes in canonical form, of a message or a group.
    pub const MAX_BYTES: usize = 2048;
    /// The most bytes in canonical form, of a user.
    pub const MAX_USER_BYTES: usize = 512;
    /// The most objects and lists in one another, the object itself included.
    pub const MAX_DEPTH: usize = 8;

    /// Checks an object. None for `{}`, which counts as no custom data.
    ///
    /// # Errors
    /// [`InvalidCustom`] with the rule that the value breaks.
    pub fn parse(value: &Value, max_bytes: usize) -> Result<Option<Self>, InvalidCustom> {
        let Value::Object(members) = value else { return Err(InvalidCustom::NotAnObject) };
        if members.is_empty() {
            return Ok(None);
        }
        check(value, Self::MAX_DEPTH)?;
        // Only a number that is not finite cannot be written, and JSON has none.
        let text = serde_json_canonicalizer::to_string(value).ok().ok_or(InvalidCustom::Number)?;
        if text.len() > max_bytes {
            return Err(InvalidCustom::TooLarge { limit: max_bytes });
        }
        Ok(Some(Self(text)))
    }

    /// Reads a stored text: an object with members, in any form.
    ///
    /// # Errors
    /// [`InvalidCustom`], also for a text that is no JSON.
    pub fn from_json(text: &str) -> Result<Self, InvalidCustom> {
        let value = serde_json::from_str(text).ok().ok_or(InvalidCustom::NotAnObject)?;
        Self::parse(&value, Self::MAX_BYTES)?.ok_or(InvalidCustom::NotAnObject)
    }

    /// The object in canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks the depth and the numbers of a value that may have `depth` levels.
fn check(value: &Value, depth: usize) -> Result<(), InvalidCustom> {
    let deeper = || depth.checked_sub(1).ok_or(InvalidCustom::TooDeep);
    match value {
        Value::Object(members) => {
            let depth = deeper()?;
            members.values().try_for_each(|value| check(value, depth))
        }
        Value::Array(values) => {
            let depth = deeper()?;
            values.iter().try_for_each(|value| check(value, depth))
        }
        #[allow(clippy::cast_precision_loss)] // exact
        Value::Number(number) => match number.as_f64() {
            Some(number) if number.abs() <= MAX_WHOLE_NUMBER as f64 => Ok(()),
            _ => Err(InvalidCustom::Number),
        },
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

/// As an object in JSON.
impl Serialize for Custom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<Value>(&self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// The rule that custom data breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCustom {
    /// It is no JSON object.
    #[error("must be a JSON object")]
    NotAnObject,
    /// It has too many levels.
    #[error("must have at most {} objects and lists in one another", Custom::MAX_DEPTH)]
    TooDeep,
    /// It has a number that not every reader of JSON keeps. Both sides of the range are those of whole numbers that a
    /// double holds exactly (RFC 8259, section 6).
    #[error("must have numbers from -{max} to {max} only; write others as strings", max = MAX_WHOLE_NUMBER)]
    Number,
    /// It has too many bytes.
    #[error("must be at most {limit} bytes as JSON without white space")]
    TooLarge {
        /// The most bytes.
        limit: usize,
    },
}

#[cfg(test)]
mod tests;
