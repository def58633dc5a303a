//! How long to wait before a request or a message is sent again over a connection that is there.

use crate::random;
use std::time::Duration;

/// The first wait is at most this long. The bound doubles with each further wait, up to [`MAX_WAIT`].
pub(super) const MAX_FIRST_WAIT: Duration = Duration::from_millis(400);
/// No wait is longer, apart from the server's `retryAfterMs`, which is added.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(10);

/// A random wait after `failed_tries` tries (at least 1) have failed, plus the time that the server asks to wait.
pub(super) fn wait(failed_tries: u32, retry_after: Duration) -> Duration {
    random::back_off(failed_tries, MAX_FIRST_WAIT, MAX_WAIT) + retry_after
}
