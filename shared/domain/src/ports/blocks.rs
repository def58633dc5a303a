//! Blocks of users.

use super::StoreError;
use crate::block::{Block, BlockChange};
use crate::ids::UserId;
use std::future::Future;

/// Lists a user's own blocks.
pub trait ListBlocks: Sync {
    /// The users whom `blocker` blocks, sorted by their id, with strong consistency.
    fn blocks(&self, blocker: &UserId) -> impl Future<Output = Result<Vec<Block>, StoreError>> + Send;
}

/// Finds out whether a user is blocked.
pub trait FindBlockers: Sync {
    /// Whether at least one of `users` blocks `blocked`. May be a moment behind.
    fn is_blocked_by_any(
        &self,
        blocked: &UserId,
        users: &[UserId],
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// Stores blocks.
pub trait BlockStore: Sync {
    /// The block of `blocked` by `blocker`, read with strong consistency; None if there is none.
    fn block(
        &self,
        blocker: &UserId,
        blocked: &UserId,
    ) -> impl Future<Output = Result<Option<Block>, StoreError>> + Send;

    /// Writes the block and everything that depends on it in one transaction. False, and nothing changes, if something
    /// differs from what was read, or if another transaction conflicted: read again.
    fn change_block(&self, change: &BlockChange) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
