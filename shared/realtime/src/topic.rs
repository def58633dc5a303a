//! An SNS topic for notifications. A service that sends them to devices subscribes to it.

use aws_call::{HttpRequest, Service};
use aws_config::SdkConfig;
use aws_smithy_query::{QueryValueWriter, QueryWriter};
use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use domain::notification::Notification;
use error_text::error_chain;
use std::error::Error as StdError;

/// The maximum number of attempts for a batch. The second one contains only the entries that SNS did not accept for a
/// reason other than the entry itself.
const MAX_ATTEMPTS: usize = 2;

/// The SNS topic to which notifications are published.
#[derive(Debug)]
pub struct Topic {
    sns: Service,
    arn: String,
}

type Failure = Box<dyn StdError + Send + Sync>;

impl Topic {
    /// Creates a client of the topic with this ARN. `endpoint` replaces the region's own.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, arn: String) -> Self {
        Self { sns: Service::new(config, "sns", endpoint), arn }
    }

    /// Publishes at most ten notifications. Returns how many SNS accepted. An entry has the attributes userId and
    /// chatId, by which a subscription can filter.
    /// <https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html>
    pub(crate) async fn publish(&self, batch: &[Notification]) -> Result<usize, Failure> {
        let mut entries = batch.iter().enumerate().map(Entry::of).collect::<Result<Vec<_>, _>>()?;
        let mut accepted = 0;
        for _ in 0..MAX_ATTEMPTS {
            let answer = match self.publish_once(&entries).await {
                Ok(answer) => answer,
                Err(error) if accepted == 0 => return Err(error),
                Err(error) => {
                    tracing::warn!(
                        error = error_chain(error.as_ref()),
                        "the second attempt to publish notifications failed"
                    );
                    break;
                }
            };
            accepted += answer.successful;
            for failed in &answer.failed {
                tracing::warn!(code = failed.code, "SNS did not accept a notification");
            }
            entries.retain(|entry| answer.failed.iter().any(|failed| failed.id == entry.id && !failed.sender_fault));
            if entries.is_empty() {
                break;
            }
        }
        Ok(accepted)
    }

    /// Makes one PublishBatch call. <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html>
    async fn publish_once(&self, entries: &[Entry<'_>]) -> Result<Answer, Failure> {
        let mut body = String::new();
        let mut query = QueryWriter::new(&mut body, "PublishBatch", "2010-03-31");
        query.prefix("TopicArn").string(&self.arn);
        let mut list = query.prefix("PublishBatchRequestEntries").start_list(false, None);
        for entry in entries {
            entry.write(list.entry());
        }
        list.finish();
        query.finish();
        let mut request = HttpRequest::new(body.into());
        request.set_method("POST")?;
        request.set_uri("/")?;
        request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
        let answer = self.sns.call("PublishBatch", request).await?;
        Ok(Answer::read(std::str::from_utf8(answer.body())?)?)
    }
}

/// One notification in a batch.
struct Entry<'a> {
    /// The index of the notification in the batch.
    id: String,
    message: String,
    user: &'a str,
    chat: &'a str,
}

