//! The events that are pushed to live connections.

use crate::chat::ChatView;
use crate::chat_user::{ChatUserView, Status};
use crate::ids::{ChatId, Rev, Seq, UserId};
use crate::member_settings::OwnMember;
use crate::message::MessageView;
use crate::reactions::Emoji;
use crate::text::word_enum;
use crate::timestamp::Timestamp;
use crate::use_cases::MemberView;
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::Duration;

/// The content of one pushed frame: `{"event": ..., "chatId"?: ..., "seq"?: ..., "rev"?: ..., "data": {...}}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The name, e.g. `message.created`.
    pub event: EventName,
    /// The chat; absent for events about users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_id: Option<ChatId>,
    /// The seq of the message; absent for events that are not about a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    /// The rev of the change; absent for events that have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rev: Option<Rev>,
    /// The stay of the user who left or was removed with the change; only in `chat.updated`, and only if they had read a
    /// message that the recipient can see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Box<MemberView>>,
    /// The changed document or state.
    pub data: EventData,
}

/// The names of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum EventName {
    /// A message was sent. By sending it, the sender has also read all messages before it.
    #[serde(rename = "message.created")]
    MessageCreated,
    /// A message was edited or deleted.
    #[serde(rename = "message.updated")]
    MessageUpdated,
    /// A participant reacted to a message, or took reactions back.
    #[serde(rename = "reaction.updated")]
    ReactionUpdated,
    /// A participant's read position moved.
    #[serde(rename = "receipt.updated")]
    ReceiptUpdated,
    /// The recipient is in a new chat.
    #[serde(rename = "chat.created")]
    ChatCreated,
    /// The chat's name, participants or admins changed, or the recipient's own floor.
    #[serde(rename = "chat.updated")]
    ChatUpdated,
    /// The recipient is no longer in the chat.
    #[serde(rename = "chat.left")]
    ChatLeft,
    /// A participant started or stopped typing.
    #[serde(rename = "typing")]
    Typing,
    /// A user with whom the recipient has a private chat came online or went offline.
    #[serde(rename = "presence.updated")]
    PresenceUpdated,
    /// A user with whom the recipient has a private chat took another nickname, or took it back.
    #[serde(rename = "nickname.updated")]
    NicknameUpdated,
    /// The recipient changed their own user on another device: nickname or notifications of mentions.
    #[serde(rename = "user.updated")]
    UserUpdated,
    /// The recipient changed their view of a chat on another device.
    #[serde(rename = "member.updated")]
    MemberUpdated,
    /// The recipient blocked a user on another device, or ended the block.
    #[serde(rename = "block.updated")]
    BlockUpdated,
    /// The system closes the connection right after this frame.
    #[serde(rename = "connection.closing")]
    ConnectionClosing,
}

/// The `data` of an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EventData {
    /// The message; for `message.created` and `message.updated`.
    Message(Box<MessageView>),
    /// The chat as the recipient sees it; for `chat.created` and `chat.updated`.
    Chat(Box<ChatView>),
    /// Who reacted, and with what; for `reaction.updated`.
    Reaction(Reaction),
    /// The read position; for `receipt.updated`.
    Receipt(Receipt),
    /// Who ended the membership; for `chat.left`.
    Left(Left),
    /// Who is typing; for `typing`.
    Typing(Typing),
    /// Who is online or offline; for `presence.updated`.
    Presence(Presence),
    /// Who has which nickname now; for `nickname.updated`.
    Nickname(NewNickname),
    /// The recipient's own user; for `user.updated`.
    User(Box<ChatUserView>),
    /// The recipient's own view of the chat; for `member.updated`.
    Member(OwnMember),
    /// Who is blocked or no longer blocked; for `block.updated`.
    Block(BlockState),
    /// Why the connection is closed; for `connection.closing`.
    Closing(Closing),
}

/// The data of `chat.left`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// The recipient, if they left, or the admin who removed them.
    pub by: UserId,
}

