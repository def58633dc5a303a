//! Both ways to reach a user: over their connections, and, if they have none, through the topic.

use crate::{ApiGatewayPush, Topic};
use domain::ids::ConnectionId;
use domain::notification::Notification;
use domain::ports::{Notify, Push, PushError};
use std::error::Error as StdError;

/// Pushes, and notifies where there is a topic.
#[derive(Debug)]
pub struct PushAndNotify {
    push: ApiGatewayPush,
    topic: Option<Topic>,
}

impl PushAndNotify {
    /// Both.
    pub fn new(push: ApiGatewayPush, topic: Option<Topic>) -> Self {
        Self { push, topic }
    }

    /// The connections alone.
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
