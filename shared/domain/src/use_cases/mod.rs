//! The use cases, one file each, as methods of [`App`]. Each method's bounds name only the ports that it uses.

mod add_participants;
mod change_group;
mod change_message;
mod clear_chat;
mod connect;
mod create_attachment;
mod create_chat;
mod delete_message;
mod edit_message;
mod error;
mod existence;
mod fan_out;
mod get_attachment;
mod get_chat;
mod list_chats;
mod list_messages;
mod mark_seen;
mod mute_chat;
mod notify;
mod presence;
mod profile;
mod react_to_message;
mod remove_participant;
mod send_message;
mod set_admin;
mod state;
mod sync;
mod typing;
mod update_chat;

pub use add_participants::{AddParticipants, MAX_ADDED_PARTICIPANTS};
pub use change_group::{ChangeGroupError, ChangedGroup};
pub use change_message::{ChangeMessageError, ChangedMessage};
pub use clear_chat::ClearedChat;
pub use connect::{ConnectError, ConnectOutcome, DisconnectOutcome};
pub use create_attachment::{CreateAttachment, CreateAttachmentError, CreatedAttachment};
pub use create_chat::{CreateChat, CreateChatError, CreatedChat, NewChat};
pub use delete_message::{DeleteFor, DeleteMessage};
pub use edit_message::EditMessage;
pub use error::{ChatError, Refusal};
pub use get_attachment::{AttachmentDownload, GetAttachmentError};
pub use get_chat::{ChatDetails, MemberView};
pub use list_chats::{Inbox, InboxCursor, InboxEntry, ListChats};
pub use list_messages::{ListMessages, Page, PageLimit, PageStart};
pub use mark_seen::{MarkSeenCommand, MarkSeenError, MarkSeenOutcome};
pub use mute_chat::{Mute, MuteChat, MuteChatError, MuteOutcome};
pub use profile::{ProfileError, UpdateMe, VisibleUser};
pub use react_to_message::ReactToMessage;
pub use remove_participant::RemoveParticipant;
pub use send_message::{SendMessage, SendMessageError, SendOutcome};
pub use set_admin::SetAdmin;
pub use sync::{ChatSync, Cursor, SyncChats, SyncOutcome};
pub use typing::{SendTyping, SendTypingError, TypingSent};
pub use update_chat::UpdateChat;

use crate::attachment::AttachmentLimits;
use crate::ids::{ConnectionId, UserId};
use crate::member::BudgetRate;

/// What every use case runs on. A use case that looks up users takes the directory as an argument; one that handles
/// attachments takes the bucket.
#[derive(Debug)]
pub struct App<S, P, E> {
    /// The store of chats, messages and users.
    pub store: S,
    /// Posts to live connections and publishes notifications; `()` in a function that pushes nothing.
    pub push: P,
    /// Time, randomness and sleep.
    pub env: E,
    /// The configured limits.
    pub settings: Settings,
}

/// The configured limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How fast one participant may send messages to one chat.
    pub sending: BudgetRate,
    /// The sizes and content types that attachments may have.
    pub attachments: AttachmentLimits,
}

impl Default for Settings {
    /// A burst of 50 messages, then 10 a second: faster than anybody types, slower than a runaway loop.
    fn default() -> Self {
        Self { sending: BudgetRate { burst: 50, per_second: 10 }, attachments: AttachmentLimits::default() }
    }
}

/// The user who makes a request, and the connection that it came over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The authenticated user.
    pub user: UserId,
    /// The WebSocket connection that the request came over; None for HTTP. It gets the reply, so the event of the
    /// change is not pushed to it.
    pub connection: Option<ConnectionId>,
}
