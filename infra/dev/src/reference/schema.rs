//! JSON Schemas as lists of fields. The fields of an inner object stand inside of its field.

use super::documents::{Documents, Place};
use super::{examples, text};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeSet;

/// The keywords that this module describes in words. Other keywords are shown as JSON.
const RENDERED_KEYWORDS: [&str; 25] = [
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
    "examples",
];

/// The longest chain of schemas that stand for each other. A longer one is a cycle.
const MAX_LEVELS: usize = 8;

/// An object of a value, with the name of its schema. "" if the schema has no name.
struct Object<'a> {
    name: &'a str,
    place: Place<'a>,
}

/// All fields of a whole value, such as a frame. If the value has alternatives, all fields of each.
pub(super) fn fields_of_value(documents: &Documents, schema: Place<'_>) -> Markup {
    let objects = objects(documents, schema);
    html! {
        @if objects.len() > 1 { p { "Exactly one of:" } }
        @for object in &objects {
            @if objects.len() > 1 { h5 { (object.name) } }
            (text::blocks(object.place.text("description")))
            (fields(documents, object.place, &[object.place.value]))
            @for example in object.place.get("examples").items() {
                details { summary { "Example" } pre { code { (examples::json(example.value)) } } }
            }
        }
    }
}

/// The objects that a value can be, or that the items of an array can be.
fn objects<'a>(documents: &'a Documents, schema: Place<'a>) -> Vec<Object<'a>> {
    let mut found = Vec::new();
    collect_objects(documents, schema, MAX_LEVELS, &mut found);
    found
}

fn collect_objects<'a>(documents: &'a Documents, schema: Place<'a>, levels_left: usize, found: &mut Vec<Object<'a>>) {
    let levels = levels_of(documents, schema);
    let last = levels.last().copied().unwrap_or(schema);
    if levels_left == 0 {
        return;
    }
    if last.value["items"].is_object() {
        collect_objects(documents, last.get("items"), levels_left - 1, found);
    } else if has_fields(documents, last) {
        let name = levels.iter().rev().find_map(|level| level.reference()).map_or("", name_of);
        found.push(Object { name, place: last });
    } else {
        for part in ["oneOf", "anyOf"].into_iter().flat_map(|key| last.get(key).items()) {
            collect_objects(documents, part, levels_left - 1, found);
        }
    }
}

/// Whether the schema itself lists fields, or joins schemas of which one does.
fn has_fields(documents: &Documents, schema: Place<'_>) -> bool {
    let lists = |place: Place<'_>| ["properties", "patternProperties"].iter().any(|key| place.value[*key].is_object());
    lists(schema) || schema.get("allOf").items().any(|part| lists(documents.resolve(part)))
}

/// The last part of a reference, such as `ChatId`.
fn name_of(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

/// The fields of an object. `trail` has the objects around it, and itself.
fn fields(documents: &Documents, object: Place<'_>, trail: &[&Value]) -> Markup {
    let required: Vec<&str> = object.get("required").items().filter_map(|name| name.value.as_str()).collect();
    let properties = object.get("properties");
    // Required fields come first, in the order of the file.
    let first = required.iter().map(|name| (*name, properties.get(name)));
    let others = properties.members().filter(|(name, _)| !required.contains(name));
    let rows: Vec<_> = first.filter(|(_, member)| !member.value.is_null()).chain(others).collect();
    let patterns: Vec<_> = object.get("patternProperties").members().collect();
    let elsewhere = required.iter().filter(|name| properties.value.get(**name).is_none());
    let elsewhere: Vec<String> = elsewhere.map(|name| format!("`{name}`")).collect();
    let additional = &object.value["additionalProperties"];
    html! {
        @for (at, part) in object.get("allOf").items().enumerate() {
            @if at > 0 { p { "In addition:" } }
            @let part = documents.resolve(part);
            @if trail.iter().any(|outer| std::ptr::eq(*outer, part.value)) {
                p.small { "The same fields as around it." }
            } @else {
                (fields(documents, part, &extended(trail, part.value)))
            }
        }
        @if !(rows.is_empty() && patterns.is_empty()) {
            ul.fields {
                @for (name, place) in rows {
                    (field(documents, &html! { code { (name) } }, place, required.contains(&name), trail))
                }
                @for (pattern, place) in patterns {
                    (field(documents, &html! { "each " code { (pattern) } }, place, false, trail))
                }
                @if additional.is_object() {
                    (field(documents, &html! { "every other field" }, object.with(additional), false, trail))
                }
            }
        }
        @if !elsewhere.is_empty() { p { "Required: " (text::inline(&elsewhere.join(", "))) } }
        (rest(documents, object))
    }
}

fn field(documents: &Documents, name: &Markup, schema: Place<'_>, is_required: bool, trail: &[&Value]) -> Markup {
    let levels = levels_of(documents, schema);
    let mut described = levels.iter().map(|level| level.text("description"));
    let description = described.find(|text| !text.is_empty()).unwrap_or_default();
    let objects = objects(documents, schema);
    // The one object of a frame's field, such as `data`, is what a reader looks for.
    let is_open = trail.len() == 1 && objects.len() == 1;
    html! {
        li {
            p.field {
                strong { (name) } " " span.type { (short_type(documents, schema)) }
                @if is_required { " " span.required { "required" } }
                @let limits = limits_of_field(documents, &levels);
                @if !limits.is_empty() { " " small { (text::inline(&limits.join(", "))) } }
            }
            (text::blocks(description))
            @for object in &objects { (inner_object(documents, object, is_open, trail, description)) }
            @for level in levels.into_iter().filter(|level| !has_fields(documents, *level)) {
                (rest(documents, level))
            }
        }
    }
}

/// An object of a field that has this description.
fn inner_object(
    documents: &Documents,
    object: &Object<'_>,
    is_open: bool,
    trail: &[&Value],
    outer_description: &str,
) -> Markup {
    let value = object.place.value;
    let description = Some(object.place.text("description")).filter(|text| *text != outer_description);
    let title = if object.name.is_empty() { "Fields".to_owned() } else { format!("Fields of {}", object.name) };
    html! {
        @if trail.iter().any(|outer| std::ptr::eq(*outer, value)) {
            p.small { (title) ": as around it." }
        } @else {
            details open[is_open] {
                summary { (title) }
                (text::blocks(description.unwrap_or_default()))
                (fields(documents, object.place, &extended(trail, value)))
            }
        }
    }
}

fn extended<'a>(trail: &[&'a Value], object: &'a Value) -> Vec<&'a Value> {
    trail.iter().copied().chain([object]).collect()
}

