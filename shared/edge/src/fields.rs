//! The fields of a request, wherever they stood: JSON body, frame, path, query string. Every field that is wrong is
//! named, also the one that nobody asked for.

use crate::problem::{FieldError, Problem};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The fields that were given and not taken yet, and what was wrong with those that were.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    given: BTreeMap<String, FieldValue>,
    errors: Vec<FieldError>,
}

#[derive(Debug)]
enum FieldValue {
    /// In a body or a frame.
    Json(Value),
    /// In a path or a query string, where a number is text too.
    Text(String),
}

impl Fields {
    /// The fields of a body or frame, of the path and of the query string.
    pub(crate) fn new(json: Map<String, Value>, text: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut fields = Self::default();
        fields.given.extend(json.into_iter().map(|(name, value)| (name, FieldValue::Json(value))));
        for (name, value) in text {
            if fields.given.insert(name.clone(), FieldValue::Text(value)).is_some() {
                fields.wrong(name, "is given twice: it belongs into the path or the query string");
            }
        }
        fields
    }

    /// A field that must be there.
    pub(crate) fn required<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.optional(name)?;
        if value.is_none() {
            self.wrong(name, "is required");
        }
        value
    }

    /// A field that may be absent; null counts as absent. The outer None means that it is wrong.
    #[allow(clippy::option_option)]
    pub(crate) fn optional<T: DeserializeOwned>(&mut self, name: &str) -> Option<Option<T>> {
        let value = match self.given.remove(name) {
            None | Some(FieldValue::Json(Value::Null)) => return Some(None),
            Some(FieldValue::Json(value)) => value,
            Some(FieldValue::Text(text)) => Value::String(text),
        };
        match serde_path_to_error::deserialize::<_, T>(value) {
            Ok(value) => Some(Some(value)),
            Err(error) => {
                let path = error.path().to_string();
                let field = match path.as_str() {
                    "." => name.to_owned(),
                    inner if inner.starts_with('[') => format!("{name}{inner}"),
                    inner => format!("{name}.{inner}"),
                };
                self.wrong(field, error.into_inner().to_string());
                None
            }
        }
    }

    /// A whole number that is not negative, as JSON or as text.
    #[allow(clippy::option_option)]
    pub(crate) fn number(&mut self, name: &str) -> Option<Option<u64>> {
        let number = match self.given.remove(name) {
            None | Some(FieldValue::Json(Value::Null)) => return Some(None),
            Some(FieldValue::Json(value)) => value.as_u64(),
            Some(FieldValue::Text(text)) => text.parse().ok(),
        };
        if number.is_none() {
            self.wrong(name, "must be a whole number, 0 or more");
        }
        number.map(Some)
    }

    /// Says that a field is wrong.
    pub(crate) fn wrong(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.errors.push(FieldError { field: field.into(), reason: reason.into() });
    }

    /// What was made of the fields, if each was right and none is left. `make` answers None only if one was wrong.
    pub(crate) fn finish<T>(mut self, make: impl FnOnce() -> Option<T>) -> Result<T, Problem> {
        for name in std::mem::take(&mut self.given).into_keys() {
            self.wrong(name, "is not a field of this request");
        }
        match make() {
            Some(made) if self.errors.is_empty() => Ok(made),
            _ => Err(Problem::fields(self.errors)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::UserId;
    use serde_json::json;

    fn fields(json: Value, text: &[(&str, &str)]) -> Fields {
        let Value::Object(json) = json else { panic!("an object") };
        Fields::new(json, text.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn named(problem: &Problem) -> Vec<&str> {
        problem.errors.iter().map(|error| error.field.as_str()).collect()
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let mut given =
            fields(json!({"users": ["ok", "not ok"], "flag": 5, "extra": 1, "null": null}), &[("limit", "-1")]);
        let users = given.required::<Vec<UserId>>("users");
        let flag = given.required::<bool>("flag");
        let missing = given.required::<bool>("missing");
        let null = given.optional::<bool>("null");
        let limit = given.number("limit");
        let problem = given.finish(|| Some((users?, flag?, missing?, null?, limit?))).unwrap_err();
        assert_eq!(named(&problem), ["users[1]", "flag", "missing", "limit", "extra"]);
    }

    #[test]
    fn a_number_is_text_only_where_everything_is() {
        assert_eq!(fields(json!({}), &[("n", "7")]).number("n"), Some(Some(7)));
        assert_eq!(fields(json!({"n": 7}), &[]).number("n"), Some(Some(7)));
        for wrong in [json!("7"), json!(-7), json!(7.5), json!([7])] {
            assert_eq!(fields(json!({"n": wrong}), &[]).number("n"), None);
        }
    }

    #[test]
    fn what_the_path_says_cannot_be_said_again() {
        let given = fields(json!({"chatId": "other"}), &[("chatId", "c1")]);
        assert_eq!(named(&given.finish(|| Some(())).unwrap_err())[0], "chatId");
    }
}
