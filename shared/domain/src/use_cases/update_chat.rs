//! Renames a group.

use super::change_group::{ChangeGroupError, ChangedGroup, Plan, check_admin};
use super::error::ChatError;
use super::{App, Caller};
use crate::chat::Chat;
use crate::ids::ChatId;
use crate::names::ChatName;
use crate::ports::{CommitChanges, Env, Push, ReadChats, Registry};

/// The request to rename a group.
#[derive(Debug, Clone)]
pub struct UpdateChat {
    /// An admin of the group.
    pub caller: Caller,
    /// The group to rename.
    pub chat: ChatId,
    /// The new name.
    pub name: ChatName,
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Renames a group. The same name again changes nothing.
    ///
    /// # Errors
    /// [`ChatError`] and [`ChangeGroupError`].
    pub async fn update_chat(&self, command: UpdateChat) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let UpdateChat { caller, chat, name } = command;
        self.change_group(&caller, &chat, (), |state, _| {
            check_admin(state, &caller.user)?;
            let renamed = Chat { name: Some(name.clone()), ..state.chat.clone() };
            Ok((renamed != state.chat).then(|| Plan::of(renamed)))
        })
        .await
    }
}
