//! Blocks: one user wants to hear no more from another one.

use crate::ids::{ChatId, UserId};
use crate::timestamp::Timestamp;
use crate::user_limits::LimitsChange;
use serde::Serialize;

/// The most users whom one user can block.
pub const MAX_BLOCKED_USERS: u64 = 1000;

/// A block, as the user who made it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// The blocked user.
    pub user_id: UserId,
    /// When the block began.
    pub blocked_at: Timestamp,
}

/// The beginning or the end of a block, to commit.
#[derive(Debug, Clone)]
pub struct BlockChange {
    /// The user who blocks.
    pub blocker: UserId,
    /// The user who is or was blocked.
    pub blocked: UserId,
    /// What the change does.
    pub kind: BlockChangeKind,
    /// Whether the two have a private chat. Then the block is in the items of the chat; else in an item of its own.
    pub has_chat: bool,
    /// What it takes from the limits of who blocks, and how their number of blocks changes.
    pub limits: LimitsChange,
}

/// What a change of a block does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockChangeKind {
    /// The block begins now.
    Begin(Timestamp),
    /// The block ends.
    End {
        /// Whether the other user blocks too. Read only if the two have no private chat.
        is_mutual: bool,
    },
}

impl BlockChange {
    /// The id of the private chat of the two, whether it exists or not.
    #[must_use]
    pub fn chat(&self) -> ChatId {
        ChatId::private(&self.blocker, &self.blocked)
    }
}
