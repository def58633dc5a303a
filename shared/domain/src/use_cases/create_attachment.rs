//! Declares an attachment and signs the URL for its upload.

use super::App;
use super::error::{ChatError, Refusal};
use crate::attachment::{Attachment, AttachmentLimit, Media, UPLOAD_TTL, UPLOAD_URL_TTL, Upload};
use crate::budget::RateLimited;
use crate::file::{ContentType, FileName, Sha256Digest};
use crate::ids::{AttachmentId, ChatId, UserId};
use crate::ports::{CreateUploads, Env, LimitsStore, ReadChats, SignUploads, SignedUpload};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use crate::use_cases::state::ChatReader;
use std::collections::BTreeSet;

/// The least that an attachment takes from the budget of declared bytes, because its declaration costs something too.
const MIN_DECLARED_BYTES: u64 = 256 * 1024;

/// The request to upload an attachment.
#[derive(Debug, Clone)]
pub struct CreateAttachment {
    /// The user who will send it.
    pub user: UserId,
    /// The chat that it will be sent to.
    pub chat: ChatId,
    /// The name of the file.
    pub file_name: FileName,
    /// The declared media type.
    pub content_type: ContentType,
    /// The size in bytes, at least 1.
    pub size_bytes: u64,
    /// The SHA-256 of the bytes.
    pub sha256: Sha256Digest,
    /// Whether it is an image, a recording or a file, and its dimensions or duration.
    pub media: Media,
}

/// A declared attachment and its presigned upload.
#[derive(Debug)]
pub struct CreatedAttachment {
    /// The stored declaration.
    pub upload: Upload,
    /// The URL and headers for the PUT of the bytes.
    pub signed: SignedUpload,
    /// When the URL expires.
    pub signed_until: Timestamp,
}

/// Why an attachment is refused.
#[derive(Debug, thiserror::Error)]
pub enum CreateAttachmentError {
    /// The chat is closed: it takes no more messages.
    #[error("chat closed")]
    ChatClosed,
    /// One of the two participants of the private chat blocks the other one.
    #[error("blocked")]
    Blocked,
    /// The content type is not allowed for this kind of attachment.
    #[error("the content type is not allowed")]
    ContentType {
        /// The allowed types.
        allowed: BTreeSet<ContentType>,
    },
    /// The size is above the limit for this kind of attachment.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// The caller declares too many bytes in too short a time.
    #[error(transparent)]
    DeclaringTooFast(RateLimited),
}

impl Refusal for CreateAttachmentError {}

impl AttachmentLimit {
    /// Checks a declared media type.
    ///
    /// # Errors
    /// [`CreateAttachmentError::ContentType`] if it is not allowed.
    pub fn check_content_type(&self, content_type: &ContentType) -> Result<(), CreateAttachmentError> {
        if self.content_types.contains(content_type) {
            return Ok(());
        }
        Err(CreateAttachmentError::ContentType { allowed: self.content_types.clone() })
    }

    /// Checks a declared size.
    ///
    /// # Errors
    /// [`CreateAttachmentError::TooLarge`] with the limit.
    pub fn check_size(&self, size_bytes: u64) -> Result<(), CreateAttachmentError> {
        if size_bytes > self.max_bytes {
            return Err(CreateAttachmentError::TooLarge { limit: self.max_bytes });
        }
        Ok(())
    }
}

impl<S: ReadChats + LimitsStore + CreateUploads, P, E: Env> App<S, P, E> {
    /// Stores the declaration and signs the upload. Size and content type are checked before anything is
    /// read. The bytes are taken from the budget just before the declaration is stored.
    ///
    /// # Errors
    /// [`ChatError`] and [`CreateAttachmentError`].
    pub async fn create_attachment(
        &self,
        bucket: &impl SignUploads,
        command: CreateAttachment,
    ) -> Result<CreatedAttachment, ChatError<CreateAttachmentError>> {
        let CreateAttachment { user, chat, file_name, content_type, size_bytes, sha256, media } = command;
        let limit = self.settings.attachments.of(&media);
        limit.check_content_type(&content_type)?;
        limit.check_size(size_bytes)?;
        let state = ChatReader::new(&self.store, &mut Retry::new(&self.env), &chat).state(&user, None).await?;
        let state = state.ok_or(ChatError::NotFound)?;
        if state.chat.closed_at.is_some() {
            return Err(CreateAttachmentError::ChatClosed.into());
        }
        if state.head.is_blocked() {
            return Err(CreateAttachmentError::Blocked.into());
        }
        let now = self.env.now();
        let mut randomness = [0; 10];
        self.env.randomness(&mut randomness);
        let id = AttachmentId::random(now, randomness);
        let upload = Upload {
            attachment: Attachment { id, file_name, content_type, size_bytes, sha256, media },
            owner: user,
            chat,
            created_at: now,
            expires_at: now.plus(UPLOAD_TTL),
            sent_as: None,
        };
        let signed = bucket.sign_upload(&upload.attachment, now).await?;
        self.spend_limits(&upload.owner, |limits, now, change| {
            let bytes = size_bytes.max(MIN_DECLARED_BYTES);
            let spending = self.settings.declared_bytes.spend(limits.declared_bytes, bytes, now)?;
            change.declared_bytes = Some(spending);
            Ok(())
        })
        .await
        .map_err(|error| error.map_refusal(CreateAttachmentError::DeclaringTooFast))?;
        self.store.create_upload(&upload).await?;
        Ok(CreatedAttachment { upload, signed, signed_until: now.plus(UPLOAD_URL_TTL) })
    }
}
