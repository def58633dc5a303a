//! The documents in answers, replies and events, as docs/openapi.yaml describes them. A document that is read and
//! written again is the same JSON: a test checks this with every example of both descriptions, and the end-to-end tests
//! check it with every answer and frame that they see.

mod answers;
mod attachment;
mod chat;
mod message;
mod own_view;
mod sync;
mod user;

pub use answers::{ChatAnswer, Health, MessageAnswer, Pong, RemovalAnswer, UserAnswer, UsersAnswer};
pub use attachment::{AnnouncedAttachment, Attachment, AttachmentDownload, Download, Upload};
pub use chat::{Chat, ChatDetails, Inbox, InboxEntry, Member, MembersPage, UnreadTotal};
pub use message::{Message, MessageType, Page, PageRange, Reaction};
pub use own_view::{Mute, Notify, OwnMember, OwnMemberAnswer, ReadPosition, Settings};
pub use sync::{ChatSync, Cursor, SyncAnswer, SyncRequest};
pub use user::{Block, BlockState, Blocks, ChatUser, Profile, Status};

use serde_json::{Map, Value};

/// The id of a chat: 64 hexadecimal digits for a private chat, a UUID for a group.
pub type ChatId = String;
/// The id of a user: the `sub` of their token.
pub type UserId = String;
/// The number of a message in its chat: 1, 2, 3, ... without a gap. 0 is before the first message.
pub type Seq = u64;
/// The number of a change in its chat: 1, 2, 3, ... without a gap. 0 is before the first change.
pub type Rev = u64;
/// A time in RFC 3339, in UTC with milliseconds. Two times compare as texts in the order of time.
pub type Time = String;
/// Custom data: a JSON object of the application. It is never empty: an empty one counts as none.
pub type Custom = Map<String, Value>;

fn is_false(flag: &bool) -> bool {
    !flag
}
