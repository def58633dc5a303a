//! A chat: its document, the head of its log, and what a client is shown of both.

use crate::content::json_length;
use crate::ids::{ChatId, MessageId, Rev, Seq, UserId};
use crate::member::Floor;
use crate::message::Message;
use crate::names::ChatName;
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// The most that a frame or a WebSocket reply may take as JSON, in bytes. API Gateway's own limit for a
/// frame is 32 KB (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>);
/// the difference is for the envelope.
pub const MAX_FRAME_BYTES: usize = 28 * 1024;

/// The most participants of a group.
pub const MAX_PARTICIPANTS: usize = 1000;

/// What of a frame is left for documents, beside the reply's or event's envelope and a page's own fields.
pub(crate) const MAX_DOCUMENT_BYTES: usize = MAX_FRAME_BYTES - 1024;

/// The Chat document, as it is stored. What counts its messages is in the [`Head`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    /// The chat's id.
    pub id: ChatId,
    /// False: exactly two participants for ever. True: more than two at creation.
    pub is_group: bool,
    /// Groups have one; private chats none.
    pub name: Option<ChatName>,
    /// At least two.
    pub participants: BTreeSet<UserId>,
    /// Those who may change the group; empty for a private chat.
    pub admins: BTreeSet<UserId>,
    /// Who created it.
    pub created_by: UserId,
    /// When it was created.
    pub created_at: Timestamp,
    /// The rev of the last change of this document (name, participants, admins); the head has the same, or this document
    /// is stale.
    pub members_rev: Rev,
    /// Since when it takes no more messages.
    pub closed_at: Option<Timestamp>,
    /// Of a group that was created with a client's name: the hash of what was asked for, to tell a repeat from another.
    pub request_hash: Option<String>,
}

impl Chat {
    /// The other one of a private chat of `user`.
    pub(crate) fn other(&self, user: &UserId) -> Option<&UserId> {
        if self.is_group { None } else { self.participants.iter().find(|other| *other != user) }
    }
}

/// The head of a chat's log: item seq = 0 of its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last message's place; 0 when there is none.
    pub last_seq: Seq,
    /// When the last message was sent.
    pub last_message_at: Option<Timestamp>,
    /// The last change's number.
    pub last_rev: Rev,
    /// What the last change was about (0: the chat itself), and when it was; none before the first.
    pub last_change: Option<(Seq, Timestamp)>,
    /// The same as the chat document's, when that is fresh.
    pub members_rev: Rev,
    /// How many participants the chat has, so that what depends on it need not read the chat document.
    pub participant_count: u32,
    /// When the chat was made, or its document last changed.
    pub active_at: Timestamp,
}

impl Head {
    /// The head of a new chat's log.
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
        }
    }

    /// The change up to which `messages`, which were read after this head, show every change: one less than the last,
    /// if what that one changed is among them and is not there yet. A read can see a transaction in part.
    pub(crate) fn rev_shown_in(&self, messages: &[Message]) -> Rev {
        let behind = |of: Seq| messages.iter().any(|message| message.seq == of && message.rev < self.last_rev);
        match self.last_change {
            Some((of, _)) if behind(of) => Rev(self.last_rev.0.saturating_sub(1)),
            _ => self.last_rev,
        }
    }

    /// When something last happened that an inbox is sorted by: a message, or a change of the chat itself.
    #[must_use]
    pub fn activity(&self) -> Timestamp {
        self.last_message_at.map_or(self.active_at, |at| at.max(self.active_at))
    }
}

/// The Chat of the document model, as one participant is shown it, with the cursors to start from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatView {
    chat_id: ChatId,
    is_group: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<ChatName>,
    participants: BTreeSet<UserId>,
    participant_count: usize,
    /// True where `participants` and `admins` had to be cut so that the chat fits a frame.
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
    /// What a participant with this floor is shown. The last message is named only if they can see it.
    pub fn new(chat: &Chat, head: &Head, floor: Floor) -> Self {
        Self {
            chat_id: chat.id.clone(),
            is_group: chat.is_group,
            name: chat.name.clone(),
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

    /// The same with only as many participants and admins as leave it at most this many bytes of JSON.
    pub(crate) fn limited(mut self, most: usize) -> Self {
        let mut over = json_length(&self).saturating_sub(most);
        while over > 0 {
            let admins = self.admins.len() >= self.participants.len();
            let users = if admins { &mut self.admins } else { &mut self.participants };
            let Some(cut) = users.pop_last() else { break };
            let flag = if self.participants_limited { 0 } else { r#","participantsLimited":true"#.len() };
            self.participants_limited = true;
            over = (over + flag).saturating_sub(json_length(&cut) + 1);
        }
        self
    }

    /// The chat's id.
    pub fn chat_id(&self) -> &ChatId {
        &self.chat_id
    }

    /// The chat's participants.
    pub fn participants(&self) -> &BTreeSet<UserId> {
        &self.participants
    }

    /// The place of the last message.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The last change that is in it.
    pub fn rev(&self) -> Rev {
        self.rev
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_group_fits_a_frame() {
        let users: BTreeSet<_> = (0..1000).map(|n| UserId::parse(format!("{n:0>128}")).unwrap()).collect();
        let at = Timestamp::from_millis(1_769_851_800_125);
        let chat = Chat {
            id: ChatId::parse("c".repeat(64)).unwrap(),
            is_group: true,
            name: Some(ChatName::parse("\"".repeat(100)).unwrap()),
            admins: users.clone(),
            created_by: UserId::parse("x".repeat(128)).unwrap(),
            created_at: at,
            members_rev: Rev(u64::MAX),
            closed_at: Some(at),
            request_hash: None,
            participants: users,
        };
        let head = Head { last_seq: Seq(u64::MAX), last_rev: Rev(u64::MAX), ..Head::new(1000, at) };
        let whole = ChatView::new(&chat, &head, Floor::default());
        assert!(json_length(&whole) > 250_000);
        let cut = whole.clone().limited(MAX_DOCUMENT_BYTES);
        assert!(json_length(&cut) <= MAX_DOCUMENT_BYTES && cut.participants_limited);
        assert_eq!((cut.participant_count, cut.participants.len(), cut.admins.len()), (1000, 103, 102));
        assert_eq!(
            ChatView::new(&Chat { admins: BTreeSet::new(), ..chat }, &head, Floor::default())
                .limited(1 << 20)
                .participants
                .len(),
            1000
        );
    }
}
