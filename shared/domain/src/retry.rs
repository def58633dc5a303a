//! Retries: the waits between tries, and the deadline.

use crate::meter;
use crate::ports::Env;
use crate::timestamp::Timestamp;
use std::time::Duration;

/// A use case whose tries all conflict for this long gives up with
/// [`ChatError::Busy`](crate::use_cases::ChatError::Busy).
const RETRY_DEADLINE: Duration = Duration::from_secs(5);
/// The waits between tries after a conflict.
const CONFLICT_BACKOFF: Backoff = Backoff { first: Duration::from_millis(20), max: Duration::from_millis(400) };

/// Exponential back-off with full jitter: each wait is random, between zero and a bound that doubles with each retry.
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The bound for the first wait.
    pub first: Duration,
    /// The bound for all waits.
    pub max: Duration,
}

impl Backoff {
    /// A random wait before a retry. The first retry has number 0.
    pub fn wait(&self, env: &impl Env, retry: u32) -> Duration {
        let bound = self.first.saturating_mul(1 << retry.min(16)).min(self.max);
        bound.mul_f64(random_fraction(env))
    }
}

/// A random number from 0 to 1.
fn random_fraction(env: &impl Env) -> f64 {
    let mut bytes = [0; 4];
    env.randomness(&mut bytes);
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}

/// The retries of one use case, until [`RETRY_DEADLINE`].
pub(crate) struct Retry<'a, E> {
    env: &'a E,
    until: Timestamp,
    retries: u32,
}

impl<'a, E: Env> Retry<'a, E> {
    /// Starts the deadline now.
    pub(crate) fn new(env: &'a E) -> Self {
        Self { env, until: env.now().plus(RETRY_DEADLINE), retries: 0 }
    }

    /// Waits before the next try. False, without a wait, if the deadline leaves no time for one.
    pub(crate) async fn again(&mut self) -> bool {
        let wait = CONFLICT_BACKOFF.wait(self.env, self.retries);
        self.again_after(wait).await
    }

    /// Waits up to `max` before the next try, however many there were. False, without a wait, if the deadline leaves no
    /// time for one.
    pub(crate) async fn again_within(&mut self, max: Duration) -> bool {
        let wait = max.mul_f64(random_fraction(self.env));
        self.again_after(wait).await
    }

    async fn again_after(&mut self, wait: Duration) -> bool {
        if self.env.now().plus(wait) >= self.until {
            return false;
        }
        meter::count_conflict();
        self.env.sleep(wait).await;
        self.retries += 1;
        true
    }

    /// Notes that the next try follows at once. False if the deadline is over.
    pub(crate) fn again_at_once(&mut self) -> bool {
        if self.env.now() >= self.until {
            return false;
        }
        meter::count_conflict();
        self.retries += 1;
        true
    }

    /// Waits about `time`, up to a tenth more, without a retry. False, without a wait, if the deadline leaves no time
    /// for it.
    pub(crate) async fn pause(&mut self, time: Duration) -> bool {
        let wait = time.saturating_add((time / 10).mul_f64(random_fraction(self.env)));
        if self.env.now().plus(wait) >= self.until {
            return false;
        }
        if !wait.is_zero() {
            self.env.sleep(wait).await;
        }
        true
    }

    /// The current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// The number of retries so far.
    pub(crate) fn count(&self) -> u32 {
        self.retries
    }
}
