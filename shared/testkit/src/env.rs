//! A clock that starts at a fixed time and runs with tokio's clock, which a test can pause.

use crate::rng::Rng;
use domain::ports::Env;
use domain::timestamp::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// A clock with a fixed start, and seeded randomness. In a test with `start_paused = true`, time passes only while the
/// test waits.
#[derive(Debug)]
pub struct TestEnv {
    started: Instant,
    start: Timestamp,
    rng: Rng,
}

impl TestEnv {
    /// The start of the clock: 2026-01-01T00:00:00Z.
    pub const START: Timestamp = Timestamp::from_seconds(1_767_225_600);

    /// Creates an environment with this random seed.
    pub fn new(seed: u64) -> Self {
        Self { started: Instant::now(), start: Self::START, rng: Rng::new(seed) }
    }
}

impl Default for TestEnv {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Env for TestEnv {
    fn now(&self) -> Timestamp {
        self.start.plus(self.started.elapsed())
    }

    fn randomness(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.rng.next().to_be_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
