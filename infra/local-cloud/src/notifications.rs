//! SNS for publishing only: each published message becomes an [`Event::Published`], and is delivered to nobody.
//!
//! Source: Amazon SNS API Reference, `PublishBatch`, and its model's Query protocol.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Form, Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::net::TcpListener;

use crate::{Event, Output, guard, ids};

/// The most entries of a batch, and the most bytes of all entries together.
const MAX_BATCH_ENTRIES: usize = 10;
const MAX_BATCH_BYTES: usize = 256 * 1024;

/// Serves until the task is aborted.
pub(crate) async fn serve(listener: TcpListener, output: Output) {
    let router = Router::new().route("/", post(query)).with_state(output).layer(from_fn(guard::no_page));
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the local SNS has stopped: restart the local cloud");
    }
}

/// An error answer: the error code of SNS, and a message.
struct Refusal(&'static str, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(code, message) = self;
        let body = format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
            ids::uuid()
        );
        (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "text/xml")], body).into_response()
    }
}

async fn query(State(output): State<Output>, Form(fields): Form<BTreeMap<String, String>>) -> Response {
    let action = fields.get("Action").map(String::as_str).unwrap_or_default();
    if action != "PublishBatch" {
        return Refusal("InvalidAction", "the local SNS supports only PublishBatch".to_owned()).into_response();
    }
    match batch(&fields) {
        Ok((topic, entries)) => {
            let mut successful = String::new();
            for Entry { id, message, attributes } in entries {
                let topic = topic.rsplit(':').next().unwrap_or_default().to_owned();
                successful.push_str(&format!("<member><Id>{id}</Id><MessageId>{}</MessageId></member>", ids::uuid()));
                output(Event::Published { topic, attributes, message });
            }
            let body = format!(
                "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult>\
                 <Failed/><Successful>{successful}</Successful></PublishBatchResult><ResponseMetadata><RequestId>{}\
                 </RequestId></ResponseMetadata></PublishBatchResponse>",
                ids::uuid()
            );
            ([(CONTENT_TYPE, "text/xml")], body).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

struct Entry {
    id: String,
    message: String,
    attributes: BTreeMap<String, String>,
}

/// Parses a batch: the topic's ARN, and the entries.
fn batch(fields: &BTreeMap<String, String>) -> Result<(&str, Vec<Entry>), Refusal> {
    let topic = fields.get("TopicArn").filter(|arn| arn.starts_with("arn:") && arn.split(':').count() == 6);
    let topic = topic
        .ok_or_else(|| Refusal("InvalidParameter", "TopicArn is missing or is not the ARN of a topic".to_owned()))?;
    let mut entries = Vec::new();
    let mut ids = BTreeSet::new();
    let mut bytes = 0;
    while let Some(id) = fields.get(&format!("PublishBatchRequestEntries.member.{}.Id", entries.len() + 1)) {
        let prefix = format!("PublishBatchRequestEntries.member.{}", entries.len() + 1);
        let is_id = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if id.is_empty() || id.len() > 80 || !id.chars().all(is_id) {
            return Err(Refusal(
                "InvalidBatchEntryId",
                "the id of an entry must have 1 to 80 letters, digits, - or _".to_owned(),
            ));
        }
        if !ids.insert(id) {
            return Err(Refusal("BatchEntryIdsNotDistinct", format!("two entries have the id {id}")));
        }
        let message = fields.get(&format!("{prefix}.Message")).filter(|message| !message.is_empty());
        let message = message.ok_or_else(|| Refusal("InvalidParameter", format!("entry {id} has no message")))?;
        let attributes = attributes(fields, &prefix);
        bytes += message.len() + attributes.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        entries.push(Entry { id: id.clone(), message: message.clone(), attributes });
    }
    match entries.len() {
        0 => Err(Refusal("EmptyBatchRequest", "the batch has no entries".to_owned())),
        1..=MAX_BATCH_ENTRIES if bytes <= MAX_BATCH_BYTES => Ok((topic, entries)),
        1..=MAX_BATCH_ENTRIES => {
            Err(Refusal("BatchRequestTooLong", format!("the batch has more than {MAX_BATCH_BYTES} bytes")))
        }
        _ => {
            Err(Refusal("TooManyEntriesInBatchRequest", format!("the batch has more than {MAX_BATCH_ENTRIES} entries")))
        }
    }
}

fn attributes(fields: &BTreeMap<String, String>, prefix: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    for index in 1.. {
        let field = |name: &str| fields.get(&format!("{prefix}.MessageAttributes.entry.{index}.{name}"));
        let (Some(name), Some(value)) = (field("Name"), field("Value.StringValue")) else { break };
        attributes.insert(name.clone(), value.clone());
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::from([("TopicArn".to_owned(), "arn:aws:sns:us-east-1:123456789012:t".to_owned())]);
        for (index, (id, message)) in entries.iter().enumerate() {
            let prefix = format!("PublishBatchRequestEntries.member.{}", index + 1);
            fields.insert(format!("{prefix}.Id"), (*id).to_owned());
            fields.insert(format!("{prefix}.Message"), (*message).to_owned());
            fields.insert(format!("{prefix}.MessageAttributes.entry.1.Name"), "userId".to_owned());
            fields.insert(format!("{prefix}.MessageAttributes.entry.1.Value.StringValue"), "bob".to_owned());
        }
        fields
    }

    fn code(fields: &BTreeMap<String, String>) -> &'static str {
        batch(fields).err().map_or("accepted", |refusal| refusal.0)
    }

    #[test]
    fn batch_is_read_with_its_attributes() {
        let fields = request(&[("0", "One"), ("1", "Two")]);
        let Ok((topic, entries)) = batch(&fields) else { panic!("the batch is accepted") };
        assert_eq!((topic, entries.len()), ("arn:aws:sns:us-east-1:123456789012:t", 2));
        assert_eq!((&*entries[1].message, &*entries[1].attributes["userId"]), ("Two", "bob"));
    }

    #[test]
    fn invalid_batches_are_refused_with_the_codes_of_sns() {
        let ids: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        let eleven: Vec<_> = ids.iter().map(|id| (id.as_str(), "x")).collect();
        assert_eq!(code(&request(&eleven)), "TooManyEntriesInBatchRequest");
        assert_eq!(code(&request(&eleven[..10])), "accepted");
        assert_eq!(code(&request(&[])), "EmptyBatchRequest");
        assert_eq!(code(&request(&[("0", "x"), ("0", "y")])), "BatchEntryIdsNotDistinct");
        assert_eq!(code(&request(&[("<0>", "x")])), "InvalidBatchEntryId");
        assert_eq!(code(&request(&[("0", "")])), "InvalidParameter");
        let large = "x".repeat(130 * 1024);
        assert_eq!(code(&request(&[("0", &large), ("1", &large)])), "BatchRequestTooLong");
        let mut without_topic = request(&[("0", "x")]);
        without_topic.insert("TopicArn".to_owned(), "topic".to_owned());
        assert_eq!(code(&without_topic), "InvalidParameter");
    }
}
