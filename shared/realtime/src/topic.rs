//! An SNS topic that notifications are published to: whoever sends to devices subscribes to it.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::config::Builder;
use aws_sdk_sns::error::BuildError;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use domain::notification::Notification;
use std::error::Error as StdError;

/// How often a batch is handed over: once, and once more what of it the topic did not take through no fault of its own.
const ROUNDS: usize = 2;

/// A topic that notifications are published to.
#[derive(Debug)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// The topic of this ARN. `endpoint` replaces the region's own.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, arn: String) -> Self {
        let mut builder = Builder::from(config);
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        Self { client: Client::from_conf(builder.build()), arn }
    }

    /// Publishes at most ten notifications; how many of them were taken. An entry's attributes are userId and chatId, by
    /// which a subscription can filter.
    /// <https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html>
    pub(crate) async fn publish(&self, batch: &[Notification]) -> Result<usize, Box<dyn StdError + Send + Sync>> {
        let mut entries = batch.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let mut taken = 0;
        for _ in 0..ROUNDS {
            let call = self.client.publish_batch().topic_arn(&self.arn);
            let answer = call.set_publish_batch_request_entries(Some(entries.clone())).send().await?;
            taken += answer.successful().len();
            for failed in answer.failed() {
                tracing::warn!(code = failed.code(), "a notification was not taken");
            }
            let again: Vec<_> = answer.failed().iter().filter(|it| !it.sender_fault()).map(|it| it.id()).collect();
            entries.retain(|entry| again.contains(&entry.id()));
            if entries.is_empty() {
                break;
            }
        }
        Ok(taken)
    }
}

fn entry(
    (index, notification): (usize, &Notification),
) -> Result<PublishBatchRequestEntry, Box<dyn StdError + Send + Sync>> {
    let text = |text: &str| -> Result<MessageAttributeValue, BuildError> {
        MessageAttributeValue::builder().data_type("String").string_value(text).build()
    };
    let entry = PublishBatchRequestEntry::builder()
        .id(index.to_string())
        .message(serde_json::to_string(notification)?)
        .message_attributes("userId", text(notification.user.as_str())?)
        .message_attributes("chatId", text(notification.chat_id.as_str())?);
    Ok(entry.build()?)
}
