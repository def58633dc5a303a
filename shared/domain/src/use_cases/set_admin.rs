//! Making a participant an admin, or one no more.

use super::change_group::{ChangeGroupError, ChangedGroup, Plan, changed_by_admin};
use super::error::ChatError;
use super::{App, Caller};
use crate::ids::{ChatId, UserId};
use crate::ports::{CommitChanges, Env, Push, ReadChats, Registry};

/// Makes a participant an admin, or one no more.
#[derive(Debug, Clone)]
pub struct SetAdmin {
    /// Who asks: an admin.
    pub caller: Caller,
    /// Which group.
    pub chat: ChatId,
    /// Whom.
    pub user: UserId,
    /// Whether they are one from now on.
    pub is_admin: bool,
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Makes a participant an admin, or one no more; the last admin stays one.
    ///
    /// # Errors
    /// [`ChatError`], and [`ChangeGroupError`].
    pub async fn set_admin(&self, command: SetAdmin) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let SetAdmin { caller, chat, user, is_admin } = command;
        self.change_group(&caller, &chat, |state, _| {
            changed_by_admin(state, &caller.user)?;
            if !state.chat.participants.contains(&user) {
                return Err(ChangeGroupError::NotAParticipant);
            }
            let mut chat = state.chat.clone();
            let changes = if is_admin { chat.admins.insert(user.clone()) } else { chat.admins.remove(&user) };
            if chat.admins.is_empty() {
                return Err(ChangeGroupError::LastAdmin);
            }
            Ok(changes.then(|| Plan::of(chat)))
        })
        .await
    }
}
