//! JSON Schemas: a short type for table cells and links, and a full description with a table of members.

use super::documents::{Documents, Place};
use super::{examples, text};
use maud::{Markup, html};
use serde_json::Value;

/// The keywords that this module describes in words. Other keywords are shown as JSON.
const RENDERED_KEYWORDS: [&str; 27] = [
    "$ref",
    "type",
    "title",
    "description",
    "const",
    "enum",
    "format",
    "default",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "properties",
    "patternProperties",
    "additionalProperties",
    "required",
    "items",
    "allOf",
    "anyOf",
    "oneOf",
    "examples",
];

/// The full description of a schema. With a name, its members get ids, because references point at them.
pub(super) fn block(documents: &Documents, schema: Place<'_>, name: Option<&str>) -> Markup {
    let limits = limits(schema.value);
    html! {
        (text::blocks(schema.text("description")))
        @if is_plain(schema) {
            p { "Type: " (short_type(documents, schema)) @if !limits.is_empty() { " – " (joined(&limits)) } }
        } @else if !limits.is_empty() {
            p { "Limits: " (joined(&limits)) }
        }
        (alternatives(documents, schema))
        (members(documents, schema, name))
        (rest(schema))
        @for example in schema.get("examples").items() {
            details { summary { "Example" } pre { code { (examples::json(example.value)) } } }
        }
    }
}

/// The schemas in `oneOf`, `anyOf` and `allOf`.
fn alternatives(documents: &Documents, schema: Place<'_>) -> Markup {
    html! {
        @for (key, title) in [("oneOf", "Exactly one of:"), ("anyOf", "At least one of:"), ("allOf", "All of:")] {
            @if schema.value[key].is_array() {
                p { (title) }
                ul { @for part in schema.get(key).items() { li { (alternative(documents, part)) } } }
            }
        }
    }
}

/// The keywords that are shown as JSON.
fn rest(schema: Place<'_>) -> Markup {
    let rest: Vec<_> = schema.members().filter(|(key, _)| !RENDERED_KEYWORDS.contains(key)).collect();
    html! {
        @if !rest.is_empty() {
            p { "Other keywords, as JSON Schema:" }
            @for (key, part) in rest { pre { code { (key) ": " (examples::json(part.value)) } } }
        }
    }
}

/// A link if the schema is a reference, otherwise its full description.
fn alternative(documents: &Documents, schema: Place<'_>) -> Markup {
    if schema.reference().is_none() {
        return block(documents, schema, None);
    }
    let description = documents.resolve(schema).text("description");
    html! { (short_type(documents, schema)) @if !description.is_empty() { " – " (text::inline(description)) } }
}

/// Whether the short type describes the schema fully.
fn is_plain(schema: Place<'_>) -> bool {
    let composite_keywords = ["oneOf", "anyOf", "allOf", "properties", "patternProperties"];
    schema.value.is_boolean()
        || (composite_keywords.iter().all(|key| schema.value.get(key).is_none())
            && ["$ref", "type", "const", "enum"].iter().any(|key| schema.value.get(key).is_some()))
}

/// The short type, such as "array of Message".
pub(super) fn short_type(documents: &Documents, schema: Place<'_>) -> Markup {
    if let Some(reference) = schema.reference() {
        return match documents.link(schema.api, reference) {
            Some((name, id)) => html! { a href={ "#" (id) } { (name) } },
            None => html! { code { (reference) } },
        };
    }
    let value = schema.value;
    for (key, between) in [("allOf", " and "), ("oneOf", " or "), ("anyOf", " or ")] {
        if value[key].is_array() {
            // If allOf only restricts a named schema, show only that name.
            let parts: Vec<_> = schema.get(key).items().collect();
            let named = |part: &&Place<'_>| key != "allOf" || part.reference().is_some();
            let shown: Vec<_> = parts.iter().filter(named).collect();
            let shown = if shown.is_empty() { parts.iter().collect() } else { shown };
            return html! { @for (at, part) in shown.into_iter().enumerate() { @if at > 0 { (between) } (short_type(documents, *part)) } };
        }
    }
    match value {
        Value::Bool(true) => return html! { "anything" },
        Value::Bool(false) => return html! { "not allowed" },
        _ => {}
    }
    if let Some(value) = value.get("const") {
        return html! { code { (value) } };
    }
    if let Some(values) = value["enum"].as_array() {
        return html! { @for (at, value) in values.iter().enumerate() { @if at > 0 { " or " } code { (value) } } };
    }
    match &value["type"] {
        Value::String(name) if name == "array" && value.get("items").is_some() => {
            html! { "array of " (short_type(documents, schema.get("items"))) }
        }
        Value::String(name) => html! { (name) },
        Value::Array(names) => {
            html! { @for (at, name) in names.iter().enumerate() { @if at > 0 { " or " } (name.as_str().unwrap_or("?")) } }
        }
        _ if value.get("properties").is_some() => html! { "object" },
        _ => html! { "anything" },
    }
}

