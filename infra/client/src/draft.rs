//! What a user wants to say, before it has a place in a chat.

use crate::documents::{MessageType, Seq, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// What it carries; text, if nothing is said.
    #[serde(rename = "type", default)]
    pub kind: MessageType,
    /// What it says.
    pub content: String,
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
        Self { kind: MessageType::Text, content: content.into(), reply_to: None, mentions: Vec::new() }
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
