//! What one user may make across all chats: budgets for new chats, added people and declared bytes, and the number of
//! open chats.

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
}

impl LimitsChange {
    /// A change of the user's limits that takes nothing.
    pub fn of(user: UserId) -> Self {
        Self { user, new_chats: None, added_people: None, declared_bytes: None }
    }
}
