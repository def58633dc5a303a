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
        let mut bytes = [0; 4];
        env.randomness(&mut bytes);
        bound.mul_f64(f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
    }
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
        if self.env.now().plus(wait) >= self.until {
            return false;
        }
        meter::count_conflict();
        self.env.sleep(wait).await;
        self.retries += 1;
        true
    }

    /// The number of retries so far.
    pub(crate) fn count(&self) -> u32 {
        self.retries
    }
}
