//! A chat: its document, the head of its log, and what a client is shown of both.

use crate::content::ChatName;
use crate::ids::{ChatId, MessageId, Rev, Seq, UserId};
use crate::member::Floor;
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// The most that a frame or a WebSocket reply may take as JSON, in bytes. API Gateway's own limit for a
/// frame is 32 KB (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>);
/// the difference is for the envelope.
pub const MAX_FRAME_BYTES: usize = 28 * 1024;

/// What of a frame is left for documents, beside the reply's or event's envelope and a page's own fields.
pub(crate) const DOCUMENT_BYTES: usize = MAX_FRAME_BYTES - 1024;

/// The Chat document, as it is stored. What counts its messages is in the [`Head`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// The chat's id.
    pub id: ChatId,
    /// False: exactly two participants for ever. True: more than two at creation.
    pub is_group: bool,
    /// Groups have one; private chats none.
    pub name: Option<ChatName>,
    /// At least two.
    pub participants: BTreeSet<UserId>,
    /// Those who may change the group; empty for a private chat.
    pub admins: BTreeSet<UserId>,
    /// Who created it.
    pub created_by: UserId,
    /// When it was created.
    pub created_at: Timestamp,
    /// The rev of the last change of participants or admins; the head has the same, or this document is stale.
    pub members_rev: Rev,
    /// Since when it takes no more messages.
    pub closed_at: Option<Timestamp>,
    /// Of a group that was created with a client's name: the hash of what was asked for, to tell a repeat from another.
    pub request_hash: Option<String>,
}

/// The head of a chat's log: item seq = 0 of its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The last message's place; 0 when there is none.
    pub last_seq: Seq,
    /// When the last message was sent.
    pub last_message_at: Option<Timestamp>,
    /// The last change's number.
    pub last_rev: Rev,
    /// The same as the chat document's, when that is fresh.
    pub members_rev: Rev,
    /// How many participants the chat has, so that what depends on it need not read the chat document.
    pub participant_count: u32,
}

/// The Chat of the document model, as one participant is shown it, with the cursors to start from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatView {
    chat_id: ChatId,
    is_group: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<ChatName>,
    participants: BTreeSet<UserId>,
    admins: BTreeSet<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_id: Option<MessageId>,
    created_by: UserId,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<Timestamp>,
    seq: Seq,
    rev: Rev,
    floor: Seq,
}

impl ChatView {
    /// What a participant with this floor is shown. The last message is named only if they can see it.
    pub fn new(chat: &Chat, head: &Head, floor: Floor) -> Self {
        Self {
            chat_id: chat.id.clone(),
            is_group: chat.is_group,
            name: chat.name.clone(),
            participants: chat.participants.clone(),
            admins: chat.admins.clone(),
            last_message_id: floor.shows(head.last_seq).then(|| MessageId::new(&chat.id, head.last_seq)),
            created_by: chat.created_by.clone(),
            created_at: chat.created_at,
            closed_at: chat.closed_at,
            seq: head.last_seq,
            rev: head.last_rev,
            floor: floor.seq(),
        }
    }

    /// The chat's id.
    pub fn chat_id(&self) -> &ChatId {
        &self.chat_id
    }

    /// The chat's participants.
    pub fn participants(&self) -> &BTreeSet<UserId> {
        &self.participants
    }

    /// The place of the last message.
    pub fn seq(&self) -> Seq {
        self.seq
    }
}
