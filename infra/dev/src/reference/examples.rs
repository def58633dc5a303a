//! Examples, as JSON.

use super::documents::Place;
use maud::{Markup, html};
use serde_json::Value;

/// The examples of a message.
pub(super) fn of(message: Place<'_>) -> Markup {
    let examples = message.get("examples").items().filter_map(|example| {
        Some((
            example.value["name"].as_str().unwrap_or("example"),
            example.text("summary"),
            example.value.get("payload")?,
        ))
    });
    html! {
        @for (name, summary, value) in examples {
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
