//! What a user has made so far.

use super::StoreError;
use crate::ids::UserId;
use crate::user_limits::{LimitsChange, UserLimits};
use std::future::Future;

/// Stores how much of their limits users have used.
pub trait LimitsStore: Sync {
    /// The user's limits, read with strong consistency.
    fn limits(&self, user: &UserId) -> impl Future<Output = Result<UserLimits, StoreError>> + Send;

    /// Writes the change. False, and nothing changes, if a bucket is no longer as it was read.
    fn change_limits(&self, change: &LimitsChange) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Counts the chats that a user is in.
pub trait CountMemberships: Sync {
    /// How many chats the user is in, but at most `max`. From an index that may be a moment behind.
    fn membership_count(&self, user: &UserId, max: u32) -> impl Future<Output = Result<u32, StoreError>> + Send;
}
