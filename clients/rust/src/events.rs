//! The events that the server pushes, as docs/asyncapi.yaml describes them.

use crate::documents::{
    BlockState, Chat, ChatId, ChatUser, Member, Message, OwnMember, Rev, Seq, Status, Time, UserId,
};
use serde::{Deserialize, Serialize};

/// An event. [`Update::Event`](crate::Update::Event) reports the events of a chat in the order of its log, each once.
/// The library also makes events from the answers of syncs. Fields that a sync does not have are optional here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all_fields = "camelCase")]
#[allow(clippy::large_enum_variant)] // events are used up one by one
pub enum Event {
    /// This user is in a new chat: it was created, or they were added.
    #[serde(rename = "chat.created")]
    ChatCreated {
        /// The chat's id.
        chat_id: ChatId,
        /// The chat after the change.
        data: Chat,
    },
    /// The name, the participants or the admins of a chat changed, it was closed, or this user cleared its history.
    #[serde(rename = "chat.updated")]
    ChatUpdated {
        /// The chat's id.
        chat_id: ChatId,
        /// The rev of the change.
        rev: Rev,
        /// The stay of who left or was removed with the change. None if nobody did, or if they had read no message that
        /// this user can see.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<Member>,
        /// The chat after the change.
        data: Chat,
    },
    /// This user is not in a chat any more.
    #[serde(rename = "chat.left")]
    ChatLeft {
        /// The chat's id.
        chat_id: ChatId,
        /// The rev of the change.
        rev: Rev,
        /// Who removed this user.
        data: Left,
    },
    /// A message was stored.
    #[serde(rename = "message.created")]
    MessageCreated {
        /// The chat's id.
        chat_id: ChatId,
        /// The message's seq.
        seq: Seq,
        /// The message in its present state.
        data: Message,
    },
    /// A message was edited or deleted. The library also makes it from an answer with a message that changed in any way.
    #[serde(rename = "message.updated")]
    MessageUpdated {
        /// The chat's id.
        chat_id: ChatId,
        /// The message's seq.
        seq: Seq,
        /// The rev of the change.
        rev: Rev,
        /// The message in its present state.
        data: Message,
    },
    /// A participant reacted to a message, or took reactions back. The message that is held has the new reactions.
    #[serde(rename = "reaction.updated")]
    ReactionUpdated {
        /// The chat's id.
        chat_id: ChatId,
        /// The message's seq.
        seq: Seq,
        /// The rev of the change.
        rev: Rev,
        /// Who reacted, and with what.
        data: UserReactions,
    },
    /// A participant has read further.
    #[serde(rename = "receipt.updated")]
    ReceiptUpdated {
        /// The chat's id.
        chat_id: ChatId,
        /// Who has read, and how far.
        data: Receipt,
    },
    /// A participant types, or stopped.
    #[serde(rename = "typing")]
    Typing {
        /// The chat's id.
        chat_id: ChatId,
        /// Who types, or stopped.
        data: Typing,
    },
    /// A user who shares a chat with this user came online, or went offline.
    #[serde(rename = "presence.updated")]
    PresenceUpdated {
        /// Who it is, and their status.
        data: Presence,
    },
    /// A user who has a private chat with this user took another nickname, or took it back.
    #[serde(rename = "nickname.updated")]
    NicknameUpdated {
        /// Who it is, and their nickname.
        data: NewNickname,
    },
    /// This user changed their view of a chat on another device: notifications, pinned, archived, marked as unread. The
    /// library also makes it from a sync with another view.
    #[serde(rename = "member.updated")]
    MemberUpdated {
        /// The chat's id.
        chat_id: ChatId,
        /// This user's view after the change.
        data: OwnMember,
    },
    /// This user changed their nickname or their settings for all chats.
    #[serde(rename = "user.updated")]
    UserUpdated {
        /// This user's document after the change.
        data: ChatUser,
    },
    /// This user blocked another one, or ended the block.
    #[serde(rename = "block.updated")]
    BlockUpdated {
        /// Who it is, and whether they are blocked now.
        data: BlockState,
    },
    /// The system closes this connection: no frame follows. [`Client`](crate::Client) does not report it as an event,
    /// but as [`ConnectionStatus::Offline`](crate::ConnectionStatus::Offline), and connects again.
    #[serde(rename = "connection.closing")]
    ConnectionClosing {
        /// Why it is closed, and what to do.
        data: Closing,
    },
}

