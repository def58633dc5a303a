//! Some of the members of a chat: those who are asked for, or a page of them.

use super::StoreError;
use crate::ids::{ChatId, UserId};
use crate::member::Member;
use std::collections::BTreeMap;
use std::future::Future;

/// Reads the member items of given users.
pub trait FindMembers: Sync {
    /// The member items of these users in the chat, with strong consistency, without users who are not in it.
    fn members_among(
        &self,
        chat: &ChatId,
        users: &[UserId],
    ) -> impl Future<Output = Result<BTreeMap<UserId, Member>, StoreError>> + Send;
}

/// Reads the member items of a chat page by page.
pub trait PageMembers: Sync {
    /// The first `max` member items after the one of `after`, sorted by user, with strong consistency. None: from the
    /// first one on. `after` need not be a member.
    fn members_after(
        &self,
        chat: &ChatId,
        after: Option<&UserId>,
        max: usize,
    ) -> impl Future<Output = Result<Vec<Member>, StoreError>> + Send;
}
