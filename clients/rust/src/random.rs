//! The randomness of a client: names for its messages, and waits.

#![allow(clippy::disallowed_methods)] // this is where a client takes it from the system

use std::time::Duration;
use uuid::Builder;

fn bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    // A system without randomness gives names that are not unique, which the server notices as a conflict.
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// A name that no other message has: a UUIDv4.
pub(crate) fn name() -> String {
    Builder::from_random_bytes(bytes()).into_uuid().to_string()
}

/// Any duration up to this one.
pub(crate) fn up_to(most: Duration) -> Duration {
    let [a, b, c, d, ..] = bytes();
    most.mul_f64(f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX))
}

/// How long to wait before the try after so many: any duration up to `base` doubled that often, and up to `most`. Full
/// jitter, of "Exponential Backoff And Jitter" in the AWS Architecture Blog, so that those who were cut off at once do not
/// come back at once.
pub(crate) fn before_try(tries: u32, base: Duration, most: Duration) -> Duration {
    up_to(base.saturating_mul(2_u32.saturating_pow(tries)).min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_are_spread() {
        let (base, most) = (Duration::from_millis(100), Duration::from_secs(5));
        for tries in [0, 3, 40] {
            let bound = base.saturating_mul(2_u32.saturating_pow(tries)).min(most);
            let waits: Vec<_> = (0..200).map(|_| before_try(tries, base, most)).collect();
            assert!(waits.iter().all(|wait| *wait <= bound), "{tries}");
            assert!(waits.iter().any(|wait| *wait < bound / 4) && waits.iter().any(|wait| *wait > bound / 4 * 3));
        }
    }

    #[test]
    fn names_are_different() {
        assert_ne!(name(), name());
    }
}
