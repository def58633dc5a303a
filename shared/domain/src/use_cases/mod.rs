//! What can be done with a chat, one file each, as methods of [`App`]. Each asks for the capabilities that it
//! uses and no others.

mod connect;
mod create_chat;
mod fan_out;
mod get_chat;
mod list_messages;
mod mark_seen;
mod send_message;

pub use connect::{ConnectError, Connected};
pub use create_chat::{CreateChat, CreateChatError, CreatedChat, NewChat};
pub use fan_out::PushReport;
pub use get_chat::{ChatDetails, GetChatError, MemberView};
pub use list_messages::{ListMessages, ListMessagesError, Page, PageLimit, PageStart};
pub use mark_seen::{MarkSeenCommand, MarkSeenError, Seen};
pub use send_message::{SendMessage, SendMessageError, Sent};

use crate::chat::{Chat, Head};
use crate::ids::{ChatId, ConnectionId, UserId};
use crate::member::{BudgetRate, Member};
use crate::ports::{ChatSnapshot, Consistency, ReadChats, StoreError};

/// What every use case runs on: a store, a push channel, time and randomness, and the limits that are configured.
#[derive(Debug)]
pub struct App<S, P, E> {
    /// Where chats are stored.
    pub store: S,
    /// How live connections are reached.
    pub push: P,
    /// Time and randomness.
    pub env: E,
    /// The limits that are configured.
    pub settings: Settings,
}

/// The limits that are configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How fast one participant may send into one chat.
    pub sending: BudgetRate,
}

impl Default for Settings {
    /// 50 messages at once and 10 a second after that: more than anybody types, less than a loop that went wrong.
    fn default() -> Self {
        Self { sending: BudgetRate { burst: 50, per_second: 10 } }
    }
}

/// Who asks, and over which connection if it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The WebSocket connection that the request came over. It gets the reply, so it gets no event beside it.
    pub connection: Option<ConnectionId>,
}

/// A chat, fresh enough to act upon: the chat document's members are those of the head.
#[derive(Debug)]
struct ChatState {
    chat: Chat,
    head: Head,
    member: Member,
}

/// The chat as `user` finds it, or None if it is not there or they are not in it. A chat document that is
/// behind its head is read again, strongly.
async fn chat_state(store: &impl ReadChats, id: &ChatId, user: &UserId) -> Result<Option<ChatState>, StoreError> {
    let ChatSnapshot { chat, head, member } = store.snapshot(id, user).await?;
    let (Some(head), Some(member)) = (head, member) else {
        return Ok(None);
    };
    let chat = match chat {
        Some(chat) if chat.members_rev == head.members_rev => chat,
        _ => fresh_chat(store, id).await?,
    };
    Ok(Some(ChatState { chat, head, member }))
}

/// The chat document, read strongly, of a chat that is known to be there.
async fn fresh_chat(store: &impl ReadChats, id: &ChatId) -> Result<Chat, StoreError> {
    store.chat(id, Consistency::Strong).await?.ok_or_else(|| StoreError::Inconsistent {
        table: "Chats",
        key: id.to_string(),
        attribute: "the item is missing, but the chat has a head".to_owned(),
    })
}
