//! Checks of an upload before a message or a group takes it.

use crate::attachment::{Attachment, Upload};
use crate::content::MessageType;
use crate::ids::{AttachmentId, ChatId, UserId};
use crate::ports::{CheckUploads, Env, ReadUploads, StoreError, StoredObject};

use super::App;

/// Why an upload is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// There is no such upload, it has expired, or another user declared it. The caller does not learn which.
    #[error("attachment not found")]
    NotFound,
    /// The upload was declared for another chat.
    #[error("the attachment is for another chat")]
    OfAnotherChat,
    /// The upload was declared with this other type.
    #[error("the attachment is of another type")]
    OfAnotherKind(MessageType),
    /// A message or a group has the upload already.
    #[error("the attachment was sent before")]
    Sent,
    /// The bucket has no object for the upload, or one with another size or hash than declared.
    #[error("the attachment was not uploaded as declared")]
    NotUploaded,
}

impl<S: ReadUploads, P, E: Env> App<S, P, E> {
    /// The upload with this id; None if `user` did not declare it.
    pub(super) async fn load_upload(&self, id: &AttachmentId, user: &UserId) -> Result<Option<Upload>, StoreError> {
        let upload = self.store.upload(id, self.env.now()).await?;
        Ok(upload.filter(|upload| upload.owner == *user))
    }
}

/// Checks that an upload is for this chat, of this type, and not sent yet.
pub(super) fn check_upload<'a>(
    upload: Option<&'a Upload>,
    chat: &ChatId,
    kind: MessageType,
) -> Result<&'a Upload, UploadError> {
    let upload = upload.ok_or(UploadError::NotFound)?;
    let declared = upload.attachment.media.kind();
    if upload.chat != *chat {
        Err(UploadError::OfAnotherChat)
    } else if declared != kind {
        Err(UploadError::OfAnotherKind(declared))
    } else if upload.sent_as.is_some() {
        Err(UploadError::Sent)
    } else {
        Ok(upload)
    }
}

/// Checks that the object has the declared size and hash, and keeps the bucket from expiring it. False if there is no
/// such object. If the commit fails afterwards, an object stays that nothing names, which is better than a message
/// without its object.
pub(super) async fn confirm_upload(bucket: &impl CheckUploads, declared: &Attachment) -> Result<bool, StoreError> {
    let object = bucket.stored_object(&declared.id).await?;
    let is_as_declared = |object: &StoredObject| {
        object.size_bytes == declared.size_bytes && object.sha256.as_ref() == Some(&declared.sha256)
    };
    Ok(object.as_ref().is_some_and(is_as_declared) && bucket.remove_pending_tag(&declared.id).await?)
}
