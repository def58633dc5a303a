//! Changes the name, the topic and the custom data of a group.

use super::change_group::{ChangeGroupError, ChangedGroup, Plan, check_admin};
use super::error::ChatError;
use super::{App, Caller};
use crate::chat::Chat;
use crate::custom::Custom;
use crate::ids::ChatId;
use crate::names::{ChatName, Topic};
use crate::patch::Patch;
use crate::ports::{CommitChanges, Env, Push, ReadChats, Registry};

/// The request to change a group. What is None stays as it is.
#[derive(Debug, Clone)]
pub struct UpdateChat {
    /// An admin of the group.
    pub caller: Caller,
    /// The group to change.
    pub chat: ChatId,
    /// The new name.
    pub name: Option<ChatName>,
    /// What happens to the topic.
    pub topic: Option<Patch<Topic>>,
    /// What happens to the custom data.
    pub custom: Option<Patch<Custom>>,
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Changes a group. The values that it has already change nothing.
    ///
    /// # Errors
    /// [`ChatError`] and [`ChangeGroupError`].
    pub async fn update_chat(&self, command: UpdateChat) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let UpdateChat { caller, chat, name, topic, custom } = command;
        self.change_group(&caller, &chat, (), |state, _| {
            check_admin(state, &caller.user)?;
            let before = &state.chat;
            let after = Chat {
                name: name.as_ref().or(before.name.as_ref()).cloned(),
                topic: Patch::applied(topic.as_ref(), before.topic.as_ref()),
                custom: Patch::applied(custom.as_ref(), before.custom.as_ref()),
                ..before.clone()
            };
            Ok((after != *before).then(|| Plan::of(after)))
        })
        .await
    }
}