fn members(documents: &Documents, schema: Place<'_>, name: Option<&str>) -> Markup {
    let required: Vec<&str> = schema.get("required").items().filter_map(|name| name.value.as_str()).collect();
    let properties = schema.get("properties");
    // Required members come first, in the order of the file.
    let first = required.iter().map(|name| (*name, properties.get(name)));
    let others = properties.members().filter(|(name, _)| !required.contains(name));
    let rows: Vec<_> = first.filter(|(_, member)| !member.value.is_null()).chain(others).collect();
    let patterns: Vec<_> = schema.get("patternProperties").members().collect();
    let elsewhere = required.iter().filter(|name| properties.value.get(**name).is_none());
    let elsewhere: Vec<String> = elsewhere.map(|name| format!("`{name}`")).collect();
    let additional = &schema.value["additionalProperties"];
    html! {
        @if !(rows.is_empty() && patterns.is_empty()) {
            div.wide { table {
                thead { tr { th { "Member" } th { "Type" } th { "Required" } th { "Limits" } th { "Description" } } }
                tbody {
                    @for (member, place) in rows {
                        tr id=[name.map(|name| place.api.id("schema", &format!("{name}.{member}")))] {
                            th scope="row" { code { (member) } }
                            (cells(documents, place, Some(required.contains(&member))))
                        }
                    }
                    @for (pattern, place) in patterns {
                        tr { th scope="row" { "each " code { (pattern) } } (cells(documents, place, None)) }
                    }
                }
            } }
        }
        @if !elsewhere.is_empty() { p { "Required: " (text::inline(&elsewhere.join(", "))) } }
        @match additional {
            Value::Bool(false) => p.small { "No other members." },
            Value::Object(_) => p { "Every other member: " (short_type(documents, schema.with(additional))) },
            _ => {}
        }
    }
}

/// The columns type, required, limits and description.
pub(super) fn cells(documents: &Documents, schema: Place<'_>, required: Option<bool>) -> Markup {
    let described = levels_of(documents, schema).into_iter().map(|level| level.text("description"));
    let description = described.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let limits: Vec<String> =
        levels_of(documents, schema).into_iter().flat_map(|level| self::limits(level.value)).collect();
    // An unnamed object, or the unnamed objects of an array.
    let inner = if schema.value["items"].is_object() { schema.get("items") } else { schema };
    let parts = ["oneOf", "anyOf", "allOf"].into_iter().flat_map(|key| inner.get(key).items());
    let unnamed = parts.into_iter().any(|part| part.reference().is_none());
    html! {
        td { (short_type(documents, schema)) }
        td { @match required { Some(true) => "yes", Some(false) => "no", None => "" } }
        td { (joined(&limits)) }
        td {
            (text::blocks(description))
            @if inner.value["properties"].is_object() || inner.value["patternProperties"].is_object() {
                (members(documents, inner, None))
            }
            @if unnamed { (alternatives(documents, inner)) }
            (rest(inner))
        }
    }
}

/// The schema, and the schemas that it stands for: the target of its reference, or its only `allOf` member.
fn levels_of<'a>(documents: &'a Documents, schema: Place<'a>) -> Vec<Place<'a>> {
    let mut levels = vec![schema];
    let mut at = schema;
    // The limit ends a cycle of references.
    while levels.len() < 8 {
        let alone = at.value["allOf"].as_array().filter(|parts| parts.len() == 1).and_then(|parts| parts.first());
        let next = match (at.reference(), alone) {
            (Some(_), _) => documents.resolve(at),
            (None, Some(part)) => at.with(part),
            (None, None) => break,
        };
        if std::ptr::eq(next.value, at.value) {
            break;
        }
        at = next;
        levels.push(at);
    }
    levels
}

fn joined(limits: &[String]) -> Markup {
    text::inline(&limits.join(", "))
}

/// The limits of a value, in words.
fn limits(schema: &Value) -> Vec<String> {
    let number = |key: &str| schema.get(key).map(ToString::to_string);
    let range = |least: &str, most: &str, what: &str| {
        let (text_of_range, last) = match (number(least), number(most)) {
            (Some(least), Some(most)) if least == most => (format!("exactly {least}"), most),
            (Some(least), Some(most)) => (format!("{least} to {most}"), most),
            (Some(least), None) => (format!("at least {least}"), least),
            (None, Some(most)) => (format!("at most {most}"), most),
            (None, None) => return None,
        };
        let what = if last == "1" { what.trim_end_matches('s') } else { what };
        Some(format!("{text_of_range}{what}"))
    };
    let text = |key: &str, before: &str| schema[key].as_str().map(|value| format!("{before}`{value}`"));
    [
        range("minLength", "maxLength", " characters"),
        range("minimum", "maximum", ""),
        range("minItems", "maxItems", " items"),
        range("minProperties", "maxProperties", " members"),
        (schema["uniqueItems"] == true).then(|| "no duplicates".to_owned()),
        text("format", "format "),
        text("pattern", "pattern "),
        number("default").map(|value| format!("default `{value}`")),
    ]
    .into_iter()
    .flatten()
    .collect()
}
