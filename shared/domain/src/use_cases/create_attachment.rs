//! Announcing an attachment: what it is going to be, and where its bytes go.

use super::App;
use super::error::{ChatError, Refusal};
use crate::attachment::{Attachment, Media, UPLOAD_TTL, UPLOAD_URL_TTL, Upload};
use crate::file::{ContentType, FileName, Sha256Digest};
use crate::ids::{AttachmentId, ChatId, UserId};
use crate::ports::{CreateUploads, Env, ReadChats, SignUploads, SignedUpload};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use crate::use_cases::state::chat_state;
use std::collections::BTreeSet;

/// Announces an attachment.
#[derive(Debug, Clone)]
pub struct CreateAttachment {
    /// Who is going to send it.
    pub user: UserId,
    /// Into which chat.
    pub chat: ChatId,
    /// What the file is called.
    pub file_name: FileName,
    /// What it says it is.
    pub content_type: ContentType,
    /// Its size in bytes, at least 1.
    pub size_bytes: u64,
    /// The SHA-256 of its bytes.
    pub sha256: Sha256Digest,
    /// What kind it is.
    pub media: Media,
}

/// An attachment that can be uploaded now.
#[derive(Debug)]
pub struct CreatedAttachment {
    /// What was announced.
    pub upload: Upload,
    /// Where its bytes go.
    pub signed: SignedUpload,
    /// Until when they are taken there.
    pub signed_until: Timestamp,
}

/// Why an attachment cannot be uploaded.
#[derive(Debug, thiserror::Error)]
pub enum CreateAttachmentError {
    /// The chat takes no more messages.
    #[error("chat closed")]
    ChatClosed,
    /// Attachments of this kind have other types.
    #[error("a type that is not taken")]
    ContentType {
        /// Those that they have.
        allowed: BTreeSet<ContentType>,
    },
    /// Attachments of this kind are smaller.
    #[error("too large")]
    TooLarge {
        /// The most bytes.
        limit: u64,
    },
}

impl Refusal for CreateAttachmentError {}

impl<S: ReadChats + CreateUploads, P, E: Env> App<S, P, E> {
    /// Notes what is going to be uploaded, and signs its upload. Nothing is read for what the limits refuse.
    ///
    /// # Errors
    /// [`ChatError`], and [`CreateAttachmentError`].
    pub async fn create_attachment(
        &self,
        bucket: &impl SignUploads,
        command: CreateAttachment,
    ) -> Result<CreatedAttachment, ChatError<CreateAttachmentError>> {
        let CreateAttachment { user, chat, file_name, content_type, size_bytes, sha256, media } = command;
        let limit = self.settings.attachments.of(&media);
        if !limit.content_types.contains(&content_type) {
            return Err(CreateAttachmentError::ContentType { allowed: limit.content_types.clone() }.into());
        }
        if size_bytes > limit.most_bytes {
            return Err(CreateAttachmentError::TooLarge { limit: limit.most_bytes }.into());
        }
        let state = chat_state(&self.store, &mut Retry::new(&self.env), &chat, &user, None).await?;
        let state = state.ok_or(ChatError::NotFound)?;
        if state.chat.closed_at.is_some() {
            return Err(CreateAttachmentError::ChatClosed.into());
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
        self.store.create_upload(&upload).await?;
        Ok(CreatedAttachment { upload, signed, signed_until: now.plus(UPLOAD_URL_TTL) })
    }
}
