//! What is pushed to live connections after a change is stored.

use crate::chat::ChatView;
use crate::ids::{ChatId, Seq, UserId};
use crate::message::MessageView;
use crate::timestamp::Timestamp;
use serde::Serialize;

/// One pushed frame: `{"event": ..., "chatId": ..., "seq"?: ..., "data": {...}}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Which event it is, e.g. `message.created`.
    pub event: EventName,
    /// The chat that it is about.
    pub chat_id: ChatId,
    /// The place in the log, for an event that is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// What happened.
    pub data: EventData,
}

/// The events' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum EventName {
    /// A message was sent. Its sender has thereby read everything before it.
    #[serde(rename = "message.created")]
    MessageCreated,
    /// Somebody's read position moved.
    #[serde(rename = "receipt.updated")]
    ReceiptUpdated,
    /// The user is in a new chat.
    #[serde(rename = "chat.created")]
    ChatCreated,
}

/// What an event says beside its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EventData {
    /// Of `message.created`: the message.
    Message(Box<MessageView>),
    /// Of `chat.created`: the chat.
    Chat(Box<ChatView>),
    /// Of `receipt.updated`: who has read how far.
    Receipt(Receipt),
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
            chat_id: message.chat_id().clone(),
            seq: Some(message.seq()),
            data: EventData::Message(Box::new(message)),
        }
    }

    /// `chat.created`.
    pub fn chat_created(chat: ChatView) -> Self {
        Self {
            event: EventName::ChatCreated,
            chat_id: chat.chat_id().clone(),
            seq: None,
            data: EventData::Chat(Box::new(chat)),
        }
    }

    /// `receipt.updated`.
    pub fn receipt_updated(chat_id: ChatId, receipt: Receipt) -> Self {
        Self { event: EventName::ReceiptUpdated, chat_id, seq: None, data: EventData::Receipt(receipt) }
    }
}
