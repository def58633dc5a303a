//! Pushing an event to everyone it concerns, after the change is stored. Nothing here can fail the change:
//! the store is the truth, and a client that misses a push asks.

use super::App;
use crate::causes::in_full;
use crate::chat_user::{ChatUser, Connection, OPENING};
use crate::event::Event;
use crate::ids::{ConnectionId, UserId};
use crate::ports::{Env, Push, PushError, Registry, StoreError};
use crate::retry::jitter;
use crate::timestamp::Timestamp;
use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

/// Posts under way at once.
const CONCURRENCY: usize = 64;
/// The longest that one post may take.
const ONE_POST: Duration = Duration::from_secs(2);
/// The longest that all posts of one event may take.
const ALL_POSTS: Duration = Duration::from_secs(5);
/// How often a post is tried that was throttled.
const TRIES: u32 = 4;
/// The longest wait before a throttled post is tried again; it doubles with each try.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// What became of an event's posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PushReport {
    /// Posts that were taken.
    pub posted: u32,
    /// Connections that were gone.
    pub gone: u32,
    /// Posts that were still throttled after the last try.
    pub throttled: u32,
    /// Posts that failed otherwise or took too long.
    pub failed: u32,
    /// Recipients whose connections could not be looked up.
    pub unknown: u32,
}

/// A user and one of their connections.
struct Target {
    user: UserId,
    connection: Connection,
}

impl<S: Registry, P: Push, E: Env> App<S, P, E> {
    /// Looks up whom to push to. Failing to is counted, not an error: it never fails what is pushed about.
    pub(super) async fn look_up(&self, users: &[UserId]) -> Audience {
        match self.store.users(users).await {
            Ok(users) => Audience { users, unknown: 0 },
            Err(error) => {
                warn_about(&error);
                Audience { users: Vec::new(), unknown: u32::try_from(users.len()).unwrap_or(u32::MAX) }
            }
        }
    }

    /// Pushes `event` to every live connection of the audience but `except`.
    pub(super) async fn push(&self, audience: &Audience, except: Option<&ConnectionId>, event: &Event) -> PushReport {
        let mut report = PushReport { unknown: audience.unknown, ..PushReport::default() };
        let targets = audience.targets(except, self.env.now());
        if targets.is_empty() {
            return report;
        }
        let Ok(frame) = serde_json::to_string(event) else {
            tracing::error!(event = ?event.event, "an event could not be written as JSON");
            report.failed = u32::try_from(targets.len()).unwrap_or(u32::MAX);
            return report;
        };
        let mut unanswered = u32::try_from(targets.len()).unwrap_or(u32::MAX);
        let mut gone: BTreeMap<UserId, Vec<ConnectionId>> = BTreeMap::new();
        {
            let posts = stream::iter(targets)
                .map(|target| self.post_patiently(target, &frame))
                .buffer_unordered(CONCURRENCY)
                .take_until(self.env.sleep(ALL_POSTS));
            let mut posts = pin!(posts);
            while let Some((target, result)) = posts.next().await {
                unanswered = unanswered.saturating_sub(1);
                match result {
                    Ok(()) => report.posted += 1,
                    Err(PushError::Throttled) => report.throttled += 1,
                    Err(PushError::Failed(error)) => {
                        tracing::warn!(error = in_full(error.as_ref()), "a post failed");
                        report.failed += 1;
                    }
                    Err(PushError::Gone) => {
                        report.gone += 1;
                        if self.env.now().since(target.connection.connected_at) >= OPENING {
                            gone.entry(target.user).or_default().push(target.connection.id);
                        }
                    }
                }
            }
        }
        report.failed += unanswered;
        let removals = gone.into_iter().map(|(user, ids)| self.forget(user, ids));
        stream::iter(removals).buffer_unordered(CONCURRENCY).collect::<()>().await;
        let PushReport { posted, gone, throttled, failed, unknown } = report;
        tracing::info!(event = ?event.event, posted, gone, throttled, failed, unknown, "pushed");
        report
    }

    async fn forget(&self, user: UserId, connections: Vec<ConnectionId>) {
        if let Err(error) = self.store.forget(&user, &connections).await {
            warn_about(&error);
        }
    }

    /// Posts one frame, and again while the connection is throttled.
    async fn post_patiently(&self, target: Target, frame: &str) -> (Target, Result<(), PushError>) {
        let mut tries = 1;
        loop {
            let result = self.post_in_time(&target.connection.id, frame).await;
            if !matches!(result, Err(PushError::Throttled)) || tries == TRIES {
                return (target, result);
            }
            self.env.sleep(jitter(&self.env, FIRST_WAIT * 2_u32.pow(tries - 1))).await;
            tries += 1;
        }
    }

    async fn post_in_time(&self, connection: &ConnectionId, frame: &str) -> Result<(), PushError> {
        let post = pin!(self.push.post(connection, frame));
        let limit = pin!(self.env.sleep(ONE_POST));
        match select(post, limit).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Err(PushError::Failed("it took too long".into())),
        }
    }
}

/// Whom an event is pushed to.
#[derive(Debug)]
pub(super) struct Audience {
    users: Vec<ChatUser>,
    unknown: u32,
}

impl Audience {
    /// Leaves those who may see what is pushed.
    pub(super) fn retain(&mut self, may_see: impl Fn(&UserId) -> bool) {
        self.users.retain(|user| may_see(&user.id));
    }

    fn targets(&self, except: Option<&ConnectionId>, now: Timestamp) -> Vec<Target> {
        let of = |user: &ChatUser| {
            let live = user.connections.iter().filter(|connection| connection.is_live(now));
            let others = live.filter(|connection| Some(&connection.id) != except);
            others
                .map(|connection| Target { user: user.id.clone(), connection: connection.clone() })
                .collect::<Vec<_>>()
        };
        self.users.iter().flat_map(of).collect()
    }
}

pub(super) fn warn_about(error: &StoreError) {
    tracing::warn!(error = in_full(error), "the connection registry did not answer");
}
