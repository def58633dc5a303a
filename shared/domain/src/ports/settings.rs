//! Members' views of their chats.

use super::StoreError;
use crate::ids::{ChatId, UserId};
use crate::member::Member;
use crate::member_settings::ListedChats;
use std::future::Future;

/// A member's new view of a chat, and the state that was read before.
#[derive(Debug, Clone)]
pub struct SettingsCommit {
    /// The chat.
    pub chat: ChatId,
    /// The member as it was read.
    pub before: Member,
    /// The member with the new view and the next memberRev.
    pub after: Member,
    /// The user's muted and pinned chats after the change; their rev is one above the one that was read. None if they
    /// stay as they are.
    pub listed: Option<ListedChats>,
}

/// Reads which chats a user muted or pinned.
pub trait ReadListedChats: Sync {
    /// The muted and the pinned chats of the user, with strong consistency; the default if they never had one.
    fn listed_chats(&self, user: &UserId) -> impl Future<Output = Result<ListedChats, StoreError>> + Send;
}

/// Stores members' views of their chats.
pub trait CommitSettings: Sync {
    /// Writes the member item, and the user's list of muted and pinned chats, in one transaction. False, and nothing
    /// changes, if the member item or the list is no longer as it was read, or if another transaction conflicted.
    fn commit_settings(&self, commit: &SettingsCommit) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
