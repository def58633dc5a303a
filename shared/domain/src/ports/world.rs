//! Connections that frames are posted to, time and randomness.

use crate::ids::ConnectionId;
use crate::notification::Notification;
use crate::timestamp::Timestamp;
use std::error::Error as StdError;
use std::future::Future;
use std::time::Duration;

/// Why a post did not reach a connection.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The connection is not there (410).
    #[error("the connection is gone")]
    Gone,
    /// Too many posts for now (429, 503): the connection may well be there.
    #[error("throttled")]
    Throttled,
    /// Anything else.
    #[error("the post failed")]
    Failed(#[source] Box<dyn StdError + Send + Sync>),
}

/// Posts frames to connections.
pub trait Push: Sync {
    /// Sends one text frame.
    fn post(&self, connection: &ConnectionId, frame: &str) -> impl Future<Output = Result<(), PushError>> + Send;

    /// Closes a connection.
    fn close(&self, connection: &ConnectionId) -> impl Future<Output = Result<(), PushError>> + Send;
}

/// The most notifications that are published at once: entries of an SNS batch.
/// <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html>
pub const MAX_NOTIFICATIONS_PER_BATCH: usize = 10;

/// Notifies users who are not there, through whoever sends to their devices.
pub trait Notify: Sync {
    /// Whether anybody is notified. If not, nothing is published.
    fn is_on(&self) -> bool;

    /// Publishes at most [`MAX_NOTIFICATIONS_PER_BATCH`]; how many of them were taken.
    fn publish(
        &self,
        batch: &[Notification],
    ) -> impl Future<Output = Result<usize, Box<dyn StdError + Send + Sync>>> + Send;
}

/// Time and randomness.
pub trait Env: Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Fills `bytes` with randomness that nobody can guess.
    fn randomness(&self, bytes: &mut [u8]);

    /// Waits.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;
}
