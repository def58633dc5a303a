//! Items of messages, change pointers, and records of sends.

use super::{custom_text, user_set};
use domain::attachment::Attachment;
use domain::change::{CHANGE_TTL, Change, Pointer};
use domain::content::{Content, MessageType};
use domain::custom::Custom;
use domain::ids::{AttachmentId, ChatId, ClientMessageId, Rev, Seq, UserId};
use domain::message::{Body, LiveBody, Message};
use domain::ports::{PreviousSend, SendRecord};
use domain::reactions::{Emoji, Reactions};
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageItem {
    chat_id: ChatId,
    seq: Seq,
    sender_id: UserId,
    r#type: MessageType,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_message_id: Option<ClientMessageId>,
    #[serde(with = "user_set", default, skip_serializing_if = "BTreeSet::is_empty")]
    deleted_for: BTreeSet<UserId>,
    /// Absent in items that were written before messages could change.
    #[serde(default)]
    rev: Rev,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_rev: Option<Rev>,
    /// The former name of `publicRev`. Read if `publicRev` is absent, never written.
    #[serde(skip_serializing)]
    told_rev: Option<Rev>,
    /// Absent in a tombstone, like the rest of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Content>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<Attachment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<Seq>,
    #[serde(with = "user_set", default, skip_serializing_if = "BTreeSet::is_empty")]
    mentions: BTreeSet<UserId>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    reactions: BTreeMap<Emoji, Users>,
    #[serde(with = "custom_text", default, skip_serializing_if = "Option::is_none")]
    custom: Option<Custom>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_by: Option<UserId>,
    /// The attachment that the deleted message had.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_attachment: Option<AttachmentId>,
}

/// A set of users, as a value of a map.
#[derive(Serialize, Deserialize)]
struct Users(#[serde(with = "user_set")] BTreeSet<UserId>);

impl From<&Message> for MessageItem {
    fn from(message: &Message) -> Self {
        let Message { chat, seq, sender, kind, created_at, client_message_id, deleted_for, rev, public_rev, body } =
            message.clone();
        let item = Self {
            chat_id: chat,
            seq,
            sender_id: sender,
            r#type: kind,
            created_at: created_at.millis(),
            client_message_id,
            deleted_for,
            rev,
            public_rev: Some(public_rev),
            told_rev: None,
            content: None,
            attachment: None,
            edited_at: None,
            reply_to: None,
            mentions: BTreeSet::new(),
            reactions: BTreeMap::new(),
            custom: None,
            deleted_at: None,
            deleted_by: None,
            deleted_attachment: None,
        };
        match body {
            Body::Deleted { at, by, attachment } => {
                Self { deleted_at: Some(at.millis()), deleted_by: Some(by), deleted_attachment: attachment, ..item }
            }
            Body::Live(LiveBody { content, attachment, edited_at, reply_to, mentions, reactions, custom }) => Self {
                content: Some(content),
                attachment,
                edited_at: edited_at.map(Timestamp::millis),
                reply_to,
                mentions,
                reactions: reactions.entries().map(|(emoji, users)| (emoji, Users(users.clone()))).collect(),
                custom,
                ..item
            },
        }
    }
}

/// A message that was parsed from an item.
#[derive(Deserialize)]
#[serde(try_from = "MessageItem")]
pub(crate) struct StoredMessage(Message);

impl From<StoredMessage> for Message {
    fn from(StoredMessage(message): StoredMessage) -> Self {
        message
    }
}

impl TryFrom<MessageItem> for StoredMessage {
    type Error = &'static str;

    fn try_from(item: MessageItem) -> Result<Self, Self::Error> {
        let body = match (item.content, item.deleted_at, item.deleted_by) {
            (None, Some(at), Some(by)) => {
                Body::Deleted { at: Timestamp::from_millis(at), by, attachment: item.deleted_attachment }
            }
            (Some(content), None, None) => Body::Live(LiveBody {
                content,
                attachment: item.attachment,
                edited_at: item.edited_at.map(Timestamp::from_millis),
                reply_to: item.reply_to,
                mentions: item.mentions,
                reactions: Reactions::of(item.reactions.into_iter().map(|(emoji, Users(users))| (emoji, users))),
                custom: item.custom,
            }),
            _ => return Err("must have either `content`, or `deletedAt` and `deletedBy`"),
        };
        Ok(Self(Message {
            chat: item.chat_id,
            seq: item.seq,
            sender: item.sender_id,
            kind: item.r#type,
            created_at: Timestamp::from_millis(item.created_at),
            client_message_id: item.client_message_id,
            deleted_for: item.deleted_for,
            rev: item.rev,
            public_rev: item.public_rev.or(item.told_rev).unwrap_or_default(),
            body,
        }))
    }
}

/// A change pointer. Its seq is the negative rev of the change.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PointerItem {
    chat_id: ChatId,
    seq: i64,
    of: Seq,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    only_for: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<UserId>,
    expires_at: i64,
}

impl PointerItem {
    pub(crate) fn new(change: &Change) -> Self {
        let Pointer { rev, of, only_for, left } = change.pointer();
        Self {
            chat_id: change.chat.clone(),
            seq: pointer_seq(rev),
            of,
            only_for,
            left,
            expires_at: change.at.plus(CHANGE_TTL).seconds(),
        }
    }

    /// Whether it has not expired. TTL deletes an expired item only some time later.
    pub(crate) fn is_remembered(&self, now: Timestamp) -> bool {
        self.expires_at > now.seconds()
    }
}

/// The seq of a change pointer: the negative rev.
pub(crate) fn pointer_seq(rev: Rev) -> i64 {
    i64::try_from(rev.0).map_or(i64::MIN, i64::wrapping_neg)
}

impl From<PointerItem> for Pointer {
    fn from(item: PointerItem) -> Self {
        Self { rev: Rev(item.seq.unsigned_abs()), of: item.of, only_for: item.only_for, left: item.left }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendItem {
    send_id: String,
    seq: Seq,
    body_hash: String,
    expires_at: i64,
    /// Whether a repeat was pushed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pushed_again: bool,
}

impl From<SendItem> for PreviousSend {
    fn from(item: SendItem) -> Self {
        Self { seq: item.seq, body_hash: item.body_hash, is_pushed_again: item.pushed_again }
    }
}

impl SendItem {
    /// Whether it has not expired. TTL deletes an expired item only some time later.
    pub(crate) fn is_remembered(&self, now: Timestamp) -> bool {
        self.expires_at > now.seconds()
    }

    pub(crate) fn new(record: &SendRecord, seq: Seq) -> Self {
        Self {
            send_id: record.id.as_str().to_owned(),
            seq,
            body_hash: record.body_hash.clone(),
            expires_at: record.expires_at.seconds(),
            pushed_again: false,
        }
    }
}
