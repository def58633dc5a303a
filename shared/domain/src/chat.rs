//! A chat: its document, the head of its log, and the view of both for clients.

use crate::attachment::Attachment;
use crate::content::json_length;
use crate::custom::Custom;
use crate::deletions::RecentDeletions;
use crate::ids::{ChatId, MessageId, Rev, Seq, UserId};
use crate::member::Floor;
use crate::message::Message;
use crate::names::{ChatName, Topic};
use crate::queue::{MAX_CROWD_AGE, QueueState};
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// The most bytes of a frame or WebSocket reply as JSON. API Gateway's own limit for a frame is 32 KB
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>);
/// the difference is for the envelope.
pub const MAX_FRAME_BYTES: usize = 28 * 1024;

/// The most participants in a group.
pub const MAX_PARTICIPANTS: usize = 1000;

/// The most bytes of documents in a frame. The rest is for the envelope of a reply or event and the fields of a page.
pub(crate) const MAX_DOCUMENT_BYTES: usize = MAX_FRAME_BYTES - 1024;

/// The Chat document as it is stored. The counters of messages and changes are in the [`Head`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// The id of the chat.
    pub id: ChatId,
    /// False for a private chat, which always has the same two participants. True for a group, which has more than
    /// two when it is created.
    pub is_group: bool,
    /// The name of a group; None for a private chat.
    pub name: Option<ChatName>,
    /// What a group is about.
    pub topic: Option<Topic>,
    /// What an application attached to a group.
    pub custom: Option<Custom>,
    /// The picture of a group.
    pub avatar: Option<Attachment>,
    /// At least two users. In a closed group, the last two.
    pub participants: BTreeSet<UserId>,
    /// The participants who may change the group; empty for a private chat.
    pub admins: BTreeSet<UserId>,
    /// The user who created the chat.
    pub created_by: UserId,
    /// When the chat was created.
    pub created_at: Timestamp,
    /// The rev of the last change of this document (name, topic, custom data, avatar, participants,
    /// admins). If the head has a higher
    /// `members_rev`, this document is stale.
    pub members_rev: Rev,
    /// When the chat was closed: since then it takes no more messages.
    pub closed_at: Option<Timestamp>,
    /// In a private chat, the participants who block the other one. It may be behind the head: whether the chat takes
    /// messages is decided by [`Head::blocks`].
    pub blocked_by: BTreeSet<UserId>,
    /// The hash of the request that created the group, to tell a repeat from another request. Only for groups with a
    /// client chat id.
    pub request_hash: Option<String>,
}

impl Chat {
    /// The other participant of `user`'s private chat; None for a group.
    pub(crate) fn peer(&self, user: &UserId) -> Option<&UserId> {
        if self.is_group { None } else { self.participants.iter().find(|peer| *peer != user) }
    }
}

/// The head of a chat's log: the item with seq 0 among its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The seq of the last message; 0 if there is none.
    pub last_seq: Seq,
    /// When the last message was stored; None if there is none.
    pub last_message_at: Option<Timestamp>,
    /// The rev of the last change; 0 if there is none.
    pub last_rev: Rev,
    /// The seq of the message that last changed (0: the chat itself), and when. None before the first change.
    pub last_change: Option<(Seq, Timestamp)>,
    /// The `members_rev` of the chat document, unless that is stale.
    pub members_rev: Rev,
    /// The number of participants, so that use cases need not read the chat document for it.
    pub participant_count: u32,
    /// When the chat was created, or when its document last changed.
    pub active_at: Timestamp,
    /// Up to where former members have read: no former member has read a later message. 0 if none has read anything.
    /// None if the chat has no former members.
    pub past_read_seq: Option<Seq>,
    /// How many participants of a private chat block the other one: 0 to 2. Every commit is conditioned on it.
    pub blocks: u32,
    /// The recent tombstones.
    pub tombstones: RecentDeletions,
    /// The queue of requests that write to the chat.
    pub queue: QueueState,
}

impl Head {
    /// The head of a new chat.
    #[must_use]
    pub fn new(participant_count: u32, at: Timestamp) -> Self {
        Self {
            last_seq: Seq(0),
            last_message_at: None,
            last_rev: Rev(0),
            last_change: None,
            members_rev: Rev(0),
            participant_count,
            active_at: at,
            past_read_seq: None,
            blocks: 0,
            tombstones: RecentDeletions::default(),
            queue: QueueState::default(),
        }
    }

    /// Whether a participant of a private chat blocks the other one: neither can write to it.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocks > 0
    }

    /// Whether a new request takes a ticket before its first try: the holder who committed last met others in the queue,
    /// and that is not long ago.
    pub(crate) fn is_crowded(&self, now: Timestamp) -> bool {
        let changed_at = self.last_change.map_or(self.active_at, |(_, at)| at);
        self.queue.is_crowded && now.since(self.activity().max(changed_at)) < MAX_CROWD_AGE
    }

    /// The rev up to which `messages`, which were read after this head, show every change. It is `last_rev`, or one
    /// less if the message that last changed is among them without that change: a read can see a transaction in part.
    pub(crate) fn rev_shown_in(&self, messages: &[Message]) -> Rev {
        let is_behind = |of: Seq| messages.iter().any(|message| message.seq == of && message.rev < self.last_rev);
        match self.last_change {
            Some((of, _)) if is_behind(of) => Rev(self.last_rev.0.saturating_sub(1)),
            _ => self.last_rev,
        }
    }

    /// The head as far as `messages`, which were read after it, show it: with [`rev_shown_in`](Self::rev_shown_in), and
    /// without the tombstone of a message that is not one yet in them.
    pub(crate) fn shown_in(&self, messages: &[Message]) -> Self {
        let mut head = Self { last_rev: self.rev_shown_in(messages), ..self.clone() };
        if head.last_rev < self.last_rev {
            for message in messages.iter().filter(|message| message.live_body().is_some()) {
                head.tombstones.seqs.remove(message.seq);
            }
        }
        head
    }

    /// The time that an inbox is sorted by: that of the last message or of the last change of the chat document.
    #[must_use]
    pub fn activity(&self) -> Timestamp {
        self.last_message_at.map_or(self.active_at, |at| at.max(self.active_at))
    }
}

