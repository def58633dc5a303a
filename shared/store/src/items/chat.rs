//! Items of chats and of the heads of their logs.

use super::{HasChatId, SeqSetItem, custom_text, user_set};
use domain::attachment::Attachment;
use domain::chat::{Chat, Head};
use domain::custom::Custom;
use domain::deletions::RecentDeletions;
use domain::ids::{ChatId, MessageId, Rev, Seq, UserId};
use domain::names::{ChatName, Topic};
use domain::queue::{QueueState, Ticket};
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatItem {
    chat_id: ChatId,
    is_group: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<ChatName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<Topic>,
    #[serde(with = "custom_text", default, skip_serializing_if = "Option::is_none")]
    custom: Option<Custom>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<Attachment>,
    #[serde(with = "user_set")]
    participants: BTreeSet<UserId>,
    #[serde(with = "user_set", default, skip_serializing_if = "BTreeSet::is_empty")]
    admins: BTreeSet<UserId>,
    created_by: UserId,
    created_at: i64,
    members_rev: Rev,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<i64>,
    #[serde(with = "user_set", default, skip_serializing_if = "BTreeSet::is_empty")]
    blocked_by: BTreeSet<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_hash: Option<String>,
}

impl From<&Chat> for ChatItem {
    fn from(chat: &Chat) -> Self {
        let Chat {
            id,
            is_group,
            name,
            topic,
            custom,
            avatar,
            participants,
            admins,
            created_by,
            created_at,
            members_rev,
            closed_at,
            blocked_by,
            request_hash,
        } = chat.clone();
        Self {
            chat_id: id,
            is_group,
            name,
            topic,
            custom,
            avatar,
            participants,
            admins,
            created_by,
            created_at: created_at.millis(),
            members_rev,
            closed_at: closed_at.map(Timestamp::millis),
            blocked_by,
            request_hash,
        }
    }
}

impl From<ChatItem> for Chat {
    fn from(item: ChatItem) -> Self {
        Self {
            id: item.chat_id,
            is_group: item.is_group,
            name: item.name,
            topic: item.topic,
            custom: item.custom,
            avatar: item.avatar,
            participants: item.participants,
            admins: item.admins,
            created_by: item.created_by,
            created_at: Timestamp::from_millis(item.created_at),
            members_rev: item.members_rev,
            closed_at: item.closed_at.map(Timestamp::from_millis),
            blocked_by: item.blocked_by,
            request_hash: item.request_hash,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeadItem {
    chat_id: ChatId,
    seq: Seq,
    last_seq: Seq,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_at: Option<i64>,
    last_rev: Rev,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_rev_of: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_rev_at: Option<i64>,
    members_rev: Rev,
    participant_count: u32,
    #[serde(default)]
    active_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    past_read_seq: Option<Seq>,
    /// Absent until a participant of the private chat first blocks the other one.
    #[serde(default, skip_serializing_if = "is_zero")]
    block_count: u32,
    #[serde(default, skip_serializing_if = "SeqSetItem::is_empty")]
    tombstones: SeqSetItem,
    /// `tombstones` has all tombstones above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tombstones_above: Option<Seq>,
    /// Absent until the first commit with a ticket.
    #[serde(default, skip_serializing_if = "is_zero")]
    served_ticket: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    crowded: bool,
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

impl HeadItem {
    pub(crate) fn new(chat: &ChatId, head: &Head) -> Self {
        let id = (head.last_seq > Seq(0)).then(|| MessageId::new(chat, head.last_seq).as_str().to_owned());
        Self {
            chat_id: chat.clone(),
            seq: Seq(0),
            last_seq: head.last_seq,
            last_message_id: id,
            last_message_at: head.last_message_at.map(Timestamp::millis),
            last_rev: head.last_rev,
            last_rev_of: head.last_change.map(|(of, _)| of),
            last_rev_at: head.last_change.map(|(_, at)| at.millis()),
            members_rev: head.members_rev,
            participant_count: head.participant_count,
            active_at: head.active_at.millis(),
            past_read_seq: head.past_read_seq,
            block_count: head.blocks,
            tombstones: SeqSetItem(head.tombstones.seqs.clone()),
            tombstones_above: Some(head.tombstones.above).filter(|above| *above > Seq(0)),
            served_ticket: head.queue.served.0,
            crowded: head.queue.is_crowded,
        }
    }
}

impl From<HeadItem> for Head {
    fn from(item: HeadItem) -> Self {
        Self {
            last_seq: item.last_seq,
            last_message_at: item.last_message_at.map(Timestamp::from_millis),
            last_rev: item.last_rev,
            last_change: item.last_rev_of.zip(item.last_rev_at.map(Timestamp::from_millis)),
            members_rev: item.members_rev,
            participant_count: item.participant_count,
            active_at: Timestamp::from_millis(item.active_at),
            past_read_seq: item.past_read_seq,
            blocks: item.block_count,
            tombstones: RecentDeletions { above: item.tombstones_above.unwrap_or_default(), seqs: item.tombstones.0 },
            queue: QueueState { served: Ticket(item.served_ticket), is_crowded: item.crowded },
        }
    }
}

impl HasChatId for ChatItem {
    fn chat_id(&self) -> &ChatId {
        &self.chat_id
    }
}

impl HasChatId for HeadItem {
    fn chat_id(&self) -> &ChatId {
        &self.chat_id
    }
}
