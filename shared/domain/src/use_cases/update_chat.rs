//! Changes the name, the topic, the custom data and the avatar of a group.

use super::change_group::{ChangeGroupError, ChangedGroup, Plan, PlanReads, check_admin};
use super::error::ChatError;
use super::state::FullState;
use super::uploads::{UploadError, check_upload, confirm_upload};
use super::{App, Caller};
use crate::attachment::Attachment;
use crate::chat::Chat;
use crate::content::MessageType;
use crate::custom::Custom;
use crate::ids::{AttachmentId, ChatId, UserId};
use crate::meter;
use crate::names::{ChatName, Topic};
use crate::patch::Patch;
use crate::ports::{CheckUploads, CommitChanges, Env, Push, ReadChats, ReadUploads, Registry, RemoveObjects};
use error_text::error_chain;

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
    /// What happens to the avatar: an upload of the caller for this chat becomes it.
    pub avatar: Option<Patch<AttachmentId>>,
}

/// Checks the upload that becomes the avatar.
struct AvatarCheck<'a, B>(&'a B);

impl<S: ReadUploads, P: Sync, E: Env, B: CheckUploads> PlanReads<S, P, E> for AvatarCheck<'_, B> {
    async fn avatar(
        &self,
        app: &App<S, P, E>,
        chat: &ChatId,
        user: &UserId,
        id: &AttachmentId,
    ) -> Result<Attachment, ChatError<ChangeGroupError>> {
        let upload = app.load_upload(id, user).await?;
        let upload = check_upload(upload.as_ref(), chat, MessageType::Image).map_err(ChangeGroupError::Avatar)?;
        if !confirm_upload(self.0, &upload.attachment).await? {
            return Err(ChangeGroupError::Avatar(UploadError::NotUploaded).into());
        }
        Ok(upload.attachment.clone())
    }
}

impl<S: ReadChats + ReadUploads + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Changes a group. The values that it has already change nothing. Replacing or removing the avatar also removes its
    /// object from the bucket, once the change is stored.
    ///
    /// # Errors
    /// [`ChatError`] and [`ChangeGroupError`].
    pub async fn update_chat(
        &self,
        bucket: &(impl CheckUploads + RemoveObjects),
        command: UpdateChat,
    ) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let UpdateChat { caller, chat, name, topic, custom, avatar } = command;
        let update = |state: &FullState, _| {
            check_admin(state, &caller.user)?;
            let before = &state.chat;
            let after = Chat {
                name: name.as_ref().or(before.name.as_ref()).cloned(),
                topic: Patch::applied(topic.as_ref(), before.topic.as_ref()),
                custom: Patch::applied(custom.as_ref(), before.custom.as_ref()),
                avatar: before.avatar.clone().filter(|_| avatar != Some(Patch::Remove)),
                ..before.clone()
            };
            let current = before.avatar.as_ref().map(|avatar| &avatar.id);
            let new_avatar = avatar.as_ref().and_then(Patch::value).filter(|id| Some(*id) != current).cloned();
            let has_changed = after != *before || new_avatar.is_some();
            Ok(has_changed.then(|| Plan { new_avatar, ..Plan::of(after) }))
        };
        let changed = self.change_group(&caller, &chat, AvatarCheck(bucket), update).await?;
        if let Some(attachment) = &changed.former_avatar
            && let Err(error) = bucket.remove(attachment).await
        {
            meter::count_object_not_removed();
            let error = error_chain(&error);
            tracing::error!(%attachment, error, "the object of a former avatar was not removed");
        }
        Ok(changed)
    }
}
