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
use std::collections::btree_map::Entry;
use std::pin::pin;
use std::sync::Arc;
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

/// A user's connection, and what is posted to it.
struct Post {
    user: UserId,
    connection: Connection,
    frame: Arc<str>,
}

impl<S: Registry, P: Push, E: Env, D: Sync> App<S, P, E, D> {
    /// Looks up whom to push to. Failing to is counted, not an error: it never fails what is pushed about.
    pub(super) async fn look_up(&self, users: &[UserId]) -> Audience {
        if users.is_empty() {
            return Audience::default();
        }
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
        self.push_each(audience, except, |_| Some(((), event.clone()))).await
    }

    /// Pushes to each user of the audience the event that is theirs, if one is. Events of one key are the same, and
    /// written once.
    pub(super) async fn push_each<K: Ord>(
        &self,
        audience: &Audience,
        except: Option<&ConnectionId>,
        event_of: impl Fn(&UserId) -> Option<(K, Event)>,
    ) -> PushReport {
        let mut report = PushReport { unknown: audience.unknown, ..PushReport::default() };
        let mut frames: BTreeMap<K, Arc<str>> = BTreeMap::new();
        let mut posts = Vec::new();
        let mut name = None;
        for (user, connections) in audience.connections(except, self.env.now()) {
            let Some((key, event)) = event_of(user) else { continue };
            name = Some(event.event);
            let frame = match frames.entry(key) {
                Entry::Occupied(written) => written.get().clone(),
                Entry::Vacant(place) => match serde_json::to_string(&event) {
                    Ok(text) => place.insert(text.into()).clone(),
                    Err(error) => {
                        tracing::error!(event = ?event.event, error = in_full(&error), "an event could not be written as JSON");
                        report.failed += u32::try_from(connections.count()).unwrap_or(u32::MAX);
                        continue;
                    }
                },
            };
            posts.extend(connections.map(|connection| Post {
                user: user.clone(),
                connection: connection.clone(),
                frame: frame.clone(),
            }));
        }
        let Some(event) = name.filter(|_| !posts.is_empty()) else { return report };
        let mut unanswered = u32::try_from(posts.len()).unwrap_or(u32::MAX);
        let mut gone: BTreeMap<UserId, Vec<ConnectionId>> = BTreeMap::new();
        {
            let posts = stream::iter(posts)
                .map(|post| self.post_patiently(post))
                .buffer_unordered(CONCURRENCY)
                .take_until(self.env.sleep(ALL_POSTS));
            let mut posts = pin!(posts);
            while let Some((post, result)) = posts.next().await {
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
                        if self.env.now().since(post.connection.connected_at) >= OPENING {
                            gone.entry(post.user).or_default().push(post.connection.id);
                        }
                    }
                }
            }
        }
        report.failed += unanswered;
        let removals = gone.into_iter().map(|(user, ids)| self.forget(user, ids));
        stream::iter(removals).buffer_unordered(CONCURRENCY).collect::<()>().await;
        let PushReport { posted, gone, throttled, failed, unknown } = report;
        tracing::info!(?event, posted, gone, throttled, failed, unknown, "pushed");
        report
    }

    async fn forget(&self, user: UserId, connections: Vec<ConnectionId>) {
        if let Err(error) = self.store.forget(&user, &connections).await {
            warn_about(&error);
        }
    }

    /// Posts one frame, and again while the connection is throttled.
    async fn post_patiently(&self, post: Post) -> (Post, Result<(), PushError>) {
        let mut tries = 1;
        loop {
            let result = self.post_in_time(&post.connection.id, &post.frame).await;
            if !matches!(result, Err(PushError::Throttled)) || tries == TRIES {
                return (post, result);
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
#[derive(Debug, Default)]
pub(super) struct Audience {
    users: Vec<ChatUser>,
    unknown: u32,
}

impl Audience {
    /// One user, as they were just read.
    pub(super) fn of(user: ChatUser) -> Self {
        Self { users: vec![user], unknown: 0 }
    }

    /// Leaves those who may see what is pushed.
    pub(super) fn retain(&mut self, may_see: impl Fn(&UserId) -> bool) {
        self.users.retain(|user| may_see(&user.id));
    }

    /// Each user, and their live connections but `except`.
    fn connections<'a>(
        &'a self,
        except: Option<&'a ConnectionId>,
        now: Timestamp,
    ) -> impl Iterator<Item = (&'a UserId, impl Iterator<Item = &'a Connection>)> {
        self.users.iter().map(move |user| {
            let live = user.connections.iter().filter(move |connection| connection.is_live(now));
            (&user.id, live.filter(move |connection| Some(&connection.id) != except))
        })
    }
}

pub(super) fn warn_about(error: &StoreError) {
    tracing::warn!(error = in_full(error), "the connection registry did not answer");
}
