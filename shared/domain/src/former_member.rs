//! Who was in a chat and when: what is kept of a member who leaves or is removed.

use crate::chat::Head;
use crate::ids::{Rev, Seq, UserId};
use crate::member::{Floor, Member};
use crate::member_settings::MemberSettings;
use crate::timestamp::Timestamp;

/// The most periods that are kept of one user in one chat.
pub const MAX_PERIODS: usize = 20;

/// The most former members that one request reads of a chat, not counting those that it names.
pub const MAX_PAST_READERS: usize = 100;

/// One stay in a chat, from joining to leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The seq of the last message before they joined.
    pub joined_seq: Seq,
    /// When they joined.
    pub joined_at: Timestamp,
    /// The seq of the last message when they left. Messages that were being stored at that moment may be above it.
    pub left_seq: Seq,
    /// When they left or were removed.
    pub left_at: Timestamp,
    /// The seq of the last message that they had read; `joined_seq` if they had read none.
    pub read_seq: Seq,
    /// When they read that message; None if they had read none.
    pub read_at: Option<Timestamp>,
}

impl Period {
    /// The period that ends when `member` leaves.
    fn ending(member: &Member, head: &Head, now: Timestamp) -> Self {
        Self {
            joined_seq: member.joined_seq,
            joined_at: member.joined_at,
            // The head was read before the member, who may have read a later message since.
            left_seq: head.last_seq.max(member.read_seq),
            left_at: now,
            read_seq: member.read_seq,
            read_at: member.read_at,
        }
    }

    /// Whether any message was read.
    fn has_read(&self) -> bool {
        self.read_seq > self.joined_seq
    }

    /// Whether message `seq` was read.
    pub fn has_seen(&self, seq: Seq) -> bool {
        self.joined_seq < seq && seq <= self.read_seq
    }

    /// Whether a message was read that a reader with this floor can see. Only then the reader may learn of the period.
    pub fn is_shown_above(&self, floor: Floor) -> bool {
        self.has_read() && floor.shows(self.read_seq)
    }
}

/// A user who was in a chat. They may be in it again: then this has the periods before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerMember {
    /// Who was in the chat.
    pub user: UserId,
    /// The periods in order, at least one and at most [`MAX_PERIODS`].
    pub periods: Vec<Period>,
    /// The rev of the change with which the last period ended.
    pub rev: Rev,
}

impl FormerMember {
    /// Up to where they have read in any period; None if they have read nothing.
    pub fn past_read_seq(&self) -> Option<Seq> {
        self.periods.iter().filter(|period| period.has_read()).map(|period| period.read_seq).max()
    }

    /// Whether they were in the chat when it had a message that a reader with this floor can see. Only then they can have
    /// done something that the reader sees.
    pub fn was_there_above(&self, floor: Floor) -> bool {
        self.periods.iter().any(|period| floor.shows(period.left_seq))
    }

    /// Whether they have read message `seq`.
    pub fn has_seen(&self, seq: Seq) -> bool {
        self.periods.iter().any(|period| period.has_seen(seq))
    }

    fn push(&mut self, period: Period) {
        self.periods.push(period);
        if self.periods.len() > MAX_PERIODS {
            self.remove_one();
        }
    }

    /// Makes room for the last period: drops the oldest one in which nothing was read. If there is none, joins the two
    /// oldest ones that were read without a gap. If there are none, drops the oldest one: nobody is shown as a reader
    /// of a message that they have not read.
    fn remove_one(&mut self) {
        let earlier = self.periods.split_last().map_or(&[][..], |(_, earlier)| earlier);
        if let Some(index) = earlier.iter().position(|period| !period.has_read()) {
            self.periods.remove(index);
            return;
        }
        let is_gapless = |pair: &[Period]| pair[0].read_seq >= pair[1].joined_seq;
        match earlier.windows(2).position(is_gapless) {
            Some(index) => {
                let first = self.periods.remove(index);
                self.periods[index].joined_seq = first.joined_seq;
                self.periods[index].joined_at = first.joined_at;
            }
            None => drop(self.periods.remove(0)),
        }
    }
}

/// A member who leaves or is removed, as a change stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// What is kept of them, with the period that ends.
    pub former: FormerMember,
    /// The period that ends.
    pub period: Period,
    /// The `rev` of what was kept of them before; None if nothing was.
    pub before: Option<Rev>,
    /// What they had set for the chat, as it was read. Their list of muted and pinned chats loses the chat.
    pub settings: MemberSettings,
}

