//! CloudWatch's embedded metric format: a line of JSON that names the members that are metrics.
//!
//! Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The content of one line.
#[derive(Debug, PartialEq)]
pub(super) struct Document {
    /// The metrics with values, each one once.
    pub(super) metrics: Vec<Metric>,
    /// The line for people: `name=value` pairs, first the other members, then the metrics.
    pub(super) text: String,
}

/// The values of one metric in one document.
#[derive(Debug, PartialEq)]
pub(super) struct Metric {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) unit: Option<String>,
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) max: f64,
}

/// The member `_aws`. Required members are read even if they are not used here, because CloudWatch rejects a document
/// without them.
#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "Timestamp")]
    _timestamp: u64,
    #[serde(rename = "CloudWatchMetrics")]
    directives: Vec<Directive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: String,
    #[serde(rename = "Dimensions")]
    _dimensions: Vec<Vec<String>>,
    metrics: Vec<Definition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: String,
    unit: Option<String>,
}

/// The values of a metric in the document.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(f64),
    Many(Vec<f64>),
    #[serde(rename_all = "PascalCase")]
    Counted {
        values: Vec<f64>,
        counts: Vec<u64>,
    },
}

/// Parses a line. None if it is not a valid document. A metric without a member is ignored, as in CloudWatch.
pub(super) fn read(line: &str) -> Option<Document> {
    // Most lines are not documents. This check avoids parsing them.
    if !line.trim_start().starts_with('{') || !line.contains("\"_aws\"") {
        return None;
    }
    let mut members: Map<String, Value> = serde_json::from_str(line).ok()?;
    let metadata = Metadata::deserialize(members.remove("_aws")?).ok()?;
    let (mut metrics, mut seen, mut names) = (Vec::new(), BTreeSet::new(), Vec::new());
    for Directive { namespace, metrics: definitions, .. } in metadata.directives {
        for Definition { name, unit } in definitions {
            // A name may occur for several sets of dimensions. Count it once.
            if !seen.insert((namespace.clone(), name.clone())) {
                continue;
            }
            if let Some(value) = members.get(&name) {
                let values = Values::deserialize(value).ok()?;
                metrics.extend(values.sum_up(&namespace, &name, unit)?);
                names.push(name);
            }
        }
    }
    Some(Document { metrics, text: text(members, &names) })
}

impl Values {
    /// None if the values are invalid, `Some(None)` if there are no values.
    #[expect(clippy::option_option, reason = "an invalid document differs from a document without values")]
    fn sum_up(self, namespace: &str, name: &str, unit: Option<String>) -> Option<Option<Metric>> {
        let counted: Vec<(f64, u64)> = match self {
            Self::One(value) => vec![(value, 1)],
            Self::Many(values) => values.into_iter().map(|value| (value, 1)).collect(),
            Self::Counted { values, counts } if values.len() == counts.len() => {
                values.into_iter().zip(counts).collect()
            }
            Self::Counted { .. } => return None,
        };
        let with_values = counted.into_iter().filter(|(_, count)| *count > 0);
        #[expect(clippy::cast_precision_loss, reason = "a sum of doubles is not exact either")]
        let add = |(count, sum, max): (u64, f64, f64), (value, times): (f64, u64)| {
            (count.saturating_add(times), sum + value * times as f64, max.max(value))
        };
        let (count, sum, max) = with_values.fold((0, 0.0, f64::NEG_INFINITY), add);
        let metric = || Metric { namespace: namespace.to_owned(), name: name.to_owned(), unit, count, sum, max };
        Some((count > 0).then(metric))
    }
}

/// `name=value` pairs: first the members that are not metrics, by name, then the metrics in the order of the document.
/// Null values are left out.
fn text(mut members: Map<String, Value>, names: &[String]) -> String {
    let mut last = Vec::new();
    for name in names {
        // Two namespaces may have a metric with the same name, but the document has one member.
        last.extend(members.remove_entry(name));
    }
    let all = members.into_iter().chain(last).filter(|(_, value)| !value.is_null());
    let pairs: Vec<String> = all.map(|(name, value)| format!("{}={}", quoted(&name), value_text(&value))).collect();
    pairs.join(" ")
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(values) => match values.as_slice() {
            [one] => value_text(one),
            _ => value.to_string(),
        },
        _ => value.to_string(),
    }
}

