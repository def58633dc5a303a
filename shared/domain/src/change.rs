//! Changes of existing chats and messages. Each change has a rev, and a pointer that says which item changed.

use crate::budget::Spending;
use crate::chat::{Chat, Head};
use crate::deletions::DeletionRecord;
use crate::former_member::Departure;
use crate::ids::{AttachmentId, ChatId, Rev, Seq, UserId};
use crate::member::Member;
use crate::message::Message;
use crate::queue::QueueState;
use crate::timestamp::Timestamp;
use crate::user_limits::LimitsChange;
use std::time::Duration;

/// How long the pointer of a change is kept.
pub const CHANGE_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A change to commit, and the head that was read before.
#[derive(Debug, Clone)]
pub struct Change {
    /// The chat that changes.
    pub chat: ChatId,
    /// The head as it was read: the change's rev is the one after `head.last_rev`.
    pub head: Head,
    /// When the change was made.
    pub at: Timestamp,
    /// The only user who sees the change; None if every participant does.
    pub only_for: Option<UserId>,
    /// The items that change.
    pub what: ChangeKind,
    /// The member who makes the change, and what it takes from their change budget; None if they leave.
    pub spending: Option<(UserId, Spending)>,
    /// What the head says of the queue after the change; None if that stays as it is.
    pub queue: Option<QueueState>,
}

/// The kinds of changes.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant)] // one is made for each change, and used up at once
pub enum ChangeKind {
    /// A message is edited, deleted or reacted to.
    Message {
        /// The new message; its rev is the change's.
        after: Message,
        /// The message's rev before the change.
        before: Rev,
        /// What unread counts need to know if the message is deleted; None if they do not change.
        deletion: Option<DeletionRecord>,
    },
    /// The chat document or the members change.
    Chat {
        /// The new document; its `members_rev` is the change's rev.
        after: Chat,
        /// The document's `members_rev` before the change.
        before: Rev,
        /// New members. They see the messages after `head.last_seq`, so the commit must fail if a message was stored
        /// since.
        joined: Vec<Member>,
        /// The member who left or was removed.
        left: Option<Departure>,
        /// What the change takes from the limits of who adds the new members.
        limits: Option<LimitsChange>,
        /// The upload that becomes the avatar, which must not be sent yet, and until when its record as sent is kept.
        upload: Option<(AttachmentId, Timestamp)>,
        /// The creator, if the change closes the chat: it no longer counts as one of their open chats.
        closed_chat_of: Option<UserId>,
    },
    /// A member cleared the chat. Contains the new member item.
    Cleared(Member),
}

impl ChangeKind {
    /// What unread counts need to know if a message is deleted.
    pub fn deletion(&self) -> Option<&DeletionRecord> {
        match self {
            Self::Message { deletion, .. } => deletion.as_ref(),
            Self::Chat { .. } | Self::Cleared(_) => None,
        }
    }
}

impl Change {
    /// The rev of this change.
    #[must_use]
    pub fn rev(&self) -> Rev {
        self.head.last_rev.next()
    }

    /// The seq of the message that changes; 0 for the chat itself.
    #[must_use]
    pub fn of(&self) -> Seq {
        match &self.what {
            ChangeKind::Message { after, .. } => after.seq,
            ChangeKind::Chat { .. } | ChangeKind::Cleared(_) => Seq(0),
        }
    }

    /// The head after the change.
    #[must_use]
    pub fn head_after(&self) -> Head {
        let last_change = Some((self.of(), self.at));
        let queue = self.queue.unwrap_or(self.head.queue);
        let head = Head { last_rev: self.rev(), last_change, queue, ..self.head.clone() };
        match &self.what {
            ChangeKind::Chat { after, left, .. } => Head {
                members_rev: self.rev(),
                participant_count: u32::try_from(after.participants.len()).unwrap_or(u32::MAX),
                active_at: self.at,
                past_read_seq: match left {
                    Some(left) => head.past_read_seq.max(Some(left.former.past_read_seq().unwrap_or(Seq(0)))),
                    None => head.past_read_seq,
                },
                ..head
            },
            ChangeKind::Message { deletion: Some(DeletionRecord::Tombstone { recent, .. }), .. } => {
                Head { tombstones: recent.clone(), ..head }
            }
            ChangeKind::Message { .. } | ChangeKind::Cleared(_) => head,
        }
    }

    /// The pointer to store with the change.
    #[must_use]
    pub fn pointer(&self) -> Pointer {
        let left = match &self.what {
            ChangeKind::Chat { left: Some(left), .. } => Some(left.user().clone()),
            _ => None,
        };
        Pointer { rev: self.rev(), of: self.of(), only_for: self.only_for.clone(), left }
    }
}

/// The record of a change, kept for [`CHANGE_TTL`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// The rev of the change.
    pub rev: Rev,
    /// The seq of the message that changed; 0 for the chat itself.
    pub of: Seq,
    /// The only user who sees the change; None if every participant does.
    pub only_for: Option<UserId>,
    /// The user who left or was removed with the change.
    pub left: Option<UserId>,
}
