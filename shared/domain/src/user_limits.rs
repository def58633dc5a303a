//! What one user may make across all chats: budgets for new chats, added people, declared bytes and blocks, and the
//! numbers of open chats and of blocked users.

use crate::budget::{Budget, Spending};
use crate::ids::UserId;

/// How much of their limits a user has used. A bucket is None if nothing was ever taken, so that it is full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UserLimits {
    /// The chats that the user may make.
    pub new_chats: Option<Budget>,
    /// The people whom the user may add to chats.
    pub added_people: Option<Budget>,
    /// The bytes of attachments that the user may declare.
    pub declared_bytes: Option<Budget>,
    /// The number of chats that the user made and that are not closed.
    pub open_chats: u64,
    /// How often the user may block somebody or end a block.
    pub block_changes: Option<Budget>,
    /// The number of users whom the user blocks.
    pub blocked_users: u64,
}

/// A change of a user's limits. It is written only if each bucket in it still equals its `before`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsChange {
    /// The user.
    pub user: UserId,
    /// Taken from the chats that the user may make. Then `open_chats` grows by one too.
    pub new_chats: Option<Spending>,
    /// Taken from the people whom the user may add.
    pub added_people: Option<Spending>,
    /// Taken from the bytes that the user may declare.
    pub declared_bytes: Option<Spending>,
    /// Taken from how often the user may change a block.
    pub block_changes: Option<Spending>,
    /// By how much `blocked_users` grows: 1 or -1 if there are `block_changes`, else 0.
    pub more_blocked_users: i64,
}

impl LimitsChange {
    /// A change of the user's limits that takes nothing.
    pub fn of(user: UserId) -> Self {
        Self {
            user,
            new_chats: None,
            added_people: None,
            declared_bytes: None,
            block_changes: None,
            more_blocked_users: 0,
        }
    }
}