/// Why this user is not in a chat any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Who removed this user; the user themselves if they left. None if a sync or a reply reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

/// The reactions of one user to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserReactions {
    /// The participant.
    pub user_id: UserId,
    /// All of their reactions to the message from now on; empty if they took them back.
    pub emojis: Vec<String>,
}

/// How far a participant has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The participant.
    pub user_id: UserId,
    /// They have read all messages up to it.
    pub read_seq: Seq,
    /// When they read. None if the event was made from a sync that does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Time>,
}

/// Whether a participant types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    /// The participant.
    pub user_id: UserId,
    /// Whether they started or stopped.
    pub state: TypingState,
    /// How long to show a start if nothing follows, in milliseconds. None with a stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// Whether a participant started or stopped typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TypingState {
    /// They type.
    Start,
    /// They stopped.
    Stop,
}

/// Whether a user is online.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// The user.
    pub user_id: UserId,
    /// Whether they have a connection.
    pub status: Status,
    /// When they were last seen; None if the event does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Time>,
    /// When the status changed. For each user, keep the event with the latest `at`.
    pub at: Time,
}

/// The nickname of a user from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewNickname {
    /// The user.
    pub user_id: UserId,
    /// The nickname; the user's id if they took it back.
    pub nickname: String,
    /// When it changed. For each user, keep the event with the latest `at`.
    pub at: Time,
}

/// Why the system closes a connection, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Closing {
    /// What to decide by in a program.
    pub code: ClosingCode,
    /// Whether connecting again can succeed.
    pub retryable: bool,
    /// How long to wait at least before connecting again, in milliseconds; None: no time is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// What happened and what to do, in words.
    pub detail: String,
}

/// Why the system closes a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosingCode {
    /// The token has expired: connect again with a new one.
    TokenExpired,
    /// The user has too many connections, and this was the oldest. To connect again closes another one.
    TooManyConnections,
    /// A code that this version of the library does not know.
    #[serde(untagged)]
    Other(String),
}

impl Event {
    /// The chat that the event is about; None for events about a user or the connection.
    pub fn chat_id(&self) -> Option<&ChatId> {
        match self {
            Self::ChatCreated { chat_id, .. }
            | Self::ChatUpdated { chat_id, .. }
            | Self::ChatLeft { chat_id, .. }
            | Self::MessageCreated { chat_id, .. }
            | Self::MessageUpdated { chat_id, .. }
            | Self::ReactionUpdated { chat_id, .. }
            | Self::ReceiptUpdated { chat_id, .. }
            | Self::MemberUpdated { chat_id, .. }
            | Self::Typing { chat_id, .. } => Some(chat_id),
            Self::PresenceUpdated { .. }
            | Self::NicknameUpdated { .. }
            | Self::UserUpdated { .. }
            | Self::BlockUpdated { .. }
            | Self::ConnectionClosing { .. } => None,
        }
    }

    /// The event that this message was stored.
    pub fn message_created(message: Message) -> Self {
        Self::MessageCreated { chat_id: message.chat_id.clone(), seq: message.seq, data: message }
    }

    /// The event of the last change of this message: its rev is that of the message.
    pub fn message_updated(message: Message) -> Self {
        let (chat_id, seq, rev) = (message.chat_id.clone(), message.seq, message.rev);
        Self::MessageUpdated { chat_id, seq, rev, data: message }
    }
}
