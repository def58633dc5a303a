//! What is pushed to live connections after a change is stored.

use crate::chat::ChatView;
use crate::chat_user::{ChatUserView, Status};
use crate::ids::{ChatId, Rev, Seq, UserId};
use crate::message::MessageView;
use crate::text::word_enum;
use crate::timestamp::Timestamp;
use serde::Serialize;

/// One pushed frame: `{"event": ..., "chatId"?: ..., "seq"?: ..., "rev"?: ..., "data": {...}}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Which event it is, e.g. `message.created`.
    pub event: EventName,
    /// The chat that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<ChatId>,
    /// The place in the log, for an event that is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The number of the change, for an event that is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rev: Option<Rev>,
    /// What happened.
    pub data: EventData,
}

/// The events' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum EventName {
    /// A message was sent. Its sender has thereby read everything before it.
    #[serde(rename = "message.created")]
    MessageCreated,
    /// A message was edited, deleted or reacted to.
    #[serde(rename = "message.updated")]
    MessageUpdated,
    /// Somebody's read position moved.
    #[serde(rename = "receipt.updated")]
    ReceiptUpdated,
    /// The user is in a new chat.
    #[serde(rename = "chat.created")]
    ChatCreated,
    /// The chat's name, participants or admins changed, or the user's own floor.
    #[serde(rename = "chat.updated")]
    ChatUpdated,
    /// The user is not in the chat any more.
    #[serde(rename = "chat.left")]
    ChatLeft,
    /// Somebody types, or stopped.
    #[serde(rename = "typing")]
    Typing,
    /// Somebody with whom the user has a private chat came online or went offline.
    #[serde(rename = "presence.updated")]
    PresenceUpdated,
    /// The user changed something of their own on another device: nickname or mutes.
    #[serde(rename = "user.updated")]
    UserUpdated,
}

/// What an event says beside its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EventData {
    /// Of `message.created` and `message.updated`: the message.
    Message(Box<MessageView>),
    /// Of `chat.created` and `chat.updated`: the chat.
    Chat(Box<ChatView>),
    /// Of `receipt.updated`: who has read how far.
    Receipt(Receipt),
    /// Of `chat.left`: who ended it.
    Left(Left),
    /// Of `typing`: who, and whether they do.
    Typing(Typing),
    /// Of `presence.updated`: who, and whether they can be reached.
    Presence(Presence),
    /// Of `user.updated`: the user.
    User(Box<ChatUserView>),
}

/// Who ended a membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// The user themselves, or the admin who removed them.
    pub by: UserId,
}

/// For this long, in milliseconds, a client shows that somebody types, unless it is told again: a stop can be lost.
const TYPING_TIMEOUT_MS: u32 = 6000;

word_enum!(
    /// Whether somebody is typing.
    TypingState,
    "must be start or stop",
    /// They are typing.
    Start = "start",
    /// They stopped.
    Stop = "stop",
);

/// Who types, or stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    user_id: UserId,
    state: TypingState,
    /// After this many milliseconds without another one, they do not type any more; absent where they stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u32>,
}

impl Typing {
    /// What the others are told of a user.
    pub fn new(user_id: UserId, state: TypingState) -> Self {
        Self { user_id, state, timeout_ms: (state == TypingState::Start).then_some(TYPING_TIMEOUT_MS) }
    }
}

/// Who came or went. Two of one user can arrive in the wrong order: the later `at` is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// Who.
    pub user_id: UserId,
    /// What they are now.
    pub status: Status,
    /// When they connected or disconnected; absent where a connection was lost without a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// As of when this is so.
    pub at: Timestamp,
}

/// Who has read how far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The reader.
    pub user_id: UserId,
    /// The last message that they have read.
    pub read_seq: Seq,
    /// When.
    pub read_at: Timestamp,
}

impl Event {
    /// `message.created`.
    pub fn message_created(message: MessageView) -> Self {
        Self {
            event: EventName::MessageCreated,
            chat_id: Some(message.chat_id().clone()),
            seq: Some(message.seq()),
            rev: None,
            data: EventData::Message(Box::new(message)),
        }
    }

    /// `message.updated`.
    pub fn message_updated(message: MessageView) -> Self {
        Self { event: EventName::MessageUpdated, rev: Some(message.rev()), ..Self::message_created(message) }
    }

    /// `chat.created`.
    pub fn chat_created(chat: ChatView) -> Self {
        Self {
            event: EventName::ChatCreated,
            chat_id: Some(chat.chat_id().clone()),
            seq: None,
            rev: None,
            data: EventData::Chat(Box::new(chat)),
        }
    }

    /// `chat.updated`.
    pub fn chat_updated(chat: ChatView) -> Self {
        Self { event: EventName::ChatUpdated, rev: Some(chat.rev()), ..Self::chat_created(chat) }
    }

    /// `chat.left`.
    pub fn chat_left(chat_id: ChatId, rev: Rev, by: UserId) -> Self {
        let data = EventData::Left(Left { by });
        Self { event: EventName::ChatLeft, chat_id: Some(chat_id), seq: None, rev: Some(rev), data }
    }

    /// `receipt.updated`.
    pub fn receipt_updated(chat_id: ChatId, receipt: Receipt) -> Self {
        let data = EventData::Receipt(receipt);
        Self { event: EventName::ReceiptUpdated, chat_id: Some(chat_id), seq: None, rev: None, data }
    }

    /// `typing`.
    pub fn typing(chat_id: ChatId, typing: Typing) -> Self {
        let data = EventData::Typing(typing);
        Self { event: EventName::Typing, chat_id: Some(chat_id), seq: None, rev: None, data }
    }

    /// `presence.updated`.
    pub fn presence_updated(presence: Presence) -> Self {
        let data = EventData::Presence(presence);
        Self { event: EventName::PresenceUpdated, chat_id: None, seq: None, rev: None, data }
    }

    /// `user.updated`.
    pub fn user_updated(user: ChatUserView) -> Self {
        let data = EventData::User(Box::new(user));
        Self { event: EventName::UserUpdated, chat_id: None, seq: None, rev: None, data }
    }
}
