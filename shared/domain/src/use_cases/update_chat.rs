//! Renaming a group.

use super::change_group::{ChangeGroupError, ChangedGroup, Plan, changed_by_admin};
use super::error::ChatError;
use super::{App, Caller};
use crate::chat::Chat;
use crate::ids::ChatId;
use crate::names::ChatName;
use crate::ports::{CommitChanges, Env, Push, ReadChats, Registry};

/// Renames a group.
#[derive(Debug, Clone)]
pub struct UpdateChat {
    /// Who asks: an admin.
    pub caller: Caller,
    /// Which group.
    pub chat: ChatId,
    /// Its name from now on.
    pub name: ChatName,
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Renames a group.
    ///
    /// # Errors
    /// [`ChatError`], and [`ChangeGroupError`].
    pub async fn update_chat(&self, command: UpdateChat) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let UpdateChat { caller, chat, name } = command;
        self.change_group(&caller, &chat, |state, _| {
            changed_by_admin(state, &caller.user)?;
            let renamed = Chat { name: Some(name.clone()), ..state.chat.clone() };
            Ok((renamed != state.chat).then(|| Plan::of(renamed)))
        })
        .await
    }
}
