//! What a user wants to create: messages, attachments and chats before the server has them.

use crate::documents::{Attachment, Custom, MessageType, Notify, Seq, Time, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// The kind of the message; text if JSON has no `type`.
    #[serde(rename = "type", default)]
    pub kind: MessageType,
    /// The text. With an attachment it is the caption, and may be empty.
    #[serde(default)]
    pub content: String,
    /// The id of an attachment that was uploaded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<String>,
    /// The seq of the message that this one replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// The participants whom the message mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// The application's own data: at most 2,048 bytes of JSON, 8 levels deep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
}

impl Draft {
    /// A text message.
    pub fn text(content: impl Into<String>) -> Self {
        Self {
            kind: MessageType::Text,
            content: content.into(),
            attachment_id: None,
            reply_to: None,
            mentions: Vec::new(),
            custom: None,
        }
    }

    /// A message with an uploaded attachment. `caption` may be empty. The kind follows from the attachment.
    pub fn attachment(attachment: &Attachment, caption: impl Into<String>) -> Self {
        let Attachment { attachment_id, width, duration_ms, .. } = attachment;
        let kind = match (width, duration_ms) {
            (Some(_), _) => MessageType::Image,
            (None, Some(_)) => MessageType::Audio,
            (None, None) => MessageType::File,
        };
        Self { kind, attachment_id: Some(attachment_id.clone()), ..Self::text(caption) }
    }

    pub(crate) fn fields(&self) -> Map<String, Value> {
        fields(self)
    }
}

/// A change of this user's view of a chat. None keeps the present value; at least one value is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingsChange {
    /// Which messages notify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
    /// When a mute ends, in RFC 3339; only with [`Notify::None`]. None: it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute_until: Option<Time>,
    /// Whether the chat comes first in the inbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// Whether the chat is archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// Whether the chat is shown as unread. The read position stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked_unread: Option<bool>,
}

impl SettingsChange {
    pub(crate) fn fields(&self) -> Map<String, Value> {
        fields(self)
    }
}

/// The description of an attachment to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAttachment {
    /// Image, file or audio.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// The name of the file.
    pub file_name: String,
    /// The media type, such as `image/png`.
    pub content_type: String,
    /// In pixels; images only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// In pixels; images only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// A [BlurHash](https://blurha.sh) to show while the image loads; images only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blur_hash: Option<String>,
    /// In milliseconds; audio only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

impl NewAttachment {
    /// An image, with its size in pixels and its BlurHash.
    pub fn image(file_name: &str, content_type: &str, [width, height]: [u32; 2], blur_hash: &str) -> Self {
        let (width, height, blur_hash) = (Some(width), Some(height), Some(blur_hash.to_owned()));
        Self { kind: MessageType::Image, width, height, blur_hash, ..Self::file(file_name, content_type) }
    }

    /// An audio recording, with its duration in milliseconds.
    pub fn audio(file_name: &str, content_type: &str, duration_ms: u64) -> Self {
        let duration_ms = Some(duration_ms);
        Self { kind: MessageType::Audio, duration_ms, ..Self::file(file_name, content_type) }
    }

    /// Any other file.
    pub fn file(file_name: &str, content_type: &str) -> Self {
        Self {
            kind: MessageType::File,
            file_name: file_name.to_owned(),
            content_type: content_type.to_owned(),
            width: None,
            height: None,
            blur_hash: None,
            duration_ms: None,
        }
    }

    pub(crate) fn fields(&self) -> Map<String, Value> {
        fields(self)
    }
}

/// A chat to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewChat {
    /// The other participants, without the creator.
    pub participants: Vec<UserId>,
    /// Whether it is a group. Else it is a private chat with one other participant.
    pub is_group: bool,
    /// The name of the group; None for a private chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the group is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The application's own data of the group: at most 2,048 bytes of JSON, 8 levels deep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// An id from the creator, for a group. A repeat with the same id returns the same group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_chat_id: Option<String>,
}

impl NewChat {
    /// The private chat with another user.
    pub fn private(peer: &str) -> Self {
        Self {
            participants: vec![peer.to_owned()],
            is_group: false,
            name: None,
            topic: None,
            custom: None,
            client_chat_id: None,
        }
    }

    /// A group. With `client_chat_id` it is safe to repeat the request after an answer was lost.
    pub fn group(name: &str, others: &[UserId], client_chat_id: &str) -> Self {
        let (name, client_chat_id) = (Some(name.to_owned()), Some(client_chat_id.to_owned()));
        Self { participants: others.to_vec(), is_group: true, name, topic: None, custom: None, client_chat_id }
    }

    pub(crate) fn fields(&self) -> Map<String, Value> {
        fields(self)
    }
}

/// The JSON fields of a struct. Serializing a struct of strings, numbers and lists cannot fail.
fn fields(document: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(document) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
