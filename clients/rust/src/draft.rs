//! What a user wants to say, before it has a place in a chat.

use crate::documents::{Attachment, MessageType, Seq, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// What it carries; text, if nothing is said.
    #[serde(rename = "type", default)]
    pub kind: MessageType,
    /// What it says; of an attachment the caption, which may be empty.
    #[serde(default)]
    pub content: String,
    /// What it carries, uploaded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<String>,
    /// The message that it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// Whom it mentions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
}

impl Draft {
    /// A text.
    pub fn text(content: impl Into<String>) -> Self {
        Self {
            kind: MessageType::Text,
            content: content.into(),
            attachment_id: None,
            reply_to: None,
            mentions: Vec::new(),
        }
    }

    /// What was uploaded, with a caption that may be empty.
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

/// An attachment to be announced: what it is, and with the measures of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAttachment {
    /// Image, file or audio.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// What the file is called.
    pub file_name: String,
    /// What it is, such as `image/png`.
    pub content_type: String,
    /// Of an image, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Of an image, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blur_hash: Option<String>,
    /// Of a recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

impl NewAttachment {
    /// An image.
    pub fn image(file_name: &str, content_type: &str, [width, height]: [u32; 2], blur_hash: &str) -> Self {
        let (width, height, blur_hash) = (Some(width), Some(height), Some(blur_hash.to_owned()));
        Self { kind: MessageType::Image, width, height, blur_hash, ..Self::file(file_name, content_type) }
    }

    /// A recording.
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

/// A chat to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewChat {
    /// The others.
    pub participants: Vec<UserId>,
    /// A group, or a private chat with one other.
    pub is_group: bool,
    /// Of a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The creator's name for a group, under which asking again finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_chat_id: Option<String>,
}

impl NewChat {
    /// The private chat with somebody.
    pub fn private(with: &str) -> Self {
        Self { participants: vec![with.to_owned()], is_group: false, name: None, client_chat_id: None }
    }

    /// A group. `client_chat_id` makes asking again, after an answer that was lost, harmless.
    pub fn group(name: &str, others: &[UserId], client_chat_id: &str) -> Self {
        let (name, id) = (Some(name.to_owned()), Some(client_chat_id.to_owned()));
        Self { participants: others.to_vec(), is_group: true, name, client_chat_id: id }
    }

    pub(crate) fn fields(&self) -> Map<String, Value> {
        fields(self)
    }
}

/// A struct's fields as JSON has them. A struct of texts, numbers and lists cannot fail to be written.
fn fields(document: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(document) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
