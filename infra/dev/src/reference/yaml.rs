//! A YAML document as a JSON value. On the parser that the local cloud has anyway for the template: one on serde would
//! compile a second one.

use saphyr::{Scalar, ScalarStyle, Yaml, YamlLoader};
use saphyr_parser::Parser;
use serde_json::{Map, Value};

/// Parses a file with one document.
///
/// # Errors
/// Where and why the text is not YAML, or what in it JSON cannot hold.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut loader = YamlLoader::<Yaml>::default();
    // Scalars stay text, because saphyr makes a fraction of the largest seq, 2^64 - 1.
    loader.early_parse(false);
    Parser::new_from_str(text).load(&mut loader, true).map_err(|error| error.to_string())?;
    if let Some(error) = loader.error() {
        return Err(error.to_string());
    }
    let mut documents = loader.into_documents();
    match (documents.pop(), documents.is_empty()) {
        (Some(document), true) => to_json(&document),
        (Some(_), false) => Err("the file has more than one YAML document".to_owned()),
        (None, _) => Err("the file is empty".to_owned()),
    }
}

fn to_json(yaml: &Yaml<'_>) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Value(scalar) => scalar_to_json(scalar),
        Yaml::Sequence(items) => Value::Array(items.iter().map(to_json).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let entry = |(key, value): (&Yaml<'_>, &Yaml<'_>)| Ok::<_, String>((key_text(key)?, to_json(value)?));
            Value::Object(entries.iter().map(entry).collect::<Result<Map<_, _>, _>>()?)
        }
        Yaml::Tagged(_, value) => to_json(value)?,
        Yaml::Representation(text, style, tag) => match text.parse::<u64>() {
            Ok(number) if *style == ScalarStyle::Plain && tag.is_none() => number.into(),
            _ => scalar_to_json(
                &Scalar::parse_from_cow_and_metadata(text.clone(), *style, tag.as_ref())
                    .ok_or_else(|| format!("`{text}` is not of its tag"))?,
            ),
        },
        Yaml::Alias(_) | Yaml::BadValue => return Err("a value cannot be resolved".to_owned()),
    })
}

fn scalar_to_json(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => (*value).into(),
        Scalar::Integer(value) => (*value).into(),
        Scalar::FloatingPoint(value) => value.into_inner().into(),
        Scalar::String(value) => value.as_ref().into(),
    }
}

/// A key is text: the status 200 in `responses` is "200".
fn key_text(key: &Yaml<'_>) -> Result<String, String> {
    match to_json(key)? {
        Value::String(text) => Ok(text),
        Value::Null | Value::Array(_) | Value::Object(_) => Err("a key must be text".to_owned()),
        key => Ok(key.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn document_is_the_same_in_json() {
        let text = "a: &it [1, 2.5, 'three', null, true, '4', 18446744073709551615]\n200: *it\nb:\n  c: |\n    two\n    lines\n";
        let list = json!([1, 2.5, "three", null, true, "4", u64::MAX]);
        assert_eq!(parse(text).unwrap(), json!({"a": list, "200": list, "b": {"c": "two\nlines\n"}}));
    }

    #[test]
    fn error_says_where() {
        for (text, part) in [("a: [1", "line"), ("a: 1\na: 2\n", "a"), ("a\n---\nb\n", "more than one"), ("", "empty")]
        {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }
}
