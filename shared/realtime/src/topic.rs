//! An SNS topic that notifications are published to: whoever sends to devices subscribes to it.

use aws_call::{HttpRequest, Service, regional_endpoint};
use aws_config::SdkConfig;
use aws_smithy_query::{QueryValueWriter, QueryWriter};
use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use domain::error_chain::error_chain;
use domain::notification::Notification;
use std::error::Error as StdError;

/// How often a batch is handed over: once, and once more what of it the topic did not take through no fault of its own.
const MAX_ATTEMPTS: usize = 2;

/// A topic that notifications are published to.
#[derive(Debug)]
pub struct Topic {
    sns: Service,
    arn: String,
}

type Failure = Box<dyn StdError + Send + Sync>;

impl Topic {
    /// The topic of this ARN. `endpoint` replaces the region's own.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, arn: String) -> Self {
        let region = config.region().map(AsRef::as_ref).unwrap_or_default();
        let endpoint = endpoint.map_or_else(|| regional_endpoint("sns", region), str::to_owned);
        Self { sns: Service::new(config, "sns", endpoint), arn }
    }

    /// Publishes at most ten notifications; how many of them were taken. An entry's attributes are userId and chatId, by
    /// which a subscription can filter.
    /// <https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html>
    pub(crate) async fn publish(&self, batch: &[Notification]) -> Result<usize, Failure> {
        let mut entries = batch.iter().enumerate().map(Entry::of).collect::<Result<Vec<_>, _>>()?;
        let mut taken = 0;
        for _ in 0..MAX_ATTEMPTS {
            let answer = match self.publish_once(&entries).await {
                Ok(answer) => answer,
                Err(error) if taken == 0 => return Err(error),
                Err(error) => {
                    tracing::warn!(error = error_chain(error.as_ref()), "notifications were not taken the second time");
                    break;
                }
            };
            taken += answer.successful;
            for failed in &answer.failed {
                tracing::warn!(code = failed.code, "a notification was not taken");
            }
            entries.retain(|entry| answer.failed.iter().any(|it| it.id == entry.id && !it.sender_fault));
            if entries.is_empty() {
                break;
            }
        }
        Ok(taken)
    }

    /// One PublishBatch. <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html>
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
    /// Its place in the batch.
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

/// What SNS says of a batch.
#[derive(Default)]
struct Answer {
    successful: usize,
    failed: Vec<Failed>,
}

/// An entry that was not taken.
#[derive(Default)]
struct Failed {
    id: String,
    code: String,
    /// The entry is what is wrong: to send it again is of no use.
    sender_fault: bool,
}

impl Answer {
    fn read(xml: &str) -> Result<Self, XmlDecodeError> {
        let mut read = Self::default();
        let mut document = Document::new(xml);
        let mut root = document.root_element()?;
        while let Some(mut result) = root.next_tag() {
            while let Some(mut list) = result.next_tag() {
                let failed = list.start_el().matches("Failed");
                let successful = list.start_el().matches("Successful");
                while let Some(mut member) = list.next_tag() {
                    read.successful += usize::from(successful);
                    if failed {
                        read.failed.push(Failed::read(&mut member)?);
                    }
                }
            }
        }
        Ok(read)
    }
}

