//! The fields of a request, from its JSON body, frame, path and query string. An error names every wrong field and
//! every field that the request does not have.

use crate::problem::{FieldError, Problem};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The fields that are not parsed yet, and the errors of those that are.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    unparsed: BTreeMap<String, FieldValue>,
    errors: Vec<FieldError>,
}

#[derive(Debug)]
enum FieldValue {
    /// From a body or a frame.
    Json(Value),
    /// From a path or a query string, where a number is text too.
    Text(String),
}

impl Fields {
    /// Collects the fields of the body or frame, the path and the query string.
    pub(crate) fn new(json: Map<String, Value>, text: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut fields = Self::default();
        fields.unparsed.extend(json.into_iter().map(|(name, value)| (name, FieldValue::Json(value))));
        for (name, value) in text {
            if fields.unparsed.insert(name.clone(), FieldValue::Text(value)).is_some() {
                fields.wrong(name, "is given twice: send it only in the path or the query string");
            }
        }
        fields
    }

    /// Parses a required field; None if it is missing or wrong.
    pub(crate) fn required<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.optional(name)?;
        if value.is_none() {
            self.wrong(name, "is required");
        }
        value
    }

    /// Parses an optional field; null counts as absent. The outer None means that the field is wrong.
    #[allow(clippy::option_option)]
    pub(crate) fn optional<T: DeserializeOwned>(&mut self, name: &str) -> Option<Option<T>> {
        let value = match self.unparsed.remove(name) {
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

    /// Parses a number from 0 up, given as JSON or as text. The outer None means that the field is wrong.
    #[allow(clippy::option_option)]
    pub(crate) fn number(&mut self, name: &str) -> Option<Option<u64>> {
        let number = match self.unparsed.remove(name) {
            None | Some(FieldValue::Json(Value::Null)) => return Some(None),
            Some(FieldValue::Json(value)) => value.as_u64(),
            Some(FieldValue::Text(text)) => text.parse().ok(),
        };
        if number.is_none() {
            self.wrong(name, "must be a whole number, 0 or more");
        }
        number.map(Some)
    }

    /// Records that a field is wrong.
    pub(crate) fn wrong(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.errors.push(FieldError { field: field.into(), reason: reason.into() });
    }

    /// Returns the result of `build` if every field is right and no unknown field is left. `build` returns None only if
    /// a field is wrong.
    pub(crate) fn finish<T>(mut self, build: impl FnOnce() -> Option<T>) -> Result<T, Problem> {
        for name in std::mem::take(&mut self.unparsed).into_keys() {
            self.wrong(name, "is not a field of this request");
        }
        match build() {
            Some(value) if self.errors.is_empty() => Ok(value),
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
        let Value::Object(json) = json else { panic!("not a JSON object") };
        Fields::new(json, text.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn wrong_fields(problem: &Problem) -> Vec<&str> {
        problem.errors.iter().map(|error| error.field.as_str()).collect()
    }

    #[test]
    fn error_names_all_wrong_fields() {
        let mut fields =
            fields(json!({"users": ["ok", "not ok"], "flag": 5, "extra": 1, "null": null}), &[("limit", "-1")]);
        let users = fields.required::<Vec<UserId>>("users");
        let flag = fields.required::<bool>("flag");
        let missing = fields.required::<bool>("missing");
        let null = fields.optional::<bool>("null");
        let limit = fields.number("limit");
        let problem = fields.finish(|| Some((users?, flag?, missing?, null?, limit?))).unwrap_err();
        assert_eq!(wrong_fields(&problem), ["users[1]", "flag", "missing", "limit", "extra"]);
    }

    #[test]
    fn number_may_be_text_only_in_path_and_query() {
        assert_eq!(fields(json!({}), &[("n", "7")]).number("n"), Some(Some(7)));
        assert_eq!(fields(json!({"n": 7}), &[]).number("n"), Some(Some(7)));
        for wrong in [json!("7"), json!(-7), json!(7.5), json!([7])] {
            assert_eq!(fields(json!({"n": wrong}), &[]).number("n"), None);
        }
    }

    #[test]
    fn field_of_the_path_is_rejected_in_the_body() {
        let fields = fields(json!({"chatId": "other"}), &[("chatId", "c1")]);
        assert_eq!(wrong_fields(&fields.finish(|| Some(())).unwrap_err())[0], "chatId");
    }
}
