//! Chats, their members, and the inbox.

use super::{Attachment, ChatId, ChatUser, Custom, Message, Rev, Seq, Settings, Time, UserId, is_false};
use serde::{Deserialize, Serialize};

/// A chat as one participant sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// The chat's id.
    pub chat_id: ChatId,
    /// Whether it is a group. Else it is a private chat of two.
    pub is_group: bool,
    /// The name of a group; None for a private chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What a group is about; None if it has no topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The custom data of a group; None if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// The picture of a group; None if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Attachment>,
    /// The participants, sorted. A closed group keeps its last two.
    pub participants: Vec<UserId>,
    /// How many participants there are, even if `participants` is cut.
    pub participant_count: u64,
    /// Whether `participants` and `admins` are cut.
    #[serde(default, skip_serializing_if = "is_false")]
    pub participants_limited: bool,
    /// The participants who may change the group, sorted; empty for a private chat.
    pub admins: Vec<UserId>,
    /// The id of the last message; None if the reader can see no message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message_id: Option<String>,
    /// Who created the chat.
    pub created_by: UserId,
    /// When the chat was created.
    pub created_at: Time,
    /// When the group was closed: it takes no more messages. None if it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Time>,
    /// The seq of the last message; 0 if there is none.
    pub seq: Seq,
    /// The rev of the last change; 0 if there is none.
    pub rev: Rev,
    /// The messages up to this seq are hidden from the reader.
    pub floor: Seq,
}

/// A participant with their read position. Or a stay in the chat that has ended: it has `left_seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The participant's id.
    pub user_id: UserId,
    /// The seq of the last message before they joined; 0 if there was none. They see what comes after it.
    pub joined_seq: Seq,
    /// When they joined.
    pub joined_at: Time,
    /// They have read the messages up to this seq.
    pub read_seq: Seq,
    /// When they last moved their read position; None if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Time>,
    /// The seq of the last message when they left; None for a participant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_seq: Option<Seq>,
    /// When they left or were removed; None for a participant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_at: Option<Time>,
    /// The participant's user document. None in chats of more than 100 participants and in syncs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ChatUser>,
}

/// The answer of `GET /chats/{chatId}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatDetails {
    /// The chat.
    pub chat: Chat,
    /// How many messages the caller has not read.
    pub unread_count: u64,
    /// Whether the caller blocks the other participant of this private chat.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocked: bool,
    /// All participants, sorted by id. Then the stays that have ended, of users who have read a message that the caller
    /// can see.
    pub members: Vec<Member>,
    /// Whether there are more such users who left.
    #[serde(default, skip_serializing_if = "is_false")]
    pub former_members_limited: bool,
    /// Whether the members have no `user`, because there are more than 100.
    #[serde(default, skip_serializing_if = "is_false")]
    pub members_limited: bool,
}

/// A page of the members of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersPage {
    /// The members with their users, sorted by id.
    pub members: Vec<Member>,
    /// Where the next page begins; None on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The unread messages of all of the caller's chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadTotal {
    /// How many messages the caller has not read.
    pub unread_total: u64,
    /// In how many chats.
    pub chats_with_unread: u64,
    /// Whether all chats were counted; else only the 1,000 with the newest activity.
    pub is_exact: bool,
}

/// A page of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// The chats of the page: pinned ones first, then newest activity first.
    pub chats: Vec<InboxEntry>,
    /// Where the next page begins; None on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One chat of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InboxEntry {
    /// The chat.
    pub chat: Chat,
    /// The beginning of the last message; None if the reader cannot see that message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Message>,
    /// The reader's read position.
    pub read_seq: Seq,
    /// How many messages come after the read position.
    pub unread_count: u64,
    /// The reader's view of the chat.
    pub settings: Settings,
    /// Whether the reader blocks the other participant of this private chat.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocked: bool,
    /// The other participant of a private chat; None for a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ChatUser>,
}