impl Failed {
    fn read(member: &mut ScopedDecoder<'_, '_>) -> Result<Self, XmlDecodeError> {
        let mut read = Self::default();
        while let Some(mut field) = member.next_tag() {
            match field.start_el().local() {
                "Id" => read.id = try_data(&mut field)?.into_owned(),
                "Code" => read.code = try_data(&mut field)?.into_owned(),
                "SenderFault" => read.sender_fault = try_data(&mut field)? == "true",
                _ => {}
            }
        }
        Ok(read)
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

    /// What becomes of the entries of one PublishBatch, in order.
    type Fates = &'static [Fate];

    #[derive(Clone, Copy)]
    enum Fate {
        Taken,
        /// Through no fault of the entry.
        Failed,
        /// It is what is wrong.
        Refused,
    }
    use Fate::{Failed, Refused, Taken};

    /// An SNS that answers one batch after the other so, and refuses those after that; whom each batch was for.
    async fn sns(answers: &'static [Fates]) -> (Topic, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = asked.clone();
        let answer = move |Form(fields): Form<BTreeMap<String, String>>| async move {
            let field = |name: String| fields.get(&format!("PublishBatchRequestEntries.member.{name}")).cloned();
            let ids: Vec<_> = (1..).map_while(|n| field(format!("{n}.Id"))).collect();
            // Attributes come in any order.
            let user = |n: usize| {
                let attribute = |at: usize, name: &str| field(format!("{n}.MessageAttributes.entry.{at}.{name}"));
                let at = (1..=2).find(|at| attribute(*at, "Name").as_deref() == Some("userId"))?;
                attribute(at, "Value.StringValue")
            };
            let whom: Vec<_> = (1..=ids.len()).filter_map(user).collect();
            let nth = {
                let mut seen = seen.lock().unwrap();
                seen.push(whom.join(" "));
                seen.len() - 1
            };
            let Some(answer) = answers.get(nth) else { return refusal() };
            assert_eq!(ids.len(), answer.len());
            let (mut taken, mut failed) = (String::new(), String::new());
            for (id, entry) in ids.iter().zip(*answer) {
                match entry {
                    Taken => taken += &format!("<member><Id>{id}</Id><MessageId>m</MessageId></member>"),
                    Failed | Refused => {
                        let fault = matches!(entry, Refused);
                        failed +=
                            &format!("<member><Id>{id}</Id><Code>C</Code><SenderFault>{fault}</SenderFault></member>");
                    }
                }
            }
            format!(
                "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult><Failed>{failed}\
                 </Failed><Successful>{taken}</Successful></PublishBatchResult></PublishBatchResponse>"
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
        (Topic::new(&config, Some(&url), "arn:aws:sns:eu-central-1:123456789012:t".to_owned()), asked)
    }

    fn refusal() -> Response {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code></Error></ErrorResponse>";
        (StatusCode::FORBIDDEN, body).into_response()
    }

    /// Of one message, for bob, carol and dave.
    async fn notifications() -> Vec<Notification> {
        let app = testkit::app(MemoryStore::default(), ());
        app.push.set_notifying();
        let name = ChatName::parse("Team").unwrap();
        let chat = NewChat::group(&caller("alice").user, &users(&["bob", "carol", "dave"]), name, None).unwrap();
        let made = app.create_chat(CreateChat { caller: caller("alice"), chat }).await.unwrap();
        app.send_message(message(made.chat.chat_id(), "alice", "", "Hello")).await.unwrap();
        app.push.take_batches().concat()
    }

    #[tokio::test]
    async fn what_is_not_taken_is_handed_over_once_more_unless_it_is_what_is_wrong() {
        let (topic, asked) = sns(&[&[Taken, Failed, Refused], &[Taken]]).await;
        assert_eq!(topic.publish(&notifications().await).await.unwrap(), 2);
        assert_eq!(*asked.lock().unwrap(), ["bob carol dave", "carol"]);
    }

    #[tokio::test]
    async fn what_is_never_taken_is_given_up() {
        let (topic, asked) = sns(&[&[Taken, Failed, Failed], &[Failed, Failed], &[Taken, Taken]]).await;
        assert_eq!(topic.publish(&notifications().await).await.unwrap(), 1);
        assert_eq!(asked.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn what_was_taken_counts_though_the_rest_fails() {
        let (topic, _asked) = sns(&[&[Taken, Failed, Taken]]).await;
        assert_eq!(topic.publish(&notifications().await).await.unwrap(), 2);
        let (topic, _asked) = sns(&[]).await;
        assert!(topic.publish(&notifications().await).await.is_err());
    }
}
