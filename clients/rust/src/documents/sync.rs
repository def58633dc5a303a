//! What a sync asks and answers.

use super::{Chat, ChatId, InboxEntry, Member, Message, Rev, Seq, Settings, is_false};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Up to where a client has a chat without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// It has all messages up to this seq.
    pub seq: Seq,
    /// It has all changes up to this rev.
    pub rev: Rev,
}

/// The request for what happened since the client's cursors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// The cursors of the client's chats; at most 100.
    pub cursors: BTreeMap<ChatId, Cursor>,
    /// The chats of `cursors` whose read positions the answer should have; at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<ChatId>,
}

/// The answer to a sync: what the client missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncAnswer {
    /// The chats of `cursors` that the caller is in.
    pub chats: Vec<ChatSync>,
    /// Chats without a cursor that the caller is in, newest activity first.
    pub joined: Vec<InboxEntry>,
    /// Whether there are more of these than `joined` has.
    #[serde(default, skip_serializing_if = "is_false")]
    pub joined_limited: bool,
    /// Chats of `cursors` that the caller is not in.
    pub gone: Vec<ChatId>,
    /// Whether there is more: sync again with the new cursors.
    pub limited: bool,
}

/// What happened in one chat after its cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatSync {
    /// The chat's id.
    pub chat_id: ChatId,
    /// The next messages after the cursor, by seq.
    pub messages: Vec<Message>,
    /// Messages up to the cursor that changed after it, in the order of their changes.
    pub changed: Vec<Message>,
    /// The chat; None if its document did not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<Chat>,
    /// All read positions; None if the request did not have the chat in `open`, or they did not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
    /// Whether the read positions did not fit.
    #[serde(default, skip_serializing_if = "is_false")]
    pub members_limited: bool,
    /// The caller's read position.
    pub read_seq: Seq,
    /// How many messages come after it.
    pub unread_count: u64,
    /// The messages up to this seq are hidden from the caller.
    pub floor: Seq,
    /// The caller's view of the chat. None if the answer had no room for it: then it is in the inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    /// Whether the caller blocks the other participant of this private chat.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocked: bool,
    /// The client's cursor after this answer.
    pub cursor: Cursor,
    /// Whether the chat has more after the new cursor.
    #[serde(default, skip_serializing_if = "is_false")]
    pub limited: bool,
    /// Whether the old cursor cannot be used: forget the chat, and begin again with the inbox.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reset: bool,
}
