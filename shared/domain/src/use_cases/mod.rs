//! What can be done with a chat, one file each, as methods of [`App`]. Each asks for the capabilities that it
//! uses and no others.

mod add_participants;
mod change_group;
mod change_message;
mod clear_chat;
mod connect;
mod create_chat;
mod delete_message;
mod edit_message;
mod fan_out;
mod get_chat;
mod list_chats;
mod list_messages;
mod mark_seen;
mod mute_chat;
mod profile;
mod react_to_message;
mod remove_participant;
mod send_message;
mod set_admin;
mod sync;
mod update_chat;

pub use add_participants::{AddParticipants, MOST_ADDED};
pub use change_group::{ChangeGroupError, ChangedGroup};
pub use change_message::{ChangeMessageError, ChangedMessage};
pub use clear_chat::{ClearChatError, ClearedChat};
pub use connect::{ConnectError, Connected};
pub use create_chat::{CreateChat, CreateChatError, CreatedChat, NewChat};
pub use delete_message::{DeleteFor, DeleteMessage};
pub use edit_message::EditMessage;
pub use fan_out::PushReport;
pub use get_chat::{ChatDetails, GetChatError, MemberView};
pub use list_chats::{Entry, Inbox, InboxCursor, ListChats};
pub use list_messages::{ListMessages, ListMessagesError, Page, PageLimit, PageStart};
pub use mark_seen::{MarkSeenCommand, MarkSeenError, Seen};
pub use mute_chat::{Mute, MuteChat, MuteChatError, Muted};
pub use profile::{ProfileError, ShownUser};
pub use react_to_message::ReactToMessage;
pub use remove_participant::RemoveParticipant;
pub use send_message::{SendMessage, SendMessageError, Sent};
pub use set_admin::SetAdmin;
pub use sync::{ChatSync, Cursor, Sync as SyncCommand, Synced};
pub use update_chat::UpdateChat;

use crate::chat::{Chat, Head};
use crate::ids::{ChatId, ConnectionId, Seq, UserId};
use crate::member::{BudgetRate, Member};
use crate::message::Message;
use crate::ports::{ChatSnapshot, Consistency, Directory, DirectoryError, Env, ReadChats, StoreError};
use crate::retry::Retry;
use futures_util::future::try_join;

/// What every use case runs on: a store, a push channel, time and randomness, the limits that are configured, and for
/// some the directory of users.
#[derive(Debug)]
pub struct App<S, P, E, D = ()> {
    /// Where chats are stored.
    pub store: S,
    /// How live connections are reached.
    pub push: P,
    /// Time and randomness.
    pub env: E,
    /// The limits that are configured.
    pub settings: Settings,
    /// Who the users are; `()` where nobody asks.
    pub directory: D,
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

/// A chat, fresh enough to act upon: the chat document is that of the head.
#[derive(Debug)]
struct ChatState {
    chat: Chat,
    head: Head,
    member: Member,
    /// The message that was asked for, if there is one.
    message: Option<Message>,
}

/// A chat with all of its members, as they were at one moment.
#[derive(Debug)]
struct FullState {
    chat: Chat,
    head: Head,
    members: Vec<Member>,
    /// The message that was asked for, if there is one.
    message: Option<Message>,
}

impl FullState {
    fn member(&self, user: &UserId) -> Option<&Member> {
        self.members.iter().find(|member| &member.user == user)
    }

    fn is_admin(&self, user: &UserId) -> bool {
        self.chat.admins.contains(user)
    }
}

/// The chat as `user` finds it, with the message at `place`; None if it is not there or they are not in it.
async fn chat_state(
    store: &impl ReadChats,
    env: &impl Env,
    id: &ChatId,
    user: &UserId,
    place: Option<Seq>,
) -> Result<Option<ChatState>, StoreError> {
    let ChatSnapshot { chat, head, member, message } = store.snapshot(id, Some(user), place).await?;
    let (Some(head), Some(member)) = (head, member) else {
        return Ok(None);
    };
    let chat = as_new_as(&head, chat, store, env, id).await?;
    Ok(Some(ChatState { chat, head, member, message }))
}

/// The same with all members; None also if `user` is none of them. A membership that changes between the two reads is
/// read again, so that document and members are of one moment.
async fn full_state(
    store: &impl ReadChats,
    env: &impl Env,
    id: &ChatId,
    user: &UserId,
    place: Option<Seq>,
) -> Result<Option<FullState>, StoreError> {
    let mut retry = Retry::new(env);
    loop {
        let (snapshot, members) = try_join(store.snapshot(id, None, place), store.members(id)).await?;
        let ChatSnapshot { chat, head: Some(head), message, .. } = snapshot else {
            return Ok(None);
        };
        if !members.iter().any(|member| &member.user == user) {
            return Ok(None);
        }
        let chat = as_new_as(&head, chat, store, env, id).await?;
        // In a closed group the last member is alone, while the document keeps both.
        let agree = match chat.closed_at {
            None => members.iter().map(|member| &member.user).eq(&chat.participants),
            Some(_) => members.len() == 1,
        };
        if agree && chat.members_rev == head.members_rev {
            return Ok(Some(FullState { chat, head, members, message }));
        }
        if !retry.again().await {
            return Err(StoreError::Unavailable {
                operation: "reading a chat",
                source: "its members kept changing".into(),
            });
        }
    }
}

/// A chat document that is not behind its head: one that is, is read again, strongly, until the transaction that
/// changed both can be seen in both.
async fn as_new_as(
    head: &Head,
    chat: Option<Chat>,
    store: &impl ReadChats,
    env: &impl Env,
    id: &ChatId,
) -> Result<Chat, StoreError> {
    let mut found = chat;
    let mut retry = Retry::new(env);
    loop {
        if let Some(chat) = found.filter(|chat| chat.members_rev >= head.members_rev) {
            return Ok(chat);
        }
        found = Some(fresh_chat(store, id).await?);
        let behind = found.as_ref().is_some_and(|chat| chat.members_rev < head.members_rev);
        if behind && !retry.again().await {
            return Err(StoreError::Unavailable {
                operation: "reading a chat",
                source: "its document stays behind".into(),
            });
        }
    }
}

/// Those of `users` who do not exist, as far as anybody knows.
async fn unknown_users(directory: &impl Directory, users: &[UserId]) -> Result<Vec<UserId>, DirectoryError> {
    let Some(known) = directory.profiles(users).await? else { return Ok(Vec::new()) };
    Ok(users.iter().filter(|user| !known.contains_key(user)).cloned().collect())
}

/// The chat document, read strongly, of a chat that is known to be there.
async fn fresh_chat(store: &impl ReadChats, id: &ChatId) -> Result<Chat, StoreError> {
    store.chat(id, Consistency::Strong).await?.ok_or_else(|| StoreError::Inconsistent {
        table: "Chats",
        key: id.to_string(),
        attribute: "the item is missing, but the chat has a head".to_owned(),
    })
}
