//! Attachments of messages (images, recordings and files), and the uploads that they start as.

use crate::content::MessageType;
use crate::file::{BlurHash, ContentType, FileName, Sha256Digest};
use crate::ids::{AttachmentId, ChatId, Seq, UserId};
use crate::text::Invalid;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long after its declaration an upload can be sent. The bucket removes an unsent object later than that.
pub const UPLOAD_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the record of an upload is kept after a message or a group took it.
pub const SENT_UPLOAD_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long the URL of an upload is valid.
pub const UPLOAD_URL_TTL: Duration = Duration::from_secs(15 * 60);

/// How long the URL of a download is valid.
pub const DOWNLOAD_URL_TTL: Duration = Duration::from_secs(60 * 60);

/// The metadata of an attachment, as its sender declared it. The object in the bucket has the declared size and hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "AttachmentDocument", into = "AttachmentDocument")]
pub struct Attachment {
    /// The id, which is also the key of the object.
    pub id: AttachmentId,
    /// The name of the file.
    pub file_name: FileName,
    /// The declared media type.
    pub content_type: ContentType,
    /// The size in bytes.
    pub size_bytes: u64,
    /// The SHA-256 of the bytes.
    pub sha256: Sha256Digest,
    /// The kind, with what a client needs to show it before it has loaded.
    pub media: Media,
}

/// The kind of an attachment, with its dimensions or duration as the sender's client measured them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media {
    /// A picture.
    Image {
        /// In pixels, 1 to [`Media::MAX_SIDE_PIXELS`].
        width: u32,
        /// In pixels, 1 to [`Media::MAX_SIDE_PIXELS`].
        height: u32,
        /// The placeholder until the picture has loaded.
        blur_hash: BlurHash,
    },
    /// A recording.
    Audio {
        /// In milliseconds, 1 to [`Media::MAX_DURATION_MS`].
        duration_ms: u64,
    },
    /// Any file.
    File,
}

impl Media {
    /// The most pixels of a side: the limit of JPEG.
    pub const MAX_SIDE_PIXELS: u32 = 65_535;
    /// The longest recording: one day.
    pub const MAX_DURATION_MS: u64 = 24 * 60 * 60 * 1000;

    /// The type of a message with this attachment.
    #[must_use]
    pub const fn kind(&self) -> MessageType {
        match self {
            Self::Image { .. } => MessageType::Image,
            Self::Audio { .. } => MessageType::Audio,
            Self::File => MessageType::File,
        }
    }
}

impl Attachment {
    /// The `Content-Type` of its download. For a file it is never the declared type, so that a browser does not run it.
    pub fn served_as(&self) -> &str {
        match self.media {
            Media::Image { .. } | Media::Audio { .. } => self.content_type.as_str(),
            Media::File => "application/octet-stream",
        }
    }
}

/// The JSON form of an attachment in messages and in the tables: flat, without a nested `media`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttachmentDocument {
    attachment_id: AttachmentId,
    file_name: FileName,
    content_type: ContentType,
    size_bytes: u64,
    sha256: Sha256Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blur_hash: Option<BlurHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
}

impl From<Attachment> for AttachmentDocument {
    fn from(attachment: Attachment) -> Self {
        let Attachment { id, file_name, content_type, size_bytes, sha256, media } = attachment;
        let (attachment_id, (width, height, blur_hash, duration_ms)) = (id, (None, None, None, None));
        let plain =
            Self { attachment_id, file_name, content_type, size_bytes, sha256, width, height, blur_hash, duration_ms };
        match media {
            Media::Image { width, height, blur_hash } => {
                Self { width: Some(width), height: Some(height), blur_hash: Some(blur_hash), ..plain }
            }
            Media::Audio { duration_ms } => Self { duration_ms: Some(duration_ms), ..plain },
            Media::File => plain,
        }
    }
}

impl TryFrom<AttachmentDocument> for Attachment {
    type Error = Invalid;
    fn try_from(declared: AttachmentDocument) -> Result<Self, Invalid> {
        let AttachmentDocument { attachment_id: id, file_name, content_type, size_bytes, sha256, .. } = declared;
        let media = match (declared.width, declared.height, declared.blur_hash, declared.duration_ms) {
            (Some(width), Some(height), Some(blur_hash), None) => Media::Image { width, height, blur_hash },
            (None, None, None, Some(duration_ms)) => Media::Audio { duration_ms },
            (None, None, None, None) => Media::File,
            _ => return Err(Invalid::because("must have the members of an image, of a recording or of a file")),
        };
        Ok(Self { id, file_name, content_type, size_bytes, sha256, media })
    }
}