/// How long a client shows that a participant is typing, unless it gets another event. A `stop` can be lost.
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

/// The data of `typing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    user_id: UserId,
    state: TypingState,
    /// After this many milliseconds without another event, the participant counts as not typing. Absent for `stop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u32>,
}

impl Typing {
    /// Adds the time-out to a `start`.
    pub fn new(user_id: UserId, state: TypingState) -> Self {
        Self { user_id, state, timeout_ms: (state == TypingState::Start).then_some(TYPING_TIMEOUT_MS) }
    }
}

/// The data of `presence.updated`. Events can arrive in the wrong order: for each user, keep the one with the latest
/// `at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// The user whose status changed.
    pub user_id: UserId,
    /// The new status.
    pub status: Status,
    /// When the user connected or disconnected; absent if a connection was lost without a `$disconnect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// When the status changed.
    pub at: Timestamp,
}

/// The data of `nickname.updated`. Events can arrive in the wrong order: for each user, keep the one with the latest
/// `at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewNickname {
    /// The user whose nickname changed.
    pub user_id: UserId,
    /// The nickname from now on; the user's id if they took it back.
    pub nickname: String,
    /// When it changed.
    pub at: Timestamp,
}

/// The data of `reaction.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reaction {
    /// The participant who reacted.
    pub user_id: UserId,
    /// All of their reactions to the message from now on; empty if they took them back.
    pub emojis: BTreeSet<Emoji>,
}

/// The data of `receipt.updated`: a participant's read position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The participant who read.
    pub user_id: UserId,
    /// The seq of the last message that they have read.
    pub read_seq: Seq,
    /// When they read it.
    pub read_at: Timestamp,
}

/// The data of `block.updated`: whether the recipient blocks this user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockState {
    user_id: UserId,
    blocked: bool,
}

/// Why the system closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosingCode {
    /// The token of the handshake has expired.
    TokenExpired,
    /// The user has too many connections, and this is the oldest.
    TooManyConnections,
}

/// How long a client waits at least before it connects again after
/// [`TooManyConnections`](ClosingCode::TooManyConnections). Each of the user's devices closes another one when it
/// connects: without this wait, they would take turns without end.
pub const TOO_MANY_CONNECTIONS_RETRY_AFTER: Duration = Duration::from_secs(30);

/// The data of `connection.closing`. The close itself says nothing: `DeleteConnection` of API Gateway takes neither a
/// code nor a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Closing {
    /// Why the connection is closed.
    pub code: ClosingCode,
    /// Whether connecting again can succeed.
    pub retryable: bool,
    /// How long to wait at least before connecting again; absent if no wait is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// What happened and what to do, for people.
    pub detail: &'static str,
}

impl Closing {
    /// What a client is to know about a close with this code.
    pub fn new(code: ClosingCode) -> Self {
        let (retry_after, detail) = match code {
            ClosingCode::TokenExpired => (None, "The token has expired. Connect again with a new token."),
            ClosingCode::TooManyConnections => (
                Some(TOO_MANY_CONNECTIONS_RETRY_AFTER),
                "The user has too many connections, and this was the oldest. Connect again later, or close another one.",
            ),
        };
        let retry_after_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        Self { code, retryable: true, retry_after_ms, detail }
    }
}

impl Event {
    /// The event for a new message.
    pub fn message_created(message: MessageView) -> Self {
        Self {
            event: EventName::MessageCreated,
            chat_id: Some(message.chat_id().clone()),
            seq: Some(message.seq()),
            rev: None,
            left: None,
            data: EventData::Message(Box::new(message)),
        }
    }

    /// The event for a participant's new reactions to a message, with the rev of the change.
    pub fn reaction_updated(chat_id: ChatId, seq: Seq, rev: Rev, reaction: Reaction) -> Self {
        let data = EventData::Reaction(reaction);
        Self {
            event: EventName::ReactionUpdated,
            chat_id: Some(chat_id),
            seq: Some(seq),
            rev: Some(rev),
            left: None,
            data,
        }
    }

