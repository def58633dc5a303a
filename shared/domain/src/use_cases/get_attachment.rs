//! Signs the download URL of a message's attachment, for users who can see the message, and of a group's avatar, for its
//! participants.

use super::App;
use super::error::{ChatError, Refusal};
use super::state::ChatReader;
use crate::attachment::{Attachment, DOWNLOAD_URL_TTL};
use crate::ids::{ChatId, Seq, UserId};
use crate::ports::{Env, ReadChats, ReadMessages, SignDownloads};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use futures_util::future::try_join;

/// An attachment and its presigned download.
#[derive(Debug)]
pub struct AttachmentDownload {
    /// The attachment's metadata.
    pub attachment: Attachment,
    /// The presigned URL.
    pub url: String,
    /// When the URL expires.
    pub signed_until: Timestamp,
}

/// Why no download is signed.
#[derive(Debug, thiserror::Error)]
pub enum GetAttachmentError {
    /// There is no such message, the caller cannot see it, or it was deleted for everyone.
    #[error("message not found")]
    MessageNotFound,
    /// The message has no attachment.
    #[error("the message has no attachment")]
    AttachmentNotFound,
    /// The chat has no avatar.
    #[error("the chat has no avatar")]
    AvatarNotFound,
}

impl Refusal for GetAttachmentError {}

impl<S: ReadChats + ReadMessages, P, E: Env> App<S, P, E> {
    /// Signs the download of a message's attachment.
    ///
    /// # Errors
    /// [`ChatError`] and [`GetAttachmentError`].
    pub async fn get_attachment(
        &self,
        bucket: &impl SignDownloads,
        user: &UserId,
        chat: &ChatId,
        seq: Seq,
    ) -> Result<AttachmentDownload, ChatError<GetAttachmentError>> {
        // Seq 0 is the head, not a message.
        if seq == Seq(0) {
            return Err(GetAttachmentError::MessageNotFound.into());
        }
        let (position, message) = try_join(self.store.position(chat, user), self.store.message(chat, seq)).await?;
        let (_, member) = position.ok_or(ChatError::NotFound)?;
        let message = message.filter(|message| message.is_visible_to(user, member.floor()));
        let message = message.ok_or(GetAttachmentError::MessageNotFound)?;
        let body = message.live_body().ok_or(GetAttachmentError::MessageNotFound)?;
        let attachment = body.attachment.clone().ok_or(GetAttachmentError::AttachmentNotFound)?;
        self.sign_download(bucket, attachment).await
    }

    /// Signs the download of a group's avatar.
    ///
    /// # Errors
    /// [`ChatError`] and [`GetAttachmentError`].
    pub async fn get_avatar(
        &self,
        bucket: &impl SignDownloads,
        user: &UserId,
        chat: &ChatId,
    ) -> Result<AttachmentDownload, ChatError<GetAttachmentError>> {
        let state = ChatReader::new(&self.store, &mut Retry::new(&self.env), chat).state(user, None).await?;
        let chat = state.ok_or(ChatError::NotFound)?.chat;
        self.sign_download(bucket, chat.avatar.ok_or(GetAttachmentError::AvatarNotFound)?).await
    }

    async fn sign_download(
        &self,
        bucket: &impl SignDownloads,
        attachment: Attachment,
    ) -> Result<AttachmentDownload, ChatError<GetAttachmentError>> {
        let now = self.env.now();
        let url = bucket.sign_download(&attachment, now).await?;
        Ok(AttachmentDownload { attachment, url, signed_until: now.plus(DOWNLOAD_URL_TTL) })
    }
}
