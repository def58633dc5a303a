//! What concerns the caller alone in a chat: read position, settings and mute.

use super::{ChatId, Seq, Time, is_false};
use serde::{Deserialize, Serialize};

/// The caller's read position in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadPosition {
    /// The chat's id.
    pub chat_id: ChatId,
    /// The caller has read the messages up to this seq.
    pub read_seq: Seq,
    /// When the caller last moved the position; None if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Time>,
    /// How many messages come after it.
    pub unread_count: u64,
    /// The caller's view of the chat, if they had marked it as unread and the position did not move. The mark is taken
    /// back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
}

/// A member's own view of a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Of two views of one membership, the one with the higher number is newer.
    pub member_rev: u64,
    /// Which messages notify the member.
    pub notify: Notify,
    /// When the mute ends; None if it has no end, or the chat is not muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mute_until: Option<Time>,
    /// Whether the chat comes first in the inbox.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pinned: bool,
    /// The chat is archived while its last seq is not above this one, or while the chat is muted. None if it is not
    /// archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_seq: Option<Seq>,
    /// Whether the member marked the chat as unread, and has not read or sent since.
    #[serde(default, skip_serializing_if = "is_false")]
    pub marked_unread: bool,
}

/// Which messages of a chat notify a member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Every message.
    #[default]
    All,
    /// Messages that mention the member.
    Mentions,
    /// None: the chat is muted.
    None,
    /// A level that this version of the library does not know.
    #[serde(untagged)]
    Other(String),
}

/// A member's view of a chat, and their read position and unread count at the same moment: `data` of `member.updated`.
/// A read position above this one takes back [`marked_unread`](Settings::marked_unread).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnMember {
    /// The member's read position.
    pub read_seq: Seq,
    /// The number of messages that the member has not read. The library counts by itself, from the messages that it has.
    pub unread_count: u64,
    /// The member's view.
    pub settings: Settings,
}

/// The answer to a change of the caller's view of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnMemberAnswer {
    /// The chat's id.
    pub chat_id: ChatId,
    /// The view after the request.
    #[serde(flatten)]
    pub member: OwnMember,
}

/// Whether the caller muted a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mute {
    /// The chat's id.
    pub chat_id: ChatId,
    /// Whether the chat is muted.
    pub muted: bool,
    /// When the mute ends; None if it has no end, or the chat is not muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Time>,
}
