//! Trying again after a conflict: full jitter, until a deadline.

use crate::meter;
use crate::ports::Env;
use crate::timestamp::Timestamp;
use std::time::Duration;

/// How long a use case tries before it answers that the system is busy.
const RETRY_DEADLINE: Duration = Duration::from_secs(5);
/// The longest first wait; it doubles with each try.
const MAX_FIRST_WAIT: Duration = Duration::from_millis(20);
/// No wait is longer.
const MAX_WAIT: Duration = Duration::from_millis(400);

/// The retries of one use case. "Full jitter": each wait is random between nothing and a bound that doubles
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
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
        let wait = jitter(self.env, MAX_FIRST_WAIT.saturating_mul(1 << self.tries.min(10)).min(MAX_WAIT));
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

/// A random time from nothing to `most`.
pub fn jitter(env: &impl Env, most: Duration) -> Duration {
    let mut bytes = [0; 4];
    env.randomness(&mut bytes);
    most.mul_f64(f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
}
