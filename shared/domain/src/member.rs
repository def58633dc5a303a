//! A participant's own state in one chat: read position, floor, unread count and send budget.

use crate::ids::{Seq, UserId};
use crate::timestamp::Timestamp;
use std::time::Duration;

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
    /// How much they may still send; None until they first send.
    pub budget: Option<Budget>,
}

impl Member {
    /// A new member of a chat whose last message is `seq`.
    pub fn joining(user: UserId, seq: Seq, now: Timestamp) -> Self {
        Self { user, read_seq: seq, read_at: None, cleared_seq: Seq(0), joined_seq: seq, joined_at: now, budget: None }
    }

    /// The last seq that is hidden from this participant, because they joined later or cleared the chat.
    pub fn floor(&self) -> Floor {
        Floor(self.joined_seq.max(self.cleared_seq))
    }

    /// The read position, but never below the floor: hidden messages count as read.
    pub fn read_up_to(&self) -> Seq {
        self.read_seq.max(self.floor().seq())
    }

    /// The number of messages up to `last_seq`, the chat's last, that they have not read.
    pub fn unread(&self, last_seq: Seq) -> u64 {
        last_seq.since(self.read_up_to())
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

/// The token bucket that limits how fast one participant sends to one chat. It counts in thousandths of a message, so
/// that refilling loses nothing to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The content of the bucket at `at`, in thousandths of a message.
    pub millis: u64,
    /// The time of `millis`.
    pub at: Timestamp,
}

/// The size of the bucket, and how fast it refills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetRate {
    /// The size: the most messages at once.
    pub burst: u32,
    /// The refill rate, in messages per second.
    pub per_second: u32,
}

impl BudgetRate {
    /// Takes one message from a bucket; a `budget` of None is a full bucket.
    ///
    /// # Errors
    /// The time to wait until the bucket holds one message.
    pub fn take(self, budget: Option<Budget>, now: Timestamp) -> Result<Budget, Duration> {
        const ONE: u64 = 1000;
        let full = u64::from(self.burst) * ONE;
        // `per_second` messages a second are `per_second` thousandths a millisecond.
        let millis = budget.map_or(full, |before| {
            let waited = u64::try_from(now.since(before.at).as_millis()).unwrap_or(u64::MAX);
            before.millis.saturating_add(waited.saturating_mul(u64::from(self.per_second))).min(full)
        });
        // If this clock is behind the one that wrote the bucket, keep the later time. Otherwise the same interval
        // would refill the bucket twice.
        let at = budget.map_or(now, |before| before.at.max(now));
        match millis.checked_sub(ONE) {
            Some(left) => Ok(Budget { millis: left, at }),
            None => {
                Err(Duration::from_millis((ONE - millis).div_ceil(u64::from(self.per_second.max(1)))) + at.since(now))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: BudgetRate = BudgetRate { burst: 2, per_second: 4 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn burst_is_followed_by_the_rate() {
        let one = RATE.take(None, at(0)).unwrap();
        let two = RATE.take(Some(one), at(0)).unwrap();
        assert_eq!(RATE.take(Some(two), at(0)), Err(Duration::from_millis(250)));
        assert_eq!(RATE.take(Some(two), at(100)), Err(Duration::from_millis(150)));
        let three = RATE.take(Some(two), at(250)).unwrap();
        assert_eq!(three, Budget { millis: 0, at: at(250) });
    }

    #[test]
    fn a_slow_clock_does_not_refill_twice() {
        let empty = Budget { millis: 0, at: at(1000) };
        assert_eq!(RATE.take(Some(empty), at(0)), Err(Duration::from_millis(1250)));
        assert_eq!(RATE.take(Some(Budget { millis: 1000, at: at(1000) }), at(0)).unwrap().at, at(1000));
    }

    #[test]
    fn refill_stops_at_the_burst() {
        let budget = RATE.take(Some(Budget { millis: 0, at: at(0) }), at(i64::MAX)).unwrap();
        assert_eq!(budget.millis, 1000);
    }

    #[test]
    fn unread_counts_only_messages_after_joining_and_clearing() {
        let last = Seq(10);
        let mut member = Member::joining(UserId::parse("bob").unwrap(), Seq(4), at(0));
        assert_eq!(member.unread(last), 6);
        member.cleared_seq = Seq(7);
        assert_eq!(member.unread(last), 3);
        member.read_seq = Seq(9);
        assert_eq!(member.unread(last), 1);
        assert!(!member.has_seen(Seq(4)), "sent before they joined");
        assert!(member.has_seen(Seq(5)) && member.has_seen(Seq(9)) && !member.has_seen(Seq(10)));
    }
}
