//! Examples, as JSON.

use super::documents::{Documents, Place};
use maud::{Markup, html};
use serde_json::Value;

/// The examples of a media type, a parameter (`example`, `examples` by name) or a message (`examples` with `payload`s).
pub(super) fn of(documents: &Documents, place: Place<'_>) -> Markup {
    let one = place.value.get("example").map(|value| ("example", "", value));
    let named = place.get("examples").members().filter_map(|(name, example)| {
        let example = documents.resolve(example).value;
        Some((name, example["summary"].as_str().unwrap_or_default(), example.get("value")?))
    });
    let listed = place.get("examples").items().filter_map(|example| {
        let summary = example.text("summary");
        Some((example.value["name"].as_str().unwrap_or("example"), summary, example.value.get("payload")?))
    });
    html! {
        @for (name, summary, value) in one.into_iter().chain(named).chain(listed) {
            details {
                summary { "Example: " (name) @if !summary.is_empty() { " – " (summary) } }
                pre { code { (json(value)) } }
            }
        }
    }
}

/// JSON with indentation.
pub(super) fn json(value: &Value) -> String {
    format!("{value:#}")
}
