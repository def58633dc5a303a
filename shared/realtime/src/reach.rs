//! Both ways to reach a user: over live connections, and through the topic if the user has none.

use crate::{ApiGatewayPush, Topic};
use domain::ids::ConnectionId;
use domain::notification::Notification;
use domain::ports::{Notify, Push, PushError};
use std::error::Error as StdError;

/// Pushes events and, if there is a topic, publishes notifications.
#[derive(Debug)]
pub struct PushAndNotify {
    push: ApiGatewayPush,
    topic: Option<Topic>,
}

impl PushAndNotify {
    /// Combines both channels. Without a topic, nothing is published.
    pub fn new(push: ApiGatewayPush, topic: Option<Topic>) -> Self {
        Self { push, topic }
    }

    /// Only the push channel.
    pub fn push(&self) -> &ApiGatewayPush {
        &self.push
    }
}

impl Push for PushAndNotify {
    async fn post(&self, connection: &ConnectionId, frame: &str) -> Result<(), PushError> {
        self.push.post(connection, frame).await
    }

    async fn close(&self, connection: &ConnectionId) -> Result<(), PushError> {
        self.push.close(connection).await
    }
}

impl Notify for PushAndNotify {
    fn is_on(&self) -> bool {
        self.topic.is_some()
    }

    async fn publish(&self, batch: &[Notification]) -> Result<usize, Box<dyn StdError + Send + Sync>> {
        match &self.topic {
            Some(topic) => topic.publish(batch).await,
            None => Ok(0),
        }
    }
}
