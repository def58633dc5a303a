//! What is random in a client: the ids of its messages and groups, and its waits.

#![allow(clippy::disallowed_methods)] // a client has the system's randomness

use std::time::Duration;
use uuid::Builder;

fn bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    // Without randomness the ids would not be unique. The server would answer idempotency_conflict.
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// A new id: a UUIDv4.
pub(crate) fn id() -> String {
    Builder::from_random_bytes(bytes()).into_uuid().to_string()
}

/// A random duration between 0 and `max`.
pub(crate) fn up_to(max: Duration) -> Duration {
    let [a, b, c, d, ..] = bytes();
    max.mul_f64(f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX))
}

/// A random wait before the next try, between 0 and a bound. After the first failed try (`failed_tries` is 1) the bound
/// is `max_first_wait`. It doubles with every further one, up to `max_wait`. This is "full jitter" of "Exponential
/// Backoff And Jitter" in the AWS Architecture Blog: clients that lose their connections together do not come back
/// together.
pub(crate) fn back_off(failed_tries: u32, max_first_wait: Duration, max_wait: Duration) -> Duration {
    up_to(max_back_off(failed_tries, max_first_wait, max_wait))
}

fn max_back_off(failed_tries: u32, max_first_wait: Duration, max_wait: Duration) -> Duration {
    let doublings = failed_tries.saturating_sub(1);
    max_first_wait.saturating_mul(2_u32.saturating_pow(doublings)).min(max_wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_FIRST_WAIT: Duration = Duration::from_millis(400);
    const MAX_WAIT: Duration = Duration::from_secs(10);

    #[test]
    fn bound_of_the_wait_doubles_from_the_first_wait_to_the_longest() {
        let bounds = [1, 2, 3, 5, 6, 40].map(|tries| max_back_off(tries, MAX_FIRST_WAIT, MAX_WAIT).as_millis());
        assert_eq!(bounds, [400, 800, 1600, 6400, 10_000, 10_000]);
    }

    #[test]
    fn waits_are_spread_between_zero_and_the_bound() {
        let waits: Vec<_> = (0..200).map(|_| back_off(1, MAX_FIRST_WAIT, MAX_WAIT)).collect();
        assert!(waits.iter().all(|wait| *wait <= MAX_FIRST_WAIT));
        assert!(waits.iter().any(|wait| *wait < MAX_FIRST_WAIT / 4));
        assert!(waits.iter().any(|wait| *wait > MAX_FIRST_WAIT / 4 * 3));
    }

    #[test]
    fn ids_are_different() {
        assert_ne!(id(), id());
    }
}
