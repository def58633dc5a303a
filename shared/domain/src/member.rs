//! What is one participant's own in one chat: read position, floor, unread count, send budget.

use crate::ids::{Seq, UserId};
use crate::timestamp::Timestamp;
use std::time::Duration;

/// A participant's own state in one chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The participant.
    pub user: UserId,
    /// The last message that they have read; never moves backwards.
    pub read_seq: Seq,
    /// When they read it.
    pub read_at: Option<Timestamp>,
    /// Everything up to here was cleared by the participant, for the participant.
    pub cleared_seq: Seq,
    /// The last message before they joined.
    pub joined_seq: Seq,
    /// When they joined.
    pub joined_at: Timestamp,
    /// How much they may still send; none until they first send.
    pub budget: Option<Budget>,
}

impl Member {
    /// Someone who joins a chat whose last message is `seq`.
    pub fn joining(user: UserId, seq: Seq, now: Timestamp) -> Self {
        Self { user, read_seq: seq, read_at: None, cleared_seq: Seq(0), joined_seq: seq, joined_at: now, budget: None }
    }

    /// The last message that is hidden from this participant, by having joined later or having cleared.
    pub fn floor(&self) -> Floor {
        Floor(self.joined_seq.max(self.cleared_seq))
    }

    /// How far they have read, counting what they never could read as read.
    pub fn read_up_to(&self) -> Seq {
        self.read_seq.max(self.floor().seq())
    }

    /// How many messages up to `last_seq`, the chat's last, they have not read.
    pub fn unread(&self, last_seq: Seq) -> u64 {
        last_seq.since(self.read_up_to())
    }

    /// Whether they have read message `seq`: it came after they joined, and they read this far.
    pub fn has_seen(&self, seq: Seq) -> bool {
        self.joined_seq < seq && seq <= self.read_seq
    }
}

/// The last place of a log that is hidden from a reader. The one visibility rule: a message is shown if its
/// place is above the floor and the reader has not deleted it for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Floor(pub(crate) Seq);

impl Floor {
    /// The place itself.
    #[must_use]
    pub fn seq(self) -> Seq {
        self.0
    }

    /// Whether a message at this place is above the floor.
    #[must_use]
    pub fn shows(self, seq: Seq) -> bool {
        seq > self.0
    }
}

/// The token bucket that bounds how fast one participant sends into one chat. In thousandths of a message, so
/// that refilling loses nothing to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Thousandths of a message that may be sent at `at`.
    pub millis: u64,
    /// When that was so.
    pub at: Timestamp,
}

/// How large the bucket is, and how fast it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetRate {
    /// Messages at once.
    pub burst: u32,
    /// Messages per second after that.
    pub per_second: u32,
}

impl BudgetRate {
    /// Takes one message from a bucket.
    ///
    /// # Errors
    /// How long to wait for the next message, when there is none now.
    pub fn take(self, budget: Option<Budget>, now: Timestamp) -> Result<Budget, Duration> {
        const ONE: u64 = 1000;
        let full = u64::from(self.burst) * ONE;
        // per_second messages a second are per_second thousandths a millisecond.
        let millis = budget.map_or(full, |had| {
            let waited = u64::try_from(now.since(had.at).as_millis()).unwrap_or(u64::MAX);
            had.millis.saturating_add(waited.saturating_mul(u64::from(self.per_second))).min(full)
        });
        // A clock that is behind the one that wrote the bucket must not make time pass twice.
        let at = budget.map_or(now, |had| had.at.max(now));
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
    fn a_burst_then_the_rate() {
        let one = RATE.take(None, at(0)).unwrap();
        let two = RATE.take(Some(one), at(0)).unwrap();
        assert_eq!(RATE.take(Some(two), at(0)), Err(Duration::from_millis(250)));
        assert_eq!(RATE.take(Some(two), at(100)), Err(Duration::from_millis(150)));
        let three = RATE.take(Some(two), at(250)).unwrap();
        assert_eq!(three, Budget { millis: 0, at: at(250) });
    }

    #[test]
    fn a_clock_that_runs_behind_earns_nothing_twice() {
        let empty = Budget { millis: 0, at: at(1000) };
        assert_eq!(RATE.take(Some(empty), at(0)), Err(Duration::from_millis(1250)));
        assert_eq!(RATE.take(Some(Budget { millis: 1000, at: at(1000) }), at(0)).unwrap().at, at(1000));
    }

    #[test]
    fn the_bucket_never_overflows() {
        let kept = RATE.take(Some(Budget { millis: 0, at: at(0) }), at(i64::MAX)).unwrap();
        assert_eq!(kept.millis, 1000);
    }

    #[test]
    fn unread_counts_only_what_came_after_joining_and_clearing() {
        let last = Seq(10);
        let mut member = Member::joining(UserId::parse("bob").unwrap(), Seq(4), at(0));
        assert_eq!(member.unread(last), 6);
        member.cleared_seq = Seq(7);
        assert_eq!(member.unread(last), 3);
        member.read_seq = Seq(9);
        assert_eq!(member.unread(last), 1);
        assert!(!member.has_seen(Seq(4)), "what came before they joined");
        assert!(member.has_seen(Seq(5)) && member.has_seen(Seq(9)) && !member.has_seen(Seq(10)));
    }
}