/// Quotes a text unless it is one word. Control characters are escaped, because a terminal would execute them.
fn quoted(text: &str) -> String {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '=' | '\\');
    if text.is_empty() || text.contains(odd) { format!("{text:?}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metric(name: &str, unit: Option<&str>, count: u64, sum: f64, max: f64) -> Metric {
        Metric { namespace: "app".to_owned(), name: name.to_owned(), unit: unit.map(str::to_owned), count, sum, max }
    }

    /// A document of one directive, with these definitions and these members.
    fn line(definitions: &Value, members: &Value) -> String {
        let directive = json!({ "Namespace": "app", "Dimensions": [[]], "Metrics": definitions });
        let mut document = json!({ "_aws": { "Timestamp": 1_763_848_800_000_u64, "CloudWatchMetrics": [directive] } });
        document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        document.to_string()
    }

    #[test]
    fn metric_values_are_a_number_a_list_or_counted() {
        let definitions = json!([
            { "Name": "One", "Unit": "Count" },
            { "Name": "Many", "Unit": "Milliseconds", "StorageResolution": 1 },
            { "Name": "Counted" },
            { "Name": "None" },
            { "Name": "NotThere" },
        ]);
        let members = json!({
            "One": 1, "Many": [3.5, 1], "Counted": { "Values": [2, 9.5, 100], "Counts": [3, 1, 0] }, "None": [],
        });
        let document = read(&line(&definitions, &members)).unwrap();
        let expected = [
            metric("One", Some("Count"), 1, 1.0, 1.0),
            metric("Many", Some("Milliseconds"), 2, 4.5, 3.5),
            metric("Counted", None, 4, 15.5, 9.5),
        ];
        assert_eq!(document.metrics, expected);
    }

    #[test]
    fn metric_in_several_directives_counts_once_per_namespace() {
        let directive = |namespace: &str, dimensions: Value| json!({ "Namespace": namespace, "Dimensions": dimensions, "Metrics": [{ "Name": "Sent" }] });
        let directives =
            [directive("app", json!([[]])), directive("app", json!([["route"]])), directive("other", json!([]))];
        let document = json!({ "_aws": { "Timestamp": 1, "CloudWatchMetrics": directives }, "route": "/", "Sent": 2 });
        let document = read(&document.to_string()).unwrap();
        let sums: Vec<_> = document.metrics.iter().map(|metric| (&*metric.namespace, metric.sum)).collect();
        assert_eq!(sums, [("app", 2.0), ("other", 2.0)]);
        assert_eq!(document.text, "route=/ Sent=2");
    }

    #[test]
    fn text_has_properties_and_then_metrics() {
        let definitions = json!([{ "Name": "Requests" }, { "Name": "FanOutMs" }, { "Name": "Many" }]);
        let members = json!({
            "user": "2bd806c97f0e00af", "status": 201, "code": null, "route": "POST /chats/{chatId}/messages",
            "ms": 12, "Requests": 1, "FanOutMs": [3.5], "Many": [1, 2], "object": {"a": 1}, "empty": "",
            "odd": "a=\"b\"\u{1b}[2J\u{9b}",
        });
        assert_eq!(
            read(&line(&definitions, &members)).unwrap().text,
            r#"empty="" ms=12 object={"a":1} odd="a=\"b\"\u{1b}[2J\u{9b}" "#.to_owned()
                + r#"route="POST /chats/{chatId}/messages" status=201 user=2bd806c97f0e00af "#
                + "Requests=1 FanOutMs=3.5 Many=[1,2]"
        );
    }

    #[test]
    fn other_lines_are_not_documents() {
        let sent = json!([{ "Name": "Sent" }]);
        for line in [
            String::new(),
            "plain text with \"_aws\"".to_owned(),
            r#"{"level":"INFO","message":"\"_aws\""}"#.to_owned(),
            r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]}"#.to_owned(),
            r#"["_aws"]"#.to_owned(),
            r#"{"_aws":{}}"#.to_owned(),
            r#"{"_aws":null}"#.to_owned(),
            r#"{"_aws":{"CloudWatchMetrics":[]}}"#.to_owned(),
            r#"{"_aws":{"Timestamp":"now","CloudWatchMetrics":[]}}"#.to_owned(),
            r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"a","Metrics":[]}]}}"#.to_owned(),
            line(&json!([{ "Unit": "Count" }]), &json!({})),
            line(&sent, &json!({ "Sent": "1" })),
            line(&sent, &json!({ "Sent": null })),
            line(&sent, &json!({ "Sent": [1, "2"] })),
            line(&sent, &json!({ "Sent": { "Values": [1], "Counts": [1, 2] } })),
            line(&sent, &json!({ "Sent": { "Values": [1], "Counts": [-1] } })),
        ] {
            assert_eq!(read(&line), None, "{line}");
        }
    }

    #[test]
    fn document_without_metrics_is_valid() {
        let document = read(r#" {"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"level":"INFO"}"#).unwrap();
        assert_eq!(document, Document { metrics: Vec::new(), text: "level=INFO".to_owned() });
    }
}