/// The keywords that are shown as JSON. Alternatives are, if the schema has fields of its own: then they only restrict
/// these.
fn rest(documents: &Documents, schema: Place<'_>) -> Markup {
    let is_rest = |key: &str| {
        !(RENDERED_KEYWORDS.contains(&key) || ["oneOf", "anyOf"].contains(&key) && !has_fields(documents, schema))
    };
    let rest: serde_json::Map<_, _> = schema
        .members()
        .filter(|(key, _)| is_rest(key))
        .map(|(key, part)| (key.to_owned(), part.value.clone()))
        .collect();
    html! {
        @if !rest.is_empty() {
            details { summary { "More rules, as JSON Schema" } pre { code { (examples::json(&Value::Object(rest))) } } }
        }
    }
}

/// The short type, such as "array of string".
fn short_type(documents: &Documents, schema: Place<'_>) -> Markup {
    short_type_within(documents, schema, MAX_LEVELS)
}

fn short_type_within(documents: &Documents, schema: Place<'_>, levels_left: usize) -> Markup {
    let levels = levels_of(documents, schema);
    let last = levels.last().copied().unwrap_or(schema);
    let value = last.value;
    let either =
        |parts: Vec<Markup>| html! { @for (at, part) in parts.iter().enumerate() { @if at > 0 { " or " } (part) } };
    let literal = |value: &Value| html! { code { (value) } };
    if levels_left == 0 || value.get("$ref").is_some() {
        return html! { "anything" };
    }
    if has_fields(documents, last) {
        let name = levels.iter().rev().find_map(|level| level.reference()).map_or("object", name_of);
        return html! { (name) };
    }
    if let Some(key) = ["oneOf", "anyOf"].into_iter().find(|key| value[*key].is_array()) {
        return either(last.get(key).items().map(|part| short_type_within(documents, part, levels_left - 1)).collect());
    }
    if let Some(value) = value.get("const") {
        return literal(value);
    }
    if let Some(values) = value["enum"].as_array() {
        return either(values.iter().map(literal).collect());
    }
    match &value["type"] {
        Value::String(name) if name == "array" && value.get("items").is_some() => {
            html! { "array of " (short_type_within(documents, last.get("items"), levels_left - 1)) }
        }
        Value::String(name) => html! { (name) },
        Value::Array(names) => either(names.iter().map(|name| html! { (name.as_str().unwrap_or("?")) }).collect()),
        _ if value == &Value::Bool(false) => html! { "not allowed" },
        _ => html! { "anything" },
    }
}

/// The schema, and the schemas that it stands for or restricts: the target of its reference, or the members of its
/// `allOf`. The last one says what the value is. A schema that joins several objects is the last one itself.
fn levels_of<'a>(documents: &'a Documents, schema: Place<'a>) -> Vec<Place<'a>> {
    let mut levels = vec![schema];
    let mut at = schema;
    while levels.len() < MAX_LEVELS {
        let parts: Vec<_> = at.get("allOf").items().collect();
        let next = match (at.reference(), &parts[..]) {
            (Some(_), _) => documents.resolve(at),
            (None, [only]) => *only,
            (None, [first, others @ ..]) if !has_fields(documents, at) => {
                levels.extend(others);
                *first
            }
            (None, _) => break,
        };
        if std::ptr::eq(next.value, at.value) {
            break;
        }
        at = next;
        levels.push(at);
    }
    levels
}

/// The limits of a field, of the items of an array, and of alternatives. Each once.
fn limits_of_field(documents: &Documents, levels: &[Place<'_>]) -> Vec<String> {
    let last = levels.last().copied();
    if last.is_some_and(|last| last.value["maxItems"] == 0) {
        return vec!["always empty".to_owned()];
    }
    let mut all: Vec<String> = levels.iter().flat_map(|level| limits(level.value)).collect();
    let items = last.map(|last| last.get("items")).filter(|items| items.value.is_object());
    for level in items.into_iter().flat_map(|items| levels_of(documents, items)) {
        all.extend(limits(level.value).into_iter().map(|limit| format!("each {limit}")));
    }
    let alternatives = last.into_iter().flat_map(|last| ["oneOf", "anyOf"].map(|key| last.get(key)));
    for levels in alternatives.flat_map(Place::items).map(|part| levels_of(documents, part)) {
        let name = levels.iter().rev().map(|level| level.text("type")).find(|name| !["", "object"].contains(name));
        let limits = levels.iter().flat_map(|level| limits(level.value));
        all.extend(name.into_iter().flat_map(|name| limits.clone().map(move |limit| format!("{name}: {limit}"))));
    }
    let mut seen = BTreeSet::new();
    all.retain(|limit| seen.insert(limit.clone()));
    all
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