impl Departure {
    /// The departure of `member` with the change after `head`. `earlier` is what was kept of them before.
    pub fn new(member: &Member, earlier: Option<FormerMember>, head: &Head, now: Timestamp) -> Self {
        let period = Period::ending(member, head, now);
        let before = earlier.as_ref().map(|former| former.rev);
        let periods = earlier.map(|former| former.periods).unwrap_or_default();
        let mut former = FormerMember { user: member.user.clone(), periods, rev: head.last_rev.next() };
        former.push(period);
        Self { former, period, before, settings: member.settings }
    }

    /// Who leaves.
    pub fn user(&self) -> &UserId {
        &self.former.user
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(joined: u64, read: u64, left: u64) -> Period {
        let at = Timestamp::from_millis(0);
        Period {
            joined_seq: Seq(joined),
            joined_at: at,
            left_seq: Seq(left),
            left_at: at,
            read_seq: Seq(read),
            read_at: None,
        }
    }

    /// What is left of these periods, as (joined, read, left), after one more than the maximum.
    fn kept(periods: impl IntoIterator<Item = Period>) -> Vec<(u64, u64, u64)> {
        let user = UserId::parse("alice").unwrap();
        let mut former = FormerMember { user, periods: Vec::new(), rev: Rev(1) };
        periods.into_iter().for_each(|period| former.push(period));
        assert!(former.periods.len() <= MAX_PERIODS);
        former.periods.iter().map(|p| (p.joined_seq.0, p.read_seq.0, p.left_seq.0)).collect()
    }

    #[test]
    fn who_has_read_is_known_of_each_period_alone() {
        let periods = vec![period(2, 5, 7), period(9, 9, 12), period(20, 22, 25)];
        let former = FormerMember { user: UserId::parse("alice").unwrap(), periods, rev: Rev(1) };
        let seen: Vec<u64> = (0..30).filter(|seq| former.has_seen(Seq(*seq))).collect();
        assert_eq!(seen, [3, 4, 5, 21, 22]);
        assert_eq!(former.past_read_seq(), Some(Seq(22)));
        let unread = FormerMember { periods: vec![period(9, 9, 12)], ..former };
        assert_eq!(unread.past_read_seq(), None);
        assert!(period(2, 5, 7).is_shown_above(Floor(Seq(4))) && !period(2, 5, 7).is_shown_above(Floor(Seq(5))));
        assert!(!period(9, 9, 12).is_shown_above(Floor(Seq(0))), "nothing was read");
        assert!(unread.was_there_above(Floor(Seq(11))) && !unread.was_there_above(Floor(Seq(12))));
    }

    #[test]
    fn more_periods_than_the_maximum_lose_what_shows_least() {
        // Ten messages each, of which the first five were read.
        let nth = |n: u64| period(20 * n, 20 * n + 5, 20 * n + 10);
        let most = MAX_PERIODS as u64;
        assert_eq!(kept((0..most).map(nth)).len(), MAX_PERIODS);
        let gaps = kept((0..=most).map(nth));
        assert_eq!((gaps.len(), gaps[0]), (MAX_PERIODS, (20, 25, 30)), "the oldest is dropped");
        let unread = |n: u64| if n == 7 { period(140, 140, 150) } else { nth(n) };
        let kept_unread = kept((0..=most).map(unread));
        assert_eq!((kept_unread.len(), kept_unread[0]), (MAX_PERIODS, (0, 5, 10)));
        assert!(!kept_unread.contains(&(140, 140, 150)), "the one without a message read is dropped");
        let gapless = |n: u64| if n == 7 { period(125, 145, 150) } else { nth(n) };
        let joined = kept((0..=most).map(gapless));
        assert_eq!((joined.len(), joined[0]), (MAX_PERIODS, (0, 5, 10)));
        assert_eq!(joined[6], (120, 145, 150), "two that were read without a gap are one");
    }

    #[test]
    fn a_departure_ends_a_period_and_keeps_those_before() {
        let at = Timestamp::from_millis(7);
        let member = Member { read_seq: Seq(9), ..Member::joining(UserId::parse("alice").unwrap(), Seq(4), at) };
        let head = Head { last_seq: Seq(8), last_rev: Rev(3), ..Head::new(3, at) };
        let first = Departure::new(&member, None, &head, at);
        assert_eq!((first.before, first.former.rev), (None, Rev(4)));
        assert_eq!(first.former.periods, [first.period]);
        assert_eq!((first.period.joined_seq, first.period.read_seq), (Seq(4), Seq(9)));
        assert_eq!(first.period.left_seq, Seq(9), "they read a message that was stored after the head was read");
        let again = Member::joining(member.user, Seq(20), at);
        let head = Head { last_seq: Seq(20), last_rev: Rev(9), ..head };
        let second = Departure::new(&again, Some(first.former.clone()), &head, at);
        assert_eq!((second.before, second.former.rev), (Some(Rev(4)), Rev(10)));
        assert_eq!(second.former.periods, [first.period, second.period]);
    }
}
