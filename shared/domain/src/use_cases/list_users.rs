//! Names for what a participant sees in a chat: the members, and former members who can have done some of it.

use super::error::ChatError;
use super::{App, Caller};
use crate::chat_user::ChatUserView;
use crate::ids::{ChatId, UserId};
use crate::ports::{Directory, Env, FindMembers, ReadFormerMembers, UserStore};
use crate::text::Invalid;
use serde::Serialize;
use std::collections::BTreeSet;

/// The most users in one request: as many as a page of messages has by default.
pub const MAX_NAMED_USERS: usize = 50;

/// 1 to [`MAX_NAMED_USERS`] different users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedUsers(BTreeSet<UserId>);

impl NamedUsers {
    /// Checks their number, and that none is named twice.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that they break.
    pub fn new(users: Vec<UserId>) -> Result<Self, Invalid> {
        if users.is_empty() || users.len() > MAX_NAMED_USERS {
            return Err(Invalid::because(format!("must name 1 to {MAX_NAMED_USERS} users")));
        }
        let mut different = BTreeSet::new();
        for user in users {
            if let Some(twice) = different.replace(user) {
                return Err(Invalid::because(format!("names {twice} twice")));
            }
        }
        Ok(Self(different))
    }
}

/// The request for users of a chat.
#[derive(Debug, Clone)]
pub struct ListUsers {
    /// Who asks.
    pub caller: Caller,
    /// The chat that shows them to the caller.
    pub chat: ChatId,
    /// Whom the caller asks for.
    pub users: NamedUsers,
}

/// Users as the caller sees them.
#[derive(Debug, Serialize)]
pub struct ListedUsers {
    /// Sorted by `userId`, without those whom the chat does not show to the caller.
    pub users: Vec<ChatUserView>,
}

impl<S: FindMembers + ReadFormerMembers + UserStore, P, E: Env> App<S, P, E> {
    /// Reads users whom the chat shows to the caller: its members, and former members who were there when a message was
    /// that the caller can see, and so can have done something that the caller sees. Others are left out. The caller does
    /// not learn whether they exist.
    ///
    /// # Errors
    /// [`ChatError`].
    pub async fn list_users(&self, directory: &impl Directory, command: ListUsers) -> Result<ListedUsers, ChatError> {
        let ListUsers { caller, chat, users: NamedUsers(users) } = command;
        let asked: Vec<UserId> =
            users.iter().chain([&caller.user]).collect::<BTreeSet<_>>().into_iter().cloned().collect();
        let members = self.store.members_among(&chat, &asked).await?;
        let own = members.get(&caller.user).ok_or(ChatError::NotFound)?;
        let (mut shown, others): (Vec<UserId>, Vec<UserId>) =
            users.into_iter().partition(|user| members.contains_key(user));
        if !others.is_empty() {
            let past = self.store.former_members(&chat, &others).await?;
            shown.extend(past.into_iter().filter(|past| past.was_there_above(own.floor())).map(|past| past.user));
        }
        let users = self.load_users(directory, &caller.user, &shown).await?;
        Ok(ListedUsers { users: users.into_values().collect() })
    }
}