/// The declaration of an upload, and whether it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The declared metadata.
    pub attachment: Attachment,
    /// The user who declared it, and the only one who may send it.
    pub owner: UserId,
    /// The only chat that it may be sent to.
    pub chat: ChatId,
    /// When it was declared.
    pub created_at: Timestamp,
    /// Until when it can be sent; after it was sent, until when that record is kept.
    pub expires_at: Timestamp,
    /// The seq of the message that has it as its attachment, 0 for the avatar of the group; None if it was not sent.
    pub sent_as: Option<Seq>,
}

/// The limits for one kind of attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentLimit {
    /// The largest size in bytes.
    pub max_bytes: u64,
    /// The allowed media types.
    pub content_types: BTreeSet<ContentType>,
}

impl AttachmentLimit {
    fn new(max_bytes: u64, content_types: &[&str]) -> Self {
        let content_types = content_types.iter().filter_map(|name| ContentType::parse(*name).ok()).collect();
        Self { max_bytes, content_types }
    }
}

/// The limits for all kinds of attachments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentLimits {
    /// The limits for images.
    pub image: AttachmentLimit,
    /// The limits for recordings.
    pub audio: AttachmentLimit,
    /// The limits for files.
    pub file: AttachmentLimit,
}

impl AttachmentLimits {
    /// The limits for attachments of this type; None for a text, which has no attachment.
    #[must_use]
    pub const fn of_type(&self, kind: MessageType) -> Option<&AttachmentLimit> {
        match kind {
            MessageType::Image => Some(&self.image),
            MessageType::Audio => Some(&self.audio),
            MessageType::File => Some(&self.file),
            MessageType::Text => None,
        }
    }

    /// The limits for the kind of `media`.
    #[must_use]
    pub const fn of(&self, media: &Media) -> &AttachmentLimit {
        match media {
            Media::Image { .. } => &self.image,
            Media::Audio { .. } => &self.audio,
            Media::File => &self.file,
        }
    }
}

impl Default for AttachmentLimits {
    /// Types that browsers show and play, and common types of office files. None of them can run in a browser (no
    /// SVG, no HTML).
    fn default() -> Self {
        Self {
            image: AttachmentLimit::new(10_000_000, &["image/gif", "image/jpeg", "image/png", "image/webp"]),
            audio: AttachmentLimit::new(
                25_000_000,
                &["audio/aac", "audio/flac", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav", "audio/webm"],
            ),
            file: AttachmentLimit::new(
                100_000_000,
                &[
                    "application/gzip",
                    "application/json",
                    "application/msword",
                    "application/octet-stream",
                    "application/pdf",
                    "application/vnd.ms-excel",
                    "application/vnd.ms-powerpoint",
                    "application/vnd.oasis.opendocument.spreadsheet",
                    "application/vnd.oasis.opendocument.text",
                    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                    "application/zip",
                    "text/csv",
                    "text/markdown",
                    "text/plain",
                    "video/mp4",
                    "video/quicktime",
                    "video/webm",
                ],
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn attachment_json_is_flat_and_of_one_kind() {
        let file = json!({"attachmentId": "a-1", "fileName": "a.png", "contentType": "image/png", "sizeBytes": 7,
            "sha256": "0".repeat(64)});
        let with = |more: serde_json::Value| {
            let mut members = file.clone();
            members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            members
        };
        let image = with(json!({"width": 1, "height": 2, "blurHash": "00OZZy"}));
        let audio = with(json!({"durationMs": 1500}));
        for (json, kind, served) in [
            (&file, MessageType::File, "application/octet-stream"),
            (&image, MessageType::Image, "image/png"),
            (&audio, MessageType::Audio, "image/png"),
        ] {
            let attachment: Attachment = serde_json::from_value(json.clone()).unwrap();
            assert_eq!((attachment.media.kind(), attachment.served_as()), (kind, served));
            assert_eq!(&serde_json::to_value(&attachment).unwrap(), json);
        }
        for mixed in
            [with(json!({"width": 1})), with(json!({"width": 1, "height": 2, "blurHash": "00OZZy", "durationMs": 1}))]
        {
            assert!(serde_json::from_value::<Attachment>(mixed).is_err());
        }
    }
}
