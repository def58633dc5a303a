//! When to send a ping, and after which silence to sync.

use crate::session::Options;
use std::time::Duration;
use tokio::time::Instant;

/// Two timers: one runs since the last frame that was sent, the other since the last frame that came.
pub(super) struct Heartbeat {
    ping_after: Duration,
    ping_at: Instant,
    sync_after: Duration,
    silent_at: Instant,
}

impl Heartbeat {
    /// The timers of a connection that begins now.
    pub(super) fn new(options: &Options, now: Instant) -> Self {
        Self {
            ping_after: options.ping_after,
            ping_at: now + options.ping_after,
            sync_after: options.sync_after,
            silent_at: now + options.sync_after,
        }
    }

    /// A frame was sent.
    pub(super) fn restart_ping(&mut self, now: Instant) {
        self.ping_at = now + self.ping_after;
    }

    /// A frame came, or a sync is sent because none did.
    pub(super) fn restart_silence(&mut self, now: Instant) {
        self.silent_at = now + self.sync_after;
    }

    /// A request timed out: a ping finds out whether the server is there. Any frame that is sent first does too.
    pub(super) fn ping_soon(&mut self, now: Instant) {
        self.ping_at = now;
    }

    pub(super) fn is_ping_due(&self, now: Instant) -> bool {
        now >= self.ping_at
    }

    pub(super) fn ping_at(&self) -> Instant {
        self.ping_at
    }

    /// Nothing came for so long that the last event may be lost.
    pub(super) fn is_silent(&self, now: Instant) -> bool {
        now >= self.silent_at
    }

    pub(super) fn silent_at(&self) -> Instant {
        self.silent_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: Duration = Duration::from_secs(240);
    const SILENCE: Duration = Duration::from_secs(60);

    fn heartbeat(now: Instant) -> Heartbeat {
        let options = Options { ping_after: PING, sync_after: SILENCE, ..Options::new("http://host", "ws://host") };
        Heartbeat::new(&options, now)
    }

    #[test]
    fn ping_is_due_after_the_last_frame_that_was_sent() {
        let start = Instant::now();
        let mut heartbeat = heartbeat(start);
        heartbeat.restart_ping(start + SILENCE);
        heartbeat.restart_silence(start + SILENCE * 2);
        assert!(!heartbeat.is_ping_due(start + PING));
        assert!(heartbeat.is_ping_due(start + SILENCE + PING));
        assert_eq!(heartbeat.ping_at(), start + SILENCE + PING);
    }

    #[test]
    fn timed_out_request_makes_a_ping_due_unless_another_frame_is_sent() {
        let start = Instant::now();
        let mut heartbeat = heartbeat(start);
        heartbeat.ping_soon(start);
        assert!(heartbeat.is_ping_due(start));
        heartbeat.restart_ping(start);
        assert!(!heartbeat.is_ping_due(start));
    }

    #[test]
    fn silence_begins_with_the_last_frame_that_came() {
        let start = Instant::now();
        let mut heartbeat = heartbeat(start);
        heartbeat.restart_silence(start + SILENCE / 2);
        assert!(!heartbeat.is_silent(start + SILENCE));
        assert!(heartbeat.is_silent(heartbeat.silent_at()));
    }
}
