//! A message: its document, and what a reader is shown of it.

use crate::content::{Content, MessageType};
use crate::ids::{ChatId, ClientMessageId, MessageId, Seq, UserId, digest};
use crate::member::{Floor, Member};
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// The Message document, as it is stored. Who has seen it is derived from the members' read positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The chat that it is in.
    pub chat: ChatId,
    /// Its place there.
    pub seq: Seq,
    /// Who sent it.
    pub sender: UserId,
    /// What kind it is.
    pub kind: MessageType,
    /// What it says.
    pub content: Content,
    /// When it was stored.
    pub created_at: Timestamp,
    /// The sender's own name for it.
    pub client_message_id: Option<ClientMessageId>,
    /// Those who deleted it for themselves.
    pub deleted_for: BTreeSet<UserId>,
}

impl Message {
    /// Whether `reader`, whose floor this is, is shown the message. The one visibility rule.
    pub fn is_visible_to(&self, reader: &UserId, floor: Floor) -> bool {
        floor.shows(self.seq) && !self.deleted_for.contains(reader)
    }
}

/// The hash of what a send says, by which a repeat is told from another message under the same name.
#[must_use]
pub fn body_hash(kind: MessageType, content: &Content) -> String {
    digest("body", &[kind.as_str(), content.as_str()])
}

/// The Message of the document model, as one reader is shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    message_id: MessageId,
    chat_id: ChatId,
    seq: Seq,
    sender_id: UserId,
    r#type: MessageType,
    content: Content,
    seen_by: Vec<UserId>,
    /// True where `seen_by` had to be cut so that the message fits a frame.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    seen_by_limited: bool,
    /// At most the reader: whom else it is deleted for is nobody's business.
    deleted_for: Vec<UserId>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_message_id: Option<ClientMessageId>,
}

impl MessageView {
    /// What everyone who can see a message is shown of it; seen by those of `members` who read this far, and its sender.
    pub fn new(message: &Message, members: &[Member]) -> Self {
        let readers = members.iter().filter(|member| member.has_seen(message.seq)).map(|member| &member.user);
        let seen_by: BTreeSet<&UserId> = readers.chain([&message.sender]).collect();
        Self {
            message_id: MessageId::new(&message.chat, message.seq),
            chat_id: message.chat.clone(),
            seq: message.seq,
            sender_id: message.sender.clone(),
            r#type: message.kind,
            content: message.content.clone(),
            seen_by: seen_by.into_iter().cloned().collect(),
            seen_by_limited: false,
            deleted_for: Vec::new(),
            created_at: message.created_at,
            client_message_id: message.client_message_id.clone(),
        }
    }

    /// Cuts `seen_by` so that the message takes at most this many bytes of JSON.
    pub(crate) fn limit_seen_by(&mut self, most: usize) {
        while crate::content::json_length(self) > most && !self.seen_by.is_empty() {
            self.seen_by_limited = true;
            self.seen_by.pop();
        }
    }

    /// The chat that it is in.
    pub fn chat_id(&self) -> &ChatId {
        &self.chat_id
    }

    /// Its place in the chat.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Its name outside its chat.
    pub fn message_id(&self) -> &MessageId {
        &self.message_id
    }

    /// What it says.
    pub fn content(&self) -> &str {
        self.content.as_str()
    }

    /// Those who have seen it, sorted.
    pub fn seen_by(&self) -> &[UserId] {
        &self.seen_by
    }

    /// Whether `seen_by` was cut.
    pub fn is_seen_by_limited(&self) -> bool {
        self.seen_by_limited
    }
}
