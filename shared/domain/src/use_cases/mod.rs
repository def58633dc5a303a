//! The use cases, one file each, as methods of [`App`]. Each method's bounds name only the ports that it uses.

mod add_participants;
mod block_user;
mod change_group;
mod change_message;
mod clear_chat;
mod close_connection;
mod connect;
mod count_unread;
mod create_attachment;
mod create_chat;
mod delete_message;
mod edit_message;
mod error;
mod existence;
mod fan_out;
mod former_readers;
mod get_attachment;
mod get_chat;
mod inbox_cursor;
mod limits;
mod list_chats;
mod list_members;
mod list_messages;
mod list_users;
mod mark_seen;
mod notify;
mod presence;
mod profile;
mod react_to_message;
mod remove_participant;
mod send_message;
mod set_admin;
mod state;
mod sync;
mod turn;
mod typing;
mod unread;
mod update_chat;
mod update_member;
mod uploads;

pub use add_participants::{AddParticipants, MAX_ADDED_PARTICIPANTS};
pub use block_user::{BlockOutcome, BlockUser, BlockUserError, Blocks};
pub use change_group::{ChangeGroupError, ChangedGroup};
pub use change_message::{ChangeMessageError, ChangedMessage};
pub use clear_chat::{ClearChatError, ClearedChat};
pub use close_connection::close_connection;
pub use connect::{ConnectError, ConnectOutcome, DisconnectOutcome};
pub use count_unread::{CountAll, CountUnread, MAX_COUNTED_CHATS, UnreadTotal};
pub use create_attachment::{CreateAttachment, CreateAttachmentError, CreatedAttachment};
pub use create_chat::{CreateChat, CreateChatError, CreatedChat, NewChat};
pub use delete_message::{DeleteFor, DeleteMessage};
pub use edit_message::EditMessage;
pub use error::{ChatError, Refusal};
pub use get_attachment::{AttachmentDownload, GetAttachmentError};
pub use get_chat::{ChatDetails, MemberView};
pub use inbox_cursor::InboxCursor;
pub use list_chats::{ArchivedFilter, Inbox, InboxEntry, InboxFilter, ListChats, PinnedFilter};
pub use list_members::{ListMembers, MembersCursor, MembersPage};
pub use list_messages::{ListMessages, MAX_HIDDEN_BESIDE_PAGE, Page, PageLimit, PageRange, PageStart};
pub use list_users::{ListUsers, ListedUsers, MAX_NAMED_USERS, NamedUsers};
pub use mark_seen::{MarkSeenCommand, MarkSeenError, MarkSeenOutcome};
pub use profile::{ProfileError, UpdateMe, VisibleUser};
pub use react_to_message::ReactToMessage;
pub use remove_participant::RemoveParticipant;
pub use send_message::{SendMessage, SendMessageError, SendOutcome};
pub use set_admin::SetAdmin;
pub use sync::{ChatSync, Cursor, SyncChats, SyncOutcome};
pub use typing::{SendTyping, SendTypingError, TypingSent};
pub use update_chat::UpdateChat;
pub use update_member::{MuteOutcome, UpdateMember, UpdateMemberError, UpdatedMember};
pub use uploads::UploadError;

use crate::attachment::AttachmentLimits;
use crate::budget::BudgetRate;
use crate::ids::{ConnectionId, Seq, UserId};
use crate::member::Member;
use crate::recent::Recent;
use crate::timestamp::Timestamp;

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
    /// What this process remembers of its last requests.
    pub recent: Recent,
}

/// The configured limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How fast one participant may send messages to one chat.
    pub sending: BudgetRate,
    /// How fast one participant may change one chat and its messages.
    pub changes: BudgetRate,
    /// How many messages and how many changes a new participant may make at once. So nobody gains from leaving and
    /// coming back, or from making a new group.
    pub new_member_burst: u64,
    /// How fast a user may change their own user and their views of chats, and, from a bucket of its own, their blocks.
    pub profile_changes: BudgetRate,
    /// How fast a user may make chats.
    pub new_chats: BudgetRate,
    /// How fast a user may add people to chats; those in a new chat count too.
    pub added_people: BudgetRate,
    /// How fast a user may declare attachments, in bytes.
    pub declared_bytes: BudgetRate,
    /// The most chats that a user made and that are not closed.
    pub max_open_chats: u64,
    /// The most chats into which other users can put a user.
    pub max_memberships: u32,
    /// The sizes and content types that attachments may have.
    pub attachments: AttachmentLimits,
}

impl Default for Settings {
    /// Faster than anybody types, clicks or uploads, and slower than a runaway loop.
    fn default() -> Self {
        Self {
            sending: BudgetRate::per_second(50, 10),
            changes: BudgetRate::per_second(30, 5),
            new_member_burst: 5,
            profile_changes: BudgetRate::per_minute(10, 10),
            new_chats: BudgetRate::per_hour(50, 60),
            added_people: BudgetRate::per_hour(200, 200),
            declared_bytes: BudgetRate::per_hour(1_000_000_000, 1_000_000_000),
            max_open_chats: 1000,
            max_memberships: 5000,
            attachments: AttachmentLimits::default(),
        }
    }
}

impl Settings {
    /// A new participant of a chat whose last message is `seq`.
    fn new_member(&self, user: UserId, seq: Seq, now: Timestamp) -> Member {
        Member {
            budget: Some(self.sending.filled(self.new_member_burst, now)),
            change_budget: Some(self.changes.filled(self.new_member_burst, now)),
            ..Member::joining(user, seq, now)
        }
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