impl<'a> Entry<'a> {
    fn of((place, notification): (usize, &'a Notification)) -> serde_json::Result<Self> {
        Ok(Self {
            id: place.to_string(),
            message: serde_json::to_string(notification)?,
            user: notification.user.as_str(),
            chat: notification.chat_id.as_str(),
        })
    }

    fn write(&self, mut entry: QueryValueWriter<'_>) {
        entry.prefix("Id").string(&self.id);
        entry.prefix("Message").string(&self.message);
        let mut attributes = entry.prefix("MessageAttributes").start_map(false, "Name", "Value");
        for (name, value) in [("userId", self.user), ("chatId", self.chat)] {
            let mut attribute = attributes.entry(name);
            attribute.prefix("DataType").string("String");
            attribute.prefix("StringValue").string(value);
        }
        attributes.finish();
    }
}

/// The response of SNS to a batch.
#[derive(Default)]
struct Answer {
    successful: usize,
    failed: Vec<Failed>,
}

/// An entry that SNS did not accept.
#[derive(Default)]
struct Failed {
    id: String,
    code: String,
    /// The entry itself is wrong, so a retry does not help.
    sender_fault: bool,
}

impl Answer {
    fn read(xml: &str) -> Result<Self, XmlDecodeError> {
        let mut answer = Self::default();
        let mut document = Document::new(xml);
        let mut root = document.root_element()?;
        while let Some(mut result) = root.next_tag() {
            while let Some(mut list) = result.next_tag() {
                let failed = list.start_el().matches("Failed");
                let successful = list.start_el().matches("Successful");
                while let Some(mut member) = list.next_tag() {
                    answer.successful += usize::from(successful);
                    if failed {
                        answer.failed.push(Failed::read(&mut member)?);
                    }
                }
            }
        }
        Ok(answer)
    }
}

impl Failed {
    fn read(member: &mut ScopedDecoder<'_, '_>) -> Result<Self, XmlDecodeError> {
        let mut failed = Self::default();
        while let Some(mut field) = member.next_tag() {
            match field.start_el().local() {
                "Id" => failed.id = try_data(&mut field)?.into_owned(),
                "Code" => failed.code = try_data(&mut field)?.into_owned(),
                "SenderFault" => failed.sender_fault = try_data(&mut field)? == "true",
                _ => {}
            }
        }
        Ok(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use axum::Form;
    use axum::http::StatusCode;
    use axum::response::{IntoResponse as _, Response};
    use axum::routing::post;
    use domain::names::ChatName;
    use domain::use_cases::{CreateChat, NewChat};
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};
    use testkit::MemoryStore;
    use testkit::fixtures::{caller, message, users};
    use tokio::net::TcpListener;

    /// The results for the entries of one PublishBatch, in order.
    type EntryResults = &'static [EntryResult];

    #[derive(Clone, Copy)]
    enum EntryResult {
        Accepted,
        /// SNS failed.
        Failed,
        /// The entry is wrong.
        Refused,
    }
    use EntryResult::{Accepted, Failed, Refused};

    /// A fake SNS that returns these results, one slice per batch, and refuses all later batches. Also returns the
    /// recipients of each batch.
    async fn sns(answers: &'static [EntryResults]) -> (Topic, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let batches = Arc::<Mutex<Vec<String>>>::default();
        let recorded = batches.clone();
        let answer = move |Form(fields): Form<BTreeMap<String, String>>| async move {
            let field = |name: String| fields.get(&format!("PublishBatchRequestEntries.member.{name}")).cloned();
            let ids: Vec<_> = (1..).map_while(|n| field(format!("{n}.Id"))).collect();
            // Attributes come in any order.
            let user = |n: usize| {
                let attribute = |index: usize, name: &str| field(format!("{n}.MessageAttributes.entry.{index}.{name}"));
                let index = (1..=2).find(|index| attribute(*index, "Name").as_deref() == Some("userId"))?;
                attribute(index, "Value.StringValue")
            };
            let recipients: Vec<_> = (1..=ids.len()).filter_map(user).collect();
            let nth = {
                let mut recorded = recorded.lock().unwrap();
                recorded.push(recipients.join(" "));
                recorded.len() - 1
            };
            let Some(answer) = answers.get(nth) else { return refusal() };
            assert_eq!(ids.len(), answer.len());
            let (mut accepted, mut failed) = (String::new(), String::new());
            for (id, entry) in ids.iter().zip(*answer) {
                match entry {
                    Accepted => accepted += &format!("<member><Id>{id}</Id><MessageId>m</MessageId></member>"),
                    Failed | Refused => {
                        let sender_fault = matches!(entry, Refused);
                        failed += &format!(
                            "<member><Id>{id}</Id><Code>C</Code><SenderFault>{sender_fault}</SenderFault></member>"
                        );
                    }
                }
            }
            format!(
                "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult><Failed>{failed}\
                 </Failed><Successful>{accepted}</Successful></PublishBatchResult></PublishBatchResponse>"
            )
            .into_response()
        };
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/", post(answer))).await });
        let credentials = Credentials::new("test", "test", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        (Topic::new(&config, Some(&url), "arn:aws:sns:eu-central-1:123456789012:t".to_owned()), batches)
    }

    fn refusal() -> Response {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code></Error></ErrorResponse>";
        (StatusCode::FORBIDDEN, body).into_response()
    }

    /// The notifications of one message, for bob, carol and dave.
    async fn notifications() -> Vec<Notification> {
        let app = testkit::app(MemoryStore::default(), ());
        app.push.set_notifying();
        let name = ChatName::parse("Team").unwrap();
        let chat = NewChat::group(&caller("alice").user, &users(&["bob", "carol", "dave"]), name, None).unwrap();
        let created = app.create_chat(CreateChat { caller: caller("alice"), chat }).await.unwrap();
        app.send_message(message(created.chat.chat_id(), "alice", "", "Hello")).await.unwrap();
        app.push.take_batches().concat()
    }

    #[tokio::test]
    async fn failed_entries_are_retried_once_and_wrong_entries_are_not() {
        let (topic, batches) = sns(&[&[Accepted, Failed, Refused], &[Accepted]]).await;
        assert_eq!(topic.publish(&notifications().await).await.unwrap(), 2);
        assert_eq!(*batches.lock().unwrap(), ["bob carol dave", "carol"]);
    }

    #[tokio::test]
    async fn publish_gives_up_after_two_attempts() {
        let (topic, batches) = sns(&[&[Accepted, Failed, Failed], &[Failed, Failed], &[Accepted, Accepted]]).await;
        assert_eq!(topic.publish(&notifications().await).await.unwrap(), 1);
        assert_eq!(batches.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn accepted_entries_count_if_the_second_attempt_fails() {
        let (topic, _batches) = sns(&[&[Accepted, Failed, Accepted]]).await;
        assert_eq!(topic.publish(&notifications().await).await.unwrap(), 2);
        let (topic, _batches) = sns(&[]).await;
        assert!(topic.publish(&notifications().await).await.is_err());
    }
}
