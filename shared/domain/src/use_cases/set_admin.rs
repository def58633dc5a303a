//! Makes a participant an admin, or takes that back.

use super::change_group::{ChangeGroupError, ChangedGroup, Plan, check_admin};
use super::error::ChatError;
use super::{App, Caller};
use crate::ids::{ChatId, UserId};
use crate::ports::{CommitChanges, Env, Push, ReadChats, Registry};

/// The request to make a participant an admin, or to take that back.
#[derive(Debug, Clone)]
pub struct SetAdmin {
    /// An admin of the group.
    pub caller: Caller,
    /// The group to change.
    pub chat: ChatId,
    /// The participant to change; may be the caller.
    pub user: UserId,
    /// Whether the participant is an admin afterwards.
    pub is_admin: bool,
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Makes a participant an admin, or takes that back. The last admin stays an admin.
    ///
    /// # Errors
    /// [`ChatError`] and [`ChangeGroupError`].
    pub async fn set_admin(&self, command: SetAdmin) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let SetAdmin { caller, chat, user, is_admin } = command;
        self.change_group(&caller, &chat, (), |state, _| {
            check_admin(state, &caller.user)?;
            if !state.chat.participants.contains(&user) {
                return Err(ChangeGroupError::NotAParticipant);
            }
            let mut chat = state.chat.clone();
            let has_changed = if is_admin { chat.admins.insert(user.clone()) } else { chat.admins.remove(&user) };
            if chat.admins.is_empty() {
                return Err(ChangeGroupError::LastAdmin);
            }
            Ok(has_changed.then(|| Plan::of(chat)))
        })
        .await
    }
}
