//! The documents that answers, replies and events carry, as docs/openapi.yaml describes them. Reading one and writing it
//! again gives the same JSON: a test holds every example of both descriptions against that, and the end-to-end tests
//! every answer and every frame that they see.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A chat's id: 64 hexadecimal digits for a private chat, a UUID for a group.
pub type ChatId = String;
/// A user's id, as the Auth Service has it.
pub type UserId = String;
/// The place of a message in its chat: 1, 2, 3, ... without a hole. 0: before the first.
pub type Seq = u64;
/// The number of a chat's change. 0: none yet.
pub type Rev = u64;
/// RFC 3339 in UTC with three digits after the second, so that as texts they sort as the times that they are.
pub type Time = String;

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A chat, as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// Its id.
    pub chat_id: ChatId,
    /// A group, or a private chat of two.
    pub is_group: bool,
    /// Of a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Sorted; at least two.
    pub participants: Vec<UserId>,
    /// How many they are.
    pub participant_count: u64,
    /// `participants` and `admins` are cut.
    #[serde(default, skip_serializing_if = "is_false")]
    pub participants_limited: bool,
    /// Who may change the group; empty for a private chat.
    pub admins: Vec<UserId>,
    /// Of the last message above the floor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message_id: Option<String>,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Time,
    /// When a group was closed: it takes no more messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Time>,
    /// The place of the last message.
    pub seq: Seq,
    /// The number of the last change.
    pub rev: Rev,
    /// The last place that is hidden from the reader.
    pub floor: Seq,
}

/// What a message carries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageType {
    /// Text.
    #[default]
    Text,
    /// A picture.
    Image,
    /// Any file.
    File,
    /// A recording.
    Audio,
    /// One that a later server has.
    #[serde(untagged)]
    Other(String),
}

/// A message: what it says, its tombstone, or its place if its reader deleted it for themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// `<chatId>:<seq>`.
    pub message_id: String,
    /// The chat that it is in.
    pub chat_id: ChatId,
    /// Its place there.
    pub seq: Seq,
    /// Who sent it.
    pub sender_id: UserId,
    /// What it carries.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// Empty where it was deleted.
    pub content: String,
    /// `content` is cut: an inbox shows its beginning.
    #[serde(default, skip_serializing_if = "is_false")]
    pub content_limited: bool,
    /// What it carries, beside `content`, which is the caption then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Attachment>,
    /// Who had read it when this was written; [`Held::seen_by`](crate::Held::seen_by) knows more.
    pub seen_by: Vec<UserId>,
    /// `seenBy` is cut.
    #[serde(default, skip_serializing_if = "is_false")]
    pub seen_by_limited: bool,
    /// The reader, if they deleted it for themselves.
    pub deleted_for: Vec<UserId>,
    /// When it was stored. Order by `seq`, not by this.
    pub created_at: Time,
    /// The sender's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    /// The number of its last change.
    pub rev: Rev,
    /// When it was last edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Time>,
    /// The message that it replies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// Whom it mentions; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// What was reacted with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// When it was deleted for everyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<UserId>,
}

/// A picture, a recording or another file: as its sender announced it, and stored as announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// Its id.
    pub attachment_id: String,
    /// What the file is called.
    pub file_name: String,
    /// What its sender says it is.
    pub content_type: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Of a picture, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Of a picture, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Of a picture: what is shown until it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blur_hash: Option<String>,
    /// Of a recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// What announcing an attachment answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncedAttachment {
    /// What was announced, with its id.
    pub attachment: Attachment,
    /// Where its bytes go.
    pub upload: Upload,
    /// Until when it can be sent.
    pub expires_at: Time,
}

/// A request that puts bytes into the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    /// PUT.
    pub method: String,
    /// Where.
    pub url: String,
    /// With these headers.
    pub headers: BTreeMap<String, String>,
    /// Until when.
    pub expires_at: Time,
}

/// What asking for a message's attachment answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentDownload {
    /// What it is.
    pub attachment: Attachment,
    /// Where its bytes are.
    pub download: Download,
}

/// Where bytes can be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// Where: GET, with nothing else.
    pub url: String,
    /// Until when.
    pub expires_at: Time,
}

/// An emoji, and who reacted with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reaction {
    /// One emoji.
    pub emoji: String,
    /// How many reacted with it.
    pub count: u64,
    /// Who; sorted.
    pub user_ids: Vec<UserId>,
    /// They are cut.
    #[serde(default, skip_serializing_if = "is_false")]
    pub user_ids_limited: bool,
}

/// Whether somebody has a live connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// One at least.
    Online,
    /// None.
    Offline,
}

