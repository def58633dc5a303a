//! What is pushed, as docs/asyncapi.yaml describes it.

use crate::documents::{Chat, ChatId, ChatUser, Message, Rev, Seq, Status, Time, UserId};
use serde::{Deserialize, Serialize};

/// Something happened. The client library hands these on in the order of the chat's log, each once, also those that it
/// made out of what a sync answered; these lack what a sync does not tell, which is why it is optional here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all_fields = "camelCase")]
pub enum Event {
    /// A chat is new to this user.
    #[serde(rename = "chat.created")]
    ChatCreated {
        /// Which.
        chat_id: ChatId,
        /// The chat.
        data: Chat,
    },
    /// Its name, participants or admins changed, it was closed, or this user cleared its history.
    #[serde(rename = "chat.updated")]
    ChatUpdated {
        /// Which.
        chat_id: ChatId,
        /// The number of the change.
        rev: Rev,
        /// The chat.
        data: Chat,
    },
    /// This user is not in it any more.
    #[serde(rename = "chat.left")]
    ChatLeft {
        /// Which.
        chat_id: ChatId,
        /// The number of the change.
        rev: Rev,
        /// Who did that.
        data: Left,
    },
    /// A message came.
    #[serde(rename = "message.created")]
    MessageCreated {
        /// The chat.
        chat_id: ChatId,
        /// The message's place.
        seq: Seq,
        /// The message.
        data: Message,
    },
    /// A message changed.
    #[serde(rename = "message.updated")]
    MessageUpdated {
        /// The chat.
        chat_id: ChatId,
        /// The message's place.
        seq: Seq,
        /// The number of the change.
        rev: Rev,
        /// The message.
        data: Message,
    },
    /// Somebody has read.
    #[serde(rename = "receipt.updated")]
    ReceiptUpdated {
        /// The chat.
        chat_id: ChatId,
        /// Who, and how far.
        data: Receipt,
    },
    /// Somebody types, or stopped.
    #[serde(rename = "typing")]
    Typing {
        /// The chat.
        chat_id: ChatId,
        /// Who, and which.
        data: Typing,
    },
    /// Somebody came, or went.
    #[serde(rename = "presence.updated")]
    PresenceUpdated {
        /// Who, and which.
        data: Presence,
    },
    /// This user changed their nickname or what they muted.
    #[serde(rename = "user.updated")]
    UserUpdated {
        /// The user.
        data: ChatUser,
    },
}

/// Who ended somebody's being in a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Who; None where a sync told of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// How far somebody has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Who.
    pub user_id: UserId,
    /// Up to here.
    pub read_seq: Seq,
    /// When; None where a sync told of it without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Time>,
}

/// Whether somebody types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    /// Who.
    pub user_id: UserId,
    /// They began, or stopped.
    pub state: TypingState,
    /// For how long a start is shown, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// They began to type, or stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TypingState {
    /// They type.
    Start,
    /// They do not any more.
    Stop,
}

/// Whether somebody is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// Who.
    pub user_id: UserId,
    /// They are, or not.
    pub status: Status,
    /// When they were last seen, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Time>,
    /// Of when this is. Of two, the later is right.
    pub at: Time,
}

impl Event {
    /// The chat that it is about, if it is about one.
    pub fn chat_id(&self) -> Option<&ChatId> {
        match self {
            Self::ChatCreated { chat_id, .. }
            | Self::ChatUpdated { chat_id, .. }
            | Self::ChatLeft { chat_id, .. }
            | Self::MessageCreated { chat_id, .. }
            | Self::MessageUpdated { chat_id, .. }
            | Self::ReceiptUpdated { chat_id, .. }
            | Self::Typing { chat_id, .. } => Some(chat_id),
            Self::PresenceUpdated { .. } | Self::UserUpdated { .. } => None,
        }
    }

    /// A message was stored.
    pub fn message_created(message: Message) -> Self {
        Self::MessageCreated { chat_id: message.chat_id.clone(), seq: message.seq, data: message }
    }

    /// A message was changed, by the change that it names as its last.
    pub fn message_updated(message: Message) -> Self {
        let (chat_id, seq, rev) = (message.chat_id.clone(), message.seq, message.rev);
        Self::MessageUpdated { chat_id, seq, rev, data: message }
    }
}
