//! The only place that reads the real clock and the operating system's randomness.

use domain::ports::Env;
use domain::timestamp::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The real clock and the operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEnv;

impl Env for SystemEnv {
    #[allow(clippy::disallowed_methods)] // the port's implementation
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    #[allow(clippy::disallowed_methods)] // the port's implementation
    fn randomness(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Without randomness, nothing unguessable can be created. The callers only spread retries and create unique
            // ids.
            tracing::error!(%error, "the operating system returned no random bytes");
        }
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
