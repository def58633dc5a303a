//! A participant's own state in one chat: read position, floor, own deletions, settings and budgets.

use crate::budget::Budget;
use crate::deletions::RecentDeletions;
use crate::ids::{MemberRev, Seq, UserId};
use crate::member_settings::MemberSettings;
use crate::timestamp::Timestamp;

/// The member item: one participant's own state in one chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The participant whose state it is.
    pub user: UserId,
    /// The seq of the last message that they have read. It never decreases.
    pub read_seq: Seq,
    /// When they read that message; None if they have read none since they joined.
    pub read_at: Option<Timestamp>,
    /// The participant cleared the chat for themselves up to this seq; 0 if never.
    pub cleared_seq: Seq,
    /// The seq of the last message before they joined.
    pub joined_seq: Seq,
    /// When they joined.
    pub joined_at: Timestamp,
    /// How many messages they may still send; None if they may send as many as the bucket holds.
    pub budget: Option<Budget>,
    /// How many changes they may still make; None if they may make as many as the bucket holds.
    pub change_budget: Option<Budget>,
    /// What they set for this chat. A mute in it may have ended.
    pub settings: MemberSettings,
    /// Whether they marked the chat as unread. A send, a higher read position and a clear take it back.
    pub is_marked_unread: bool,
    /// Whether they block the other participant of this private chat.
    pub is_blocking: bool,
    /// The recent messages that they deleted for themselves before they read them. Those at or below the read position or
    /// the floor may still be here: they do not count.
    pub own_deletions: RecentDeletions,
    /// The number of the last write of this item. A store sets it: every write of the item raises it by one. Who joins
    /// again has a new item, which begins with 1 again.
    pub member_rev: MemberRev,
}

impl Member {
    /// A new member of a chat whose last message is `seq`, with full buckets.
    pub fn joining(user: UserId, seq: Seq, now: Timestamp) -> Self {
        Self {
            user,
            read_seq: seq,
            read_at: None,
            cleared_seq: Seq(0),
            joined_seq: seq,
            joined_at: now,
            budget: None,
            change_budget: None,
            settings: MemberSettings::default(),
            is_marked_unread: false,
            is_blocking: false,
            own_deletions: RecentDeletions::default(),
            member_rev: MemberRev(1),
        }
    }

    /// The last seq that is hidden from this participant, because they joined later or cleared the chat.
    pub fn floor(&self) -> Floor {
        Floor(self.joined_seq.max(self.cleared_seq))
    }

    /// The read position, but never below the floor: hidden messages count as read.
    pub fn read_up_to(&self) -> Seq {
        self.read_seq.max(self.floor().seq())
    }

    /// Whether they have read message `seq`: it was sent after they joined and is not after their read position.
    pub fn has_seen(&self, seq: Seq) -> bool {
        self.joined_seq < seq && seq <= self.read_seq
    }
}

/// The last seq that is hidden from a reader. A message is visible if its seq is above the floor and the reader has
/// not deleted it for themselves. This is the only rule of visibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Floor(pub(crate) Seq);

impl Floor {
    /// The last hidden seq.
    #[must_use]
    pub fn seq(self) -> Seq {
        self.0
    }

    /// Whether `seq` is above the floor.
    #[must_use]
    pub fn shows(self, seq: Seq) -> bool {
        seq > self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn messages_before_joining_and_clearing_count_as_read() {
        let mut member = Member::joining(UserId::parse("bob").unwrap(), Seq(4), at(0));
        assert_eq!(member.read_up_to(), Seq(4));
        member.cleared_seq = Seq(7);
        assert_eq!(member.read_up_to(), Seq(7));
        member.read_seq = Seq(9);
        assert_eq!(member.read_up_to(), Seq(9));
        assert!(!member.has_seen(Seq(4)), "sent before they joined");
        assert!(member.has_seen(Seq(5)) && member.has_seen(Seq(9)) && !member.has_seen(Seq(10)));
    }
}
