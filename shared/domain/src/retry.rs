//! Retries: how long to wait, and for how long to go on.

use crate::meter;
use crate::ports::Env;
use crate::timestamp::Timestamp;
use std::time::Duration;

/// A use case that loses against other transactions for so long answers that the chat is busy.
const RETRY_DEADLINE: Duration = Duration::from_secs(5);
/// The waits between tries after a conflict.
const WAITS: Backoff = Backoff { first: Duration::from_millis(20), max: Duration::from_millis(400) };

/// Exponential back-off with full jitter: each wait is random, from nothing to a bound that doubles with each retry.
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The bound of the first wait.
    pub first: Duration,
    /// The bound of every wait.
    pub max: Duration,
}

impl Backoff {
    /// The wait before a retry; the first retry is 0.
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
    tries: u32,
}

impl<'a, E: Env> Retry<'a, E> {
    /// Starts counting now.
    pub(crate) fn new(env: &'a E) -> Self {
        Self { env, until: env.now().plus(RETRY_DEADLINE), tries: 0 }
    }

    /// Waits before the next try; false when there is no time for one.
    pub(crate) async fn again(&mut self) -> bool {
        let wait = WAITS.wait(self.env, self.tries);
        if self.env.now().plus(wait) >= self.until {
            return false;
        }
        meter::conflict();
        self.env.sleep(wait).await;
        self.tries += 1;
        true
    }

    /// How often it was tried again.
    pub(crate) fn count(&self) -> u32 {
        self.tries
    }
}
