//! Token buckets: how much one user may do at once, and how fast they may go on.

use crate::timestamp::Timestamp;
use std::time::Duration;

/// The content of a token bucket. It counts in thousandths of a unit, so that refilling loses nothing to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The content of the bucket at `at`, in thousandths of a unit.
    pub millis: u64,
    /// The time of `millis`. It is in the future after a spending that was larger than the bucket.
    pub at: Timestamp,
}

/// The size of a bucket, and how fast it refills. The units are messages, changes, chats, people or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetRate {
    /// The size: the most units at once.
    pub burst: u64,
    /// How many units are added in `per`.
    pub refill: u64,
    /// The time in which `refill` units are added.
    pub per: Duration,
}

/// A bucket before and after units were taken from it. A store writes it only if the bucket still equals `before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spending {
    /// The bucket as it was read; None if nothing was ever taken, so that it is full.
    pub before: Option<Budget>,
    /// The bucket after the units were taken.
    pub after: Budget,
}

/// A bucket does not hold enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("rate limited")]
pub struct RateLimited {
    /// How long to wait until the bucket holds enough.
    pub retry_after: Duration,
    /// The size of the bucket, in units.
    pub limit: u64,
}

/// Thousandths of a unit.
const UNIT: u64 = 1000;

impl BudgetRate {
    /// A bucket that refills by `refill` units a second.
    #[must_use]
    pub const fn per_second(burst: u64, refill: u64) -> Self {
        Self { burst, refill, per: Duration::from_secs(1) }
    }

    /// A bucket that refills by `refill` units a minute.
    #[must_use]
    pub const fn per_minute(burst: u64, refill: u64) -> Self {
        Self { burst, refill, per: Duration::from_secs(60) }
    }

    /// A bucket that refills by `refill` units an hour.
    #[must_use]
    pub const fn per_hour(burst: u64, refill: u64) -> Self {
        Self { burst, refill, per: Duration::from_secs(60 * 60) }
    }

    /// A bucket that holds `units` at `now`, but not more than its size.
    #[must_use]
    pub fn filled(self, units: u64, now: Timestamp) -> Budget {
        Budget { millis: units.min(self.burst).saturating_mul(UNIT), at: now }
    }

    /// Takes `units` from a bucket. More units than the bucket's size need a full bucket, and then it stays empty for
    /// as long as the rest takes to refill.
    ///
    /// # Errors
    /// [`RateLimited`] if the bucket does not hold enough.
    pub fn spend(self, before: Option<Budget>, units: u64, now: Timestamp) -> Result<Spending, RateLimited> {
        let full = self.burst.saturating_mul(UNIT);
        let held = before.map_or(full, |before| {
            let refilled = self.thousandths_in(now.since(before.at));
            before.millis.saturating_add(refilled).min(full)
        });
        // If this clock is behind the one that wrote the bucket, keep the later time. Otherwise the same interval
        // would refill the bucket twice.
        let at = before.map_or(now, |before| before.at.max(now));
        let taken = units.saturating_mul(UNIT);
        let required = taken.min(full);
        if held < required {
            let retry_after = self.time_for(required - held) + at.since(now);
            return Err(RateLimited { retry_after, limit: self.burst });
        }
        let after = match held.checked_sub(taken) {
            Some(millis) => Budget { millis, at },
            None => Budget { millis: 0, at: at.plus(self.time_for(taken - held)) },
        };
        Ok(Spending { before, after })
    }

    /// How many thousandths are added in `time`.
    fn thousandths_in(self, time: Duration) -> u64 {
        let thousandths = time.as_millis().saturating_mul(u128::from(self.refill)).saturating_mul(UNIT.into())
            / self.per.as_millis().max(1);
        u64::try_from(thousandths).unwrap_or(u64::MAX)
    }

    /// How long the bucket takes to gain so many thousandths, in whole milliseconds.
    fn time_for(self, thousandths: u64) -> Duration {
        let per_unit = self.per.as_millis().saturating_mul(thousandths.into());
        let millis = per_unit.div_ceil(u128::from(self.refill.max(1)).saturating_mul(UNIT.into()));
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: BudgetRate = BudgetRate::per_second(2, 4);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn take(budget: Option<Budget>, now: Timestamp) -> Result<Budget, Duration> {
        RATE.spend(budget, 1, now).map(|spending| spending.after).map_err(|limited| limited.retry_after)
    }

    #[test]
    fn burst_is_followed_by_the_rate() {
        let one = take(None, at(0)).unwrap();
        let two = take(Some(one), at(0)).unwrap();
        assert_eq!(take(Some(two), at(0)), Err(Duration::from_millis(250)));
        assert_eq!(take(Some(two), at(100)), Err(Duration::from_millis(150)));
        let three = take(Some(two), at(250)).unwrap();
        assert_eq!(three, Budget { millis: 0, at: at(250) });
        assert_eq!(RATE.spend(Some(three), 1, at(250)).unwrap_err().limit, 2);
    }

    #[test]
    fn a_slow_clock_does_not_refill_twice() {
        let empty = Budget { millis: 0, at: at(1000) };
        assert_eq!(take(Some(empty), at(0)), Err(Duration::from_millis(1250)));
        assert_eq!(take(Some(Budget { millis: 1000, at: at(1000) }), at(0)).unwrap().at, at(1000));
    }

    #[test]
    fn refill_stops_at_the_burst() {
        let budget = take(Some(Budget { millis: 0, at: at(0) }), at(i64::MAX)).unwrap();
        assert_eq!(budget.millis, 1000);
    }

    #[test]
    fn more_than_the_burst_needs_a_full_bucket_and_is_paid_back() {
        let five = RATE.spend(None, 5, at(0)).unwrap().after;
        // 3 units more than the bucket holds take 750 ms.
        assert_eq!(five, Budget { millis: 0, at: at(750) });
        assert_eq!(take(Some(five), at(0)), Err(Duration::from_millis(1000)));
        assert_eq!(take(Some(five), at(1000)).unwrap(), Budget { millis: 0, at: at(1000) });
        let wait = RATE.spend(Some(five), 5, at(750)).unwrap_err().retry_after;
        assert_eq!(wait, Duration::from_millis(500), "until the bucket is full");
    }

    #[test]
    fn slow_rates_refill_exactly() {
        let rate = BudgetRate::per_hour(1_000_000_000, 1_000_000_000);
        let empty = Some(Budget { millis: 0, at: at(0) });
        assert_eq!(rate.spend(empty, 100_000_000, at(0)).unwrap_err().retry_after, Duration::from_secs(360));
        assert_eq!(rate.spend(empty, 100_000_000, at(360_000)).unwrap().after.millis, 0);
        assert_eq!(BudgetRate::per_minute(10, 10).spend(empty, 1, at(0)).unwrap_err().retry_after.as_secs(), 6);
    }

    #[test]
    fn filled_bucket_holds_at_most_its_size() {
        assert_eq!(RATE.filled(5, at(1)), Budget { millis: 2000, at: at(1) });
        assert_eq!(RATE.filled(1, at(1)), Budget { millis: 1000, at: at(1) });
    }
}