    /// The event for an edited or deleted message, with its rev.
    pub fn message_updated(message: MessageView) -> Self {
        Self { event: EventName::MessageUpdated, rev: Some(message.rev()), ..Self::message_created(message) }
    }

    /// The event for a new chat or a new member.
    pub fn chat_created(chat: ChatView) -> Self {
        Self {
            event: EventName::ChatCreated,
            chat_id: Some(chat.chat_id().clone()),
            seq: None,
            rev: None,
            left: None,
            data: EventData::Chat(Box::new(chat)),
        }
    }

    /// The event for a changed chat, with its rev, and with the stay that ended with the change, if any.
    pub fn chat_updated(chat: ChatView, left: Option<MemberView>) -> Self {
        let left = left.map(Box::new);
        Self { event: EventName::ChatUpdated, rev: Some(chat.rev()), left, ..Self::chat_created(chat) }
    }

    /// The event for a membership that `by` ended with the change `rev`.
    pub fn chat_left(chat_id: ChatId, rev: Rev, by: UserId) -> Self {
        let data = EventData::Left(Left { by });
        Self { event: EventName::ChatLeft, chat_id: Some(chat_id), seq: None, rev: Some(rev), left: None, data }
    }

    /// The event for a moved read position. It has no rev: receipts are not counted as changes.
    pub fn receipt_updated(chat_id: ChatId, receipt: Receipt) -> Self {
        let data = EventData::Receipt(receipt);
        Self { event: EventName::ReceiptUpdated, chat_id: Some(chat_id), seq: None, rev: None, left: None, data }
    }

    /// The event for a participant who starts or stops typing.
    pub fn typing(chat_id: ChatId, typing: Typing) -> Self {
        let data = EventData::Typing(typing);
        Self { event: EventName::Typing, chat_id: Some(chat_id), seq: None, rev: None, left: None, data }
    }

    /// The event for a user who came online or went offline. It has no chat.
    pub fn presence_updated(presence: Presence) -> Self {
        let data = EventData::Presence(presence);
        Self { event: EventName::PresenceUpdated, chat_id: None, seq: None, rev: None, left: None, data }
    }

    /// The event for a user who took another nickname. It has no chat.
    pub fn nickname_updated(nickname: NewNickname) -> Self {
        let data = EventData::Nickname(nickname);
        Self { event: EventName::NicknameUpdated, chat_id: None, seq: None, rev: None, left: None, data }
    }

    /// The event for a user's own other devices. It has no chat.
    pub fn user_updated(user: ChatUserView) -> Self {
        let data = EventData::User(Box::new(user));
        Self { event: EventName::UserUpdated, chat_id: None, seq: None, rev: None, left: None, data }
    }

    /// The event for a member's own other devices. It has no rev: its data has the number of the member item.
    pub fn member_updated(chat_id: ChatId, member: OwnMember) -> Self {
        let data = EventData::Member(member);
        Self { event: EventName::MemberUpdated, chat_id: Some(chat_id), seq: None, rev: None, left: None, data }
    }

    /// The event for a user who blocks or no longer blocks another one, for their own devices. It has no chat, because
    /// the two may have none.
    pub fn block_updated(user_id: UserId, blocked: bool) -> Self {
        let data = EventData::Block(BlockState { user_id, blocked });
        Self { event: EventName::BlockUpdated, chat_id: None, seq: None, rev: None, left: None, data }
    }

    /// The last frame of a connection that the system closes. It has no chat.
    pub fn connection_closing(code: ClosingCode) -> Self {
        let data = EventData::Closing(Closing::new(code));
        Self { event: EventName::ConnectionClosing, chat_id: None, seq: None, rev: None, left: None, data }
    }
}
