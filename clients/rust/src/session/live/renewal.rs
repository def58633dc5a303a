//! The connection that takes the place of the present one before that one ends.

use super::pending_reply::PendingReply;
use crate::session::Options;
use crate::session::connection::Connection;
use crate::{Error, random};
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::Instant;

/// When to open the next connection, and the next connection while it is being opened.
pub(super) struct Renewal {
    due_at: Instant,
    /// Since the last success.
    failed_tries: u32,
    connecting: PendingReply<Result<Connection, Error>>,
}

impl Renewal {
    pub(super) fn new(due_at: Instant) -> Self {
        Self { due_at, failed_tries: 0, connecting: PendingReply::none() }
    }

    /// Starts to connect if it is time, and no other try runs.
    pub(super) fn start_if_due(
        &mut self,
        now: Instant,
        connect: impl FnOnce() -> BoxFuture<'static, Result<Connection, Error>>,
    ) {
        if !self.connecting.is_pending() && now >= self.due_at {
            self.connecting.start(connect());
        }
    }

    /// When the next try is due; None while one runs.
    pub(super) fn due_at(&self) -> Option<Instant> {
        (!self.connecting.is_pending()).then_some(self.due_at)
    }

    /// Waits for the try that runs; for ever if none does.
    pub(super) async fn wait(&mut self) -> Result<Connection, Error> {
        self.connecting.wait().await
    }

    /// Takes the try that runs out, to be waited for elsewhere; None if none does.
    pub(super) fn take_connecting(&mut self) -> Option<BoxFuture<'static, Result<Connection, Error>>> {
        self.connecting.take()
    }

    /// There is a new connection, which itself is to be renewed then.
    pub(super) fn succeed(&mut self, due_at: Instant) {
        self.due_at = due_at;
        self.failed_tries = 0;
    }

    /// The try failed: the next one waits, longer each time.
    pub(super) fn fail(&mut self, now: Instant, options: &Options) {
        self.failed_tries = self.failed_tries.saturating_add(1);
        self.due_at = now + random::back_off(self.failed_tries, options.max_first_wait, options.max_wait);
    }
}

/// The connection before the present one. It is closed late: it may still bring replies, and events from functions that
/// looked up the user's connections before they could find the new one.
pub(super) struct FormerConnection(Option<(Connection, Instant)>);

impl FormerConnection {
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Keeps a connection until `close_at`. One that was kept before is closed.
    pub(super) fn keep(&mut self, connection: Connection, close_at: Instant) {
        self.0 = Some((connection, close_at));
    }

    pub(super) fn close_if_due(&mut self, now: Instant) {
        self.0.take_if(|(_, close_at)| now >= *close_at);
    }

    /// When it is closed; None if there is none.
    pub(super) fn close_at(&self) -> Option<Instant> {
        self.0.as_ref().map(|(_, close_at)| *close_at)
    }

    /// Waits for the next frame; for ever if there is no connection. None if the connection has ended, which is
    /// forgotten.
    pub(super) async fn next(&mut self) -> Option<Value> {
        let Some((connection, _)) = &mut self.0 else { return std::future::pending().await };
        let frame = connection.next().await.ok();
        if frame.is_none() {
            self.0 = None;
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn fail_to_connect() -> BoxFuture<'static, Result<Connection, Error>> {
        Box::pin(async { Err(Error::NoAnswer) })
    }

    #[tokio::test]
    async fn only_one_try_runs_and_it_starts_when_it_is_due() {
        let start = Instant::now();
        let due_at = start + Duration::from_secs(60);
        let mut renewal = Renewal::new(due_at);
        renewal.start_if_due(start, || unreachable!("it is too early"));
        assert_eq!(renewal.due_at(), Some(due_at));
        renewal.start_if_due(due_at, fail_to_connect);
        assert_eq!(renewal.due_at(), None);
        renewal.start_if_due(due_at, || unreachable!("a try runs"));
        assert!(matches!(renewal.wait().await, Err(Error::NoAnswer)));
    }

    #[test]
    fn failed_tries_wait_up_to_a_bound_that_doubles_and_is_reset_by_success() {
        let now = Instant::now();
        let (max_first_wait, max_wait) = (Duration::from_millis(500), Duration::from_secs(2));
        let options = Options { max_first_wait, max_wait, ..Options::new("http://host", "ws://host") };
        let mut renewal = Renewal::new(now);
        for bound in [max_first_wait, max_first_wait * 2, max_wait, max_wait] {
            renewal.fail(now, &options);
            assert!(renewal.due_at().is_some_and(|at| now <= at && at <= now + bound), "{bound:?}");
        }
        renewal.succeed(now + Duration::from_secs(60));
        assert_eq!(renewal.due_at(), Some(now + Duration::from_secs(60)));
        renewal.fail(now, &options);
        assert!(renewal.due_at().is_some_and(|at| at <= now + max_first_wait));
    }
}
