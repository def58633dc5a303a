//! Attachments, and how their bytes are uploaded and downloaded.

use super::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An image, a recording or another file, as its sender described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// The attachment's id.
    pub attachment_id: String,
    /// The name of the file.
    pub file_name: String,
    /// The media type that the sender declared.
    pub content_type: String,
    /// The size in bytes.
    pub size_bytes: u64,
    /// The SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// In pixels; images only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// In pixels; images only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// A BlurHash to show while the image loads; images only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blur_hash: Option<String>,
    /// In milliseconds; recordings only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// The answer to the creation of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncedAttachment {
    /// The attachment, with its id.
    pub attachment: Attachment,
    /// The request that uploads the bytes.
    pub upload: Upload,
    /// Until when a message can carry the attachment.
    pub expires_at: Time,
}

/// A presigned request that uploads the bytes of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    /// The HTTP method: PUT.
    pub method: String,
    /// The presigned URL.
    pub url: String,
    /// The headers that the request must have.
    pub headers: BTreeMap<String, String>,
    /// Until when the request is valid.
    pub expires_at: Time,
}

/// The answer to the request for a message's attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentDownload {
    /// The attachment of the message.
    pub attachment: Attachment,
    /// Where its bytes are.
    pub download: Download,
}

/// A presigned request that downloads the bytes of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// The presigned URL: GET it without a token.
    pub url: String,
    /// Until when the URL is valid.
    pub expires_at: Time,
}