/// The Chat document as one participant sees it, with the cursors to start from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatView {
    chat_id: ChatId,
    is_group: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<ChatName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<Topic>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Custom>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<Attachment>,
    participants: BTreeSet<UserId>,
    participant_count: usize,
    /// True if `participants` and `admins` were cut so that the chat fits in a frame.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    participants_limited: bool,
    admins: BTreeSet<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_id: Option<MessageId>,
    created_by: UserId,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<Timestamp>,
    seq: Seq,
    rev: Rev,
    floor: Seq,
}

impl ChatView {
    /// The chat as a participant with this floor sees it. The last message's id is in it only if it is above the floor.
    pub fn new(chat: &Chat, head: &Head, floor: Floor) -> Self {
        Self {
            chat_id: chat.id.clone(),
            is_group: chat.is_group,
            name: chat.name.clone(),
            topic: chat.topic.clone(),
            custom: chat.custom.clone(),
            avatar: chat.avatar.clone(),
            participants: chat.participants.clone(),
            participant_count: chat.participants.len(),
            participants_limited: false,
            admins: chat.admins.clone(),
            last_message_id: floor.shows(head.last_seq).then(|| MessageId::new(&chat.id, head.last_seq)),
            created_by: chat.created_by.clone(),
            created_at: chat.created_at,
            closed_at: chat.closed_at,
            seq: head.last_seq,
            rev: head.last_rev,
            floor: floor.seq(),
        }
    }

    /// Cuts `participants` and `admins` so that the chat has at most `max_bytes` as JSON.
    pub(crate) fn limited(mut self, max_bytes: usize) -> Self {
        let mut over = json_length(&self).saturating_sub(max_bytes);
        while over > 0 {
            let more_admins = self.admins.len() >= self.participants.len();
            let users = if more_admins { &mut self.admins } else { &mut self.participants };
            let Some(cut) = users.pop_last() else { break };
            let flag = if self.participants_limited { 0 } else { r#","participantsLimited":true"#.len() };
            self.participants_limited = true;
            over = (over + flag).saturating_sub(json_length(&cut) + 1);
        }
        self
    }

    /// The bytes of topic, custom data and avatar as JSON, which are never cut.
    pub(crate) fn details_bytes(&self) -> usize {
        let texts = self.topic.as_ref().map_or(0, json_length) + self.custom.as_ref().map_or(0, json_length);
        texts + self.avatar.as_ref().map_or(0, json_length)
    }

    /// The id of the chat shown.
    pub fn chat_id(&self) -> &ChatId {
        &self.chat_id
    }

    /// The participants; may be cut.
    pub fn participants(&self) -> &BTreeSet<UserId> {
        &self.participants
    }

    /// The seq of the last message.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The rev of the last change that this view includes.
    pub fn rev(&self) -> Rev {
        self.rev
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_group_fits_in_a_frame() {
        let users: BTreeSet<_> = (0..1000).map(|n| UserId::parse(format!("{n:0>128}")).unwrap()).collect();
        let at = Timestamp::from_millis(1_769_851_800_125);
        let chat = Chat {
            id: ChatId::parse("c".repeat(64)).unwrap(),
            is_group: true,
            name: Some(ChatName::parse("\"".repeat(100)).unwrap()),
            topic: Some(Topic::parse("\u{1F44B}".repeat(Topic::MAX_CHARS)).unwrap()),
            custom: Custom::parse(&serde_json::json!({"a": "x".repeat(2040)}), Custom::MAX_BYTES).unwrap(),
            avatar: None,
            admins: users.clone(),
            created_by: UserId::parse("x".repeat(128)).unwrap(),
            created_at: at,
            members_rev: Rev(u64::MAX),
            closed_at: Some(at),
            blocked_by: BTreeSet::new(),
            request_hash: None,
            participants: users,
        };
        let head = Head { last_seq: Seq(u64::MAX), last_rev: Rev(u64::MAX), ..Head::new(1000, at) };
        let whole = ChatView::new(&chat, &head, Floor::default());
        assert!(json_length(&whole) > 250_000);
        let cut = whole.clone().limited(MAX_DOCUMENT_BYTES);
        assert!(json_length(&cut) <= MAX_DOCUMENT_BYTES && cut.participants_limited);
        assert_eq!((cut.participant_count, cut.participants.len(), cut.admins.len()), (1000, 87, 87));
        assert_eq!(
            ChatView::new(&Chat { admins: BTreeSet::new(), ..chat }, &head, Floor::default())
                .limited(1 << 20)
                .participants
                .len(),
            1000
        );
    }
}
