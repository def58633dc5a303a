//! Posts to connections, notifications, time and randomness.

use crate::ids::ConnectionId;
use crate::notification::Notification;
use crate::timestamp::Timestamp;
use std::error::Error as StdError;
use std::future::Future;
use std::time::Duration;

/// Why a post or a close failed.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The connection does not exist (status 410).
    #[error("the connection is gone")]
    Gone,
    /// Too many posts at the moment (status 429 or 503). The connection may still be open.
    #[error("throttled")]
    Throttled,
    /// Any other failure.
    #[error("the post failed")]
    Failed(#[source] Box<dyn StdError + Send + Sync>),
}

/// Posts frames to WebSocket connections.
pub trait Push: Sync {
    /// Posts one text frame.
    fn post(&self, connection: &ConnectionId, frame: &str) -> impl Future<Output = Result<(), PushError>> + Send;

    /// Closes a connection.
    fn close(&self, connection: &ConnectionId) -> impl Future<Output = Result<(), PushError>> + Send;
}

/// The most notifications in one call: the entries of an SNS batch.
/// <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html>
pub const MAX_NOTIFICATIONS_PER_BATCH: usize = 10;

/// Publishes notifications for users whom no push reached. A subscriber of the topic sends them to devices.
pub trait Notify: Sync {
    /// Whether a topic is configured. If not, nothing is published.
    fn is_on(&self) -> bool;

    /// Publishes at most [`MAX_NOTIFICATIONS_PER_BATCH`] notifications. Returns how many the topic accepted.
    fn publish(
        &self,
        batch: &[Notification],
    ) -> impl Future<Output = Result<usize, Box<dyn StdError + Send + Sync>>> + Send;
}

/// The sources of time and randomness.
pub trait Env: Sync {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// Fills `bytes` with cryptographically secure random bytes.
    fn randomness(&self, bytes: &mut [u8]);

    /// Waits for `time`.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;
}
