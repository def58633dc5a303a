//! The fields of a request, from its JSON body, frame, path and query string. An error names every wrong field and
//! every field that the request does not have.

use crate::problem::Problem;
use domain::number::{MAX_WHOLE_NUMBER, whole_number};
use domain::patch::Patch;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The fields that are not parsed yet, and the problems of those that are.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    unparsed: BTreeMap<String, FieldValue>,
    problems: Vec<Problem>,
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

    /// Takes a field as it is: whether the request may have it depends on another field, which is wrong.
    pub(crate) fn ignore(&mut self, name: &str) {
        self.unparsed.remove(name);
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

    /// Like [`optional`](Self::optional), for a field in which null removes the value. The outer None means that the
    /// field is wrong.
    #[allow(clippy::option_option)]
    pub(crate) fn nullable<T: DeserializeOwned>(&mut self, name: &str) -> Option<Option<Patch<T>>> {
        let is_null = matches!(self.unparsed.get(name), Some(FieldValue::Json(Value::Null)));
        let absent = is_null.then_some(Patch::Remove);
        Some(self.optional(name)?.map_or(absent, |value| Some(Patch::Set(value))))
    }

    /// Parses a whole number, given as JSON or as text. In text it has one form: `+1`, `01` and `1.0` are wrong. The
    /// outer None means that the field is wrong.
    #[allow(clippy::option_option)]
    pub(crate) fn number(&mut self, name: &str) -> Option<Option<u64>> {
        let number = match self.unparsed.remove(name) {
            None | Some(FieldValue::Json(Value::Null)) => return Some(None),
            Some(FieldValue::Json(value)) => whole_number(value).ok(),
            Some(FieldValue::Text(text)) => {
                text.parse().ok().filter(|number: &u64| *number <= MAX_WHOLE_NUMBER && number.to_string() == text)
            }
        };
        if number.is_none() {
            self.wrong(name, format!("must be a whole number from 0 to {MAX_WHOLE_NUMBER}"));
        }
        number.map(Some)
    }

    /// Records that a field is wrong.
    pub(crate) fn wrong(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.problem(Problem::field(field, reason));
    }

    /// Records a problem of one field. If no other field is wrong, it is the response, with its code and limit.
    pub(crate) fn problem(&mut self, problem: impl Into<Problem>) {
        self.problems.push(problem.into());
    }

    /// Returns the result of `build` if every field is right and no unknown field is left. `build` returns None only if
    /// a field is wrong.
    pub(crate) fn finish<T>(mut self, build: impl FnOnce() -> Option<T>) -> Result<T, Problem> {
        for name in std::mem::take(&mut self.unparsed).into_keys() {
            self.wrong(name, "is not a field of this request");
        }
        match build() {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(Self::one_problem(self.problems)),
        }
    }

    /// A problem that names every wrong field.
    fn one_problem(mut problems: Vec<Problem>) -> Problem {
        match problems.pop() {
            Some(only) if problems.is_empty() => only,
            last => Problem::fields(problems.into_iter().chain(last).flat_map(|problem| problem.errors).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;
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
        for wrong in [json!("7"), json!(-7), json!(7.5), json!(9.3e18), json!([7])] {
            assert_eq!(fields(json!({"n": wrong}), &[]).number("n"), None);
        }
    }

    #[test]
    fn number_has_one_form_in_path_and_query() {
        let text = |text: &str| fields(json!({}), &[("n", text)]).number("n").flatten();
        for number in [0, 1, 10, MAX_WHOLE_NUMBER] {
            assert_eq!(text(&number.to_string()), Some(number));
        }
        for wrong in ["", "+1", "01", "00", "-0", "1.0", "1e0", " 1", "1 ", "0x1", "9007199254740992", "\u{661}"] {
            assert_eq!(text(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn number_in_json_is_whole_however_it_is_written() {
        for (number, whole) in [(json!(1.0), 1), (json!(7.0), 7), (json!(0), 0)] {
            assert_eq!(fields(json!({"n": number}), &[]).number("n"), Some(Some(whole)));
        }
    }

    #[test]
    fn null_is_told_from_absent_where_it_means_something() {
        let nullable = |json: Value| fields(json, &[]).nullable::<bool>("flag");
        assert_eq!(nullable(json!({})), Some(None));
        assert_eq!(nullable(json!({"flag": null})), Some(Some(Patch::Remove)));
        assert_eq!(nullable(json!({"flag": true})), Some(Some(Patch::Set(true))));
        assert_eq!(nullable(json!({"flag": 5})), None);
    }

    #[test]
    fn problem_of_the_only_wrong_field_keeps_its_code() {
        let too_many = || Problem::too_many_participants("must name at most 2 users".to_owned(), 2);
        let mut one = Fields::default();
        one.problem(too_many());
        let problem = one.finish(|| Some(())).unwrap_err();
        assert_eq!((problem.code, problem.limit), (Code::TooManyParticipants, Some(2)));
        let mut two = fields(json!({"extra": 1}), &[]);
        two.problem(too_many());
        let problem = two.finish(|| Some(())).unwrap_err();
        assert_eq!((problem.code, problem.limit), (Code::InvalidRequest, None));
        assert_eq!(wrong_fields(&problem), ["participants", "extra"]);
    }

    #[test]
    fn field_of_the_path_is_rejected_in_the_body() {
        let fields = fields(json!({"chatId": "other"}), &[("chatId", "c1")]);
        assert_eq!(wrong_fields(&fields.finish(|| Some(())).unwrap_err())[0], "chatId");
    }
}