/// A user, as the chat knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatUser {
    /// Their id.
    pub user_id: UserId,
    /// What they call themselves; their id until they say.
    pub nickname: String,
    /// Whether they are there.
    pub status: Status,
    /// When they were last seen; None: never.
    pub last_seen: Option<Time>,
    /// The reader's own; of anybody else empty.
    pub muted_chats: Vec<ChatId>,
    /// The reader's own: whether they are notified of mentions in chats that they muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_on_mention: Option<bool>,
    /// What the Auth Service says of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// What the Auth Service says of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Their name there.
    pub username: String,
    /// What to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// A participant's place in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// They see what comes after it.
    pub joined_seq: Seq,
    /// Since when.
    pub joined_at: Time,
    /// How far they have read.
    pub read_seq: Seq,
    /// When they last read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Time>,
    /// In a chat of at most 100, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ChatUser>,
}

/// What `GET /chats/{chatId}` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatDetails {
    /// The chat.
    pub chat: Chat,
    /// How many messages the caller has not read.
    pub unread_count: u64,
    /// Everybody in it.
    pub members: Vec<Member>,
}

/// A page of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// Newest activity first.
    pub chats: Vec<InboxEntry>,
    /// Of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One chat in an inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InboxEntry {
    /// The chat.
    pub chat: Chat,
    /// The beginning of the last message that the reader can see, if it is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Message>,
    /// How far the reader has read.
    pub read_seq: Seq,
    /// How many places come after that.
    pub unread_count: u64,
    /// Whether the reader muted it.
    pub muted: bool,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Time>,
    /// The other one of a private chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ChatUser>,
}

/// A page of messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// In order.
    pub messages: Vec<Message>,
    /// What the page covers; None for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<PageRange>,
    /// The reader can see something below the range.
    pub has_more_before: bool,
    /// There is something above it.
    pub has_more_after: bool,
    /// The last message when the page was read.
    pub seq: Seq,
    /// Every change up to it is in the page.
    pub rev: Rev,
    /// The last place that is hidden from the reader.
    pub floor: Seq,
}

/// From here to there, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRange {
    /// The first place.
    pub from: Seq,
    /// The last one.
    pub to: Seq,
}

/// How far somebody has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadPosition {
    /// In this chat.
    pub chat_id: ChatId,
    /// Up to here.
    pub read_seq: Seq,
    /// When; None if they never did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Time>,
    /// What comes after.
    pub unread_count: u64,
}

/// Whether a chat is muted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mute {
    /// The chat.
    pub chat_id: ChatId,
    /// It is.
    pub muted: bool,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Time>,
}

/// How far a client has a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Every message up to it.
    pub seq: Seq,
    /// Every change up to it.
    pub rev: Rev,
}

/// What a client asks for that may have missed something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// How far it has its chats; at most 100.
    pub cursors: BTreeMap<ChatId, Cursor>,
    /// Those of them whose read positions it wants; at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<ChatId>,
}

/// What it missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncAnswer {
    /// The chats that it named and its user is in.
    pub chats: Vec<ChatSync>,
    /// Chats that it did not name.
    pub joined: Vec<InboxEntry>,
    /// There are more of these.
    #[serde(default, skip_serializing_if = "is_false")]
    pub joined_limited: bool,
    /// Chats that it named and its user is not in.
    pub gone: Vec<ChatId>,
    /// That is not all: ask again with the new cursors.
    pub limited: bool,
}

/// What happened in one chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatSync {
    /// The chat.
    pub chat_id: ChatId,
    /// The next messages after the cursor, in order.
    pub messages: Vec<Message>,
    /// Messages up to the cursor that changed after it, in the order of their changes.
    pub changed: Vec<Message>,
    /// The chat itself, if it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<Chat>,
    /// All read positions, of an open chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
    /// They did not fit.
    #[serde(default, skip_serializing_if = "is_false")]
    pub members_limited: bool,
    /// How far the caller has read.
    pub read_seq: Seq,
    /// What comes after that.
    pub unread_count: u64,
    /// The last place that is hidden from the caller.
    pub floor: Seq,
    /// Whether the caller muted it.
    pub muted: bool,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Time>,
    /// How far the caller has the chat with this.
    pub cursor: Cursor,
    /// That is not all of this chat.
    #[serde(default, skip_serializing_if = "is_false")]
    pub limited: bool,
    /// The cursor is too old, or ahead: begin anew.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reset: bool,
}

/// An answer with a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAnswer {
    /// The chat.
    pub chat: Chat,
}

/// An answer with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAnswer {
    /// The message.
    pub message: Message,
}

/// An answer with a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAnswer {
    /// The user.
    pub user: ChatUser,
}

/// What removing a participant answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant)] // one is read, and used up
pub enum RemovalAnswer {
    /// The group without them.
    Group {
        /// The group.
        chat: Chat,
    },
    /// The caller left.
    Left {
        /// Always true.
        left: bool,
    },
}

/// What `ping` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// Always true.
    pub pong: bool,
}

/// What `GET /health` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// Of the code that runs.
    pub version: String,
}
