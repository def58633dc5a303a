//! Changes to what is already in a chat's log: numbered by rev, and found again through pointers.

use crate::chat::{Chat, Head};
use crate::ids::{ChatId, Rev, Seq, UserId};
use crate::member::Member;
use crate::message::Message;
use crate::timestamp::Timestamp;
use std::time::Duration;

/// How long it can be asked what a change was about.
pub const CHANGE_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// One change, to be committed, and what it was decided upon.
#[derive(Debug, Clone)]
pub struct Change {
    /// In which chat.
    pub chat: ChatId,
    /// The head as it was read: the change is the one after its last.
    pub head: Head,
    /// When.
    pub at: Timestamp,
    /// The one user whom it concerns; None if it is everyone's.
    pub only_for: Option<UserId>,
    /// What changes.
    pub what: ChangeKind,
}

/// What a change changes.
#[derive(Debug, Clone)]
pub enum ChangeKind {
    /// A message.
    Message {
        /// As it will be; its rev is the change's.
        after: Message,
        /// The rev that it had.
        before: Rev,
    },
    /// The chat document, and who is in the chat.
    Chat {
        /// As it will be; its membersRev is the change's.
        after: Chat,
        /// The membersRev that it had.
        before: Rev,
        /// Members who are new. They see what comes after the head as it was read, so nothing may come between.
        joined: Vec<Member>,
        /// A member who is not one any more.
        left: Option<UserId>,
    },
    /// One member's floor: as it will be.
    Cleared(Member),
}

impl Change {
    /// The change's own number.
    #[must_use]
    pub fn rev(&self) -> Rev {
        self.head.last_rev.next()
    }

    /// The place of what changes; 0 for the chat itself.
    #[must_use]
    pub fn of(&self) -> Seq {
        match &self.what {
            ChangeKind::Message { after, .. } => after.seq,
            ChangeKind::Chat { .. } | ChangeKind::Cleared(_) => Seq(0),
        }
    }

    /// The head with the change in it.
    #[must_use]
    pub fn head_after(&self) -> Head {
        let head = Head { last_rev: self.rev(), last_change: Some((self.of(), self.at)), ..self.head };
        match &self.what {
            ChangeKind::Chat { after, .. } => Head {
                members_rev: self.rev(),
                participant_count: u32::try_from(after.participants.len()).unwrap_or(u32::MAX),
                active_at: self.at,
                ..head
            },
            ChangeKind::Message { .. } | ChangeKind::Cleared(_) => head,
        }
    }

    /// The pointer to it.
    #[must_use]
    pub fn pointer(&self) -> Pointer {
        Pointer { rev: self.rev(), of: self.of(), only_for: self.only_for.clone() }
    }
}

/// What is remembered of a change, for [`CHANGE_TTL`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// Its number.
    pub rev: Rev,
    /// The place of the message that changed; 0 for the chat itself.
    pub of: Seq,
    /// The one user whom it concerns; None if it is everyone's.
    pub only_for: Option<UserId>,
}
