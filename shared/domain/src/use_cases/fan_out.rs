//! Pushing an event to everyone it concerns, after the change is stored. Nothing here can fail the change:
//! the store is the truth, and a client that misses a push asks.

use super::App;
use crate::chat_user::{CONNECT_GRACE, Connection, Status, is_online};
use crate::error_chain::error_chain;
use crate::event::{Event, Presence};
use crate::ids::{ConnectionId, UserId};
use crate::meter;
use crate::meter::PushReport;
use crate::ports::{Env, Push, PushError, Registry, StoreError, UserConnections};
use crate::retry::Backoff;
use crate::timestamp::Timestamp;
use futures_util::future::{Either, select};
use futures_util::{StreamExt, future, stream};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// Posts under way at once.
const MAX_CONCURRENT_POSTS: usize = 64;
/// The longest that one post may take.
const POST_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest that all posts of one event may take.
const FAN_OUT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest that telling of a lost connection may take, after that.
const PRESENCE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a post is tried that was throttled.
const MAX_ATTEMPTS: u32 = 4;
/// The waits before a throttled post is tried again.
const WAITS: Backoff = Backoff { first: Duration::from_millis(50), max: Duration::from_millis(200) };

/// What became of an event's posts, and who has it on a device now.
#[derive(Debug, Default)]
pub(super) struct PushOutcome {
    pub(super) report: PushReport,
    pub(super) reached: BTreeSet<UserId>,
}

/// A user's connection, and what is posted to it.
struct Post {
    user: UserId,
    connection: Connection,
    frame: Arc<str>,
}

impl Post {
    fn new(user: &UserId, connection: &Connection, frame: &Arc<str>) -> Self {
        Self { user: user.clone(), connection: connection.clone(), frame: frame.clone() }
    }
}

impl<S: Registry, P: Push, E: Env> App<S, P, E> {
    /// Looks up whom to push to. Failing to is counted, not an error: it never fails what is pushed about.
    pub(super) async fn load_audience(&self, users: &[UserId]) -> Audience {
        if users.is_empty() {
            return Audience::default();
        }
        match self.store.connections(users).await {
            Ok(users) => Audience { users, unknown: 0 },
            Err(error) => {
                warn_about(&error);
                Audience { users: Vec::new(), unknown: count(users.len()) }
            }
        }
    }

    /// Pushes `event` to every live connection of the audience but `except`.
    pub(super) async fn push(&self, audience: &Audience, except: Option<&ConnectionId>, event: &Event) -> PushReport {
        self.push_event(audience, except, event).await.report
    }

    /// The same, and tells who was reached.
    pub(super) async fn push_event(
        &self,
        audience: &Audience,
        except: Option<&ConnectionId>,
        event: &Event,
    ) -> PushOutcome {
        self.push_all(FAN_OUT_TIMEOUT, audience, except, |_| Some(((), event.clone()))).await
    }

    /// The same within a time of its own, for what somebody waits for who did not ask for it.
    pub(super) async fn push_within(&self, limit: Duration, audience: &Audience, event: &Event) -> PushReport {
        self.push_all(limit, audience, None, |_| Some(((), event.clone()))).await.report
    }

    /// Pushes to each user of the audience the event that is theirs, if one is. Events of one key are the same, and
    /// written once.
    pub(super) async fn push_each<K: Ord>(
        &self,
        audience: &Audience,
        except: Option<&ConnectionId>,
        event_of: impl Fn(&UserId) -> Option<(K, Event)>,
    ) -> PushReport {
        self.push_all(FAN_OUT_TIMEOUT, audience, except, event_of).await.report
    }

    async fn push_all<K: Ord>(
        &self,
        limit: Duration,
        audience: &Audience,
        except: Option<&ConnectionId>,
        event_of: impl Fn(&UserId) -> Option<(K, Event)>,
    ) -> PushOutcome {
        let report = PushReport { unknown: audience.unknown, ..PushReport::default() };
        let mut pushed = PushOutcome { report, reached: BTreeSet::new() };
        let mut frames: BTreeMap<K, Arc<str>> = BTreeMap::new();
        let mut posts = Vec::new();
        let mut chat = None;
        for (user, connections) in audience.connections(except, self.env.now()) {
            let Some((key, event)) = event_of(user) else { continue };
            let frame = match frames.entry(key) {
                Entry::Occupied(written) => written.get().clone(),
                Entry::Vacant(place) => match written(&event) {
                    Some(text) => place.insert(text).clone(),
                    None => {
                        pushed.report.failed += count(connections.count());
                        continue;
                    }
                },
            };
            chat = event.chat_id;
            posts.extend(connections.map(|connection| Post::new(user, connection, &frame)));
        }
        let gone = self.deliver(limit, posts, &mut pushed).await;
        // As of before the registry is asked: a connection that is registered after it is later.
        let at = self.env.now();
        let removals = gone.into_iter().map(|(user, connections)| self.forget(user, connections));
        let left = stream::iter(removals).buffer_unordered(MAX_CONCURRENT_POSTS).filter_map(future::ready);
        let left: Vec<UserId> = left.collect().await;
        meter::pushed(&pushed.report);
        if !left.is_empty() && chat.is_some_and(|chat| chat.is_private()) {
            self.notify_peer(audience, left, at).await;
        }
        pushed
    }

    /// Posts; counts what became of it, and answers whose connections were not there.
    async fn deliver(
        &self,
        limit: Duration,
        posts: Vec<Post>,
        PushOutcome { report, reached }: &mut PushOutcome,
    ) -> BTreeMap<UserId, Vec<Connection>> {
        let mut gone: BTreeMap<UserId, Vec<Connection>> = BTreeMap::new();
        if posts.is_empty() {
            return gone;
        }
        let started = self.env.now();
        let mut unanswered = count(posts.len());
        let posts = stream::iter(posts)
            .map(|post| self.post_with_retry(post))
            .buffer_unordered(MAX_CONCURRENT_POSTS)
            .take_until(self.env.sleep(limit));
        let mut posts = pin!(posts);
        while let Some((post, result)) = posts.next().await {
            unanswered = unanswered.saturating_sub(1);
            match result {
                Ok(()) => {
                    report.posted += 1;
                    reached.insert(post.user);
                }
                Err(PushError::Throttled) => report.throttled += 1,
                Err(PushError::Failed(error)) => {
                    tracing::warn!(error = error_chain(error.as_ref()), "a post failed");
                    report.failed += 1;
                }
                Err(PushError::Gone) => {
                    report.gone += 1;
                    if self.env.now().since(post.connection.connected_at) >= CONNECT_GRACE {
                        gone.entry(post.user).or_default().push(post.connection);
                    }
                }
            }
        }
        report.failed += unanswered;
        meter::fanned_out(self.env.now().since(started));
        gone
    }

    /// Removes connections that are gone; who it was, if they have none left now.
    async fn forget(&self, user: UserId, connections: Vec<Connection>) -> Option<UserId> {
        let ids: Vec<ConnectionId> = connections.into_iter().map(|connection| connection.id).collect();
        match self.store.forget(&user, &ids).await {
            Ok(left) => (!is_online(&left, self.env.now())).then_some(user),
            Err(error) => {
                warn_about(&error);
                None
            }
        }
    }

    /// A connection that was lost without a word is noticed when something is pushed to it. In a private chat it is
    /// known without another read who must hear of it: the other one. Further partners hear when they look. Whose
    /// connection turns out to be gone here is left to the next push.
    async fn notify_peer(&self, audience: &Audience, left: Vec<UserId>, at: Timestamp) {
        let mut posts = Vec::new();
        for user_id in left {
            let others = audience.connections(None, at).filter(|(other, _)| **other != user_id);
            let presence = Presence { user_id: user_id.clone(), status: Status::Offline, last_seen: None, at };
            let Some(frame) = written(&Event::presence_updated(presence)) else { continue };
            for (other, connections) in others {
                posts.extend(connections.map(|connection| Post::new(other, connection, &frame)));
            }
        }
        let mut pushed = PushOutcome::default();
        self.deliver(PRESENCE_TIMEOUT, posts, &mut pushed).await;
        meter::pushed(&pushed.report);
    }

    /// Posts one frame, and again while the connection is throttled.
    async fn post_with_retry(&self, post: Post) -> (Post, Result<(), PushError>) {
        let mut tries = 1;
        loop {
            let result = self.post_in_time(&post.connection.id, &post.frame).await;
            if !matches!(result, Err(PushError::Throttled)) || tries == MAX_ATTEMPTS {
                return (post, result);
            }
            self.env.sleep(WAITS.wait(&self.env, tries - 1)).await;
            tries += 1;
        }
    }

    async fn post_in_time(&self, connection: &ConnectionId, frame: &str) -> Result<(), PushError> {
        let post = pin!(self.push.post(connection, frame));
        let limit = pin!(self.env.sleep(POST_TIMEOUT));
        match select(post, limit).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Err(PushError::Failed("it took too long".into())),
        }
    }
}

/// Whom an event is pushed to.
#[derive(Debug, Default)]
pub(super) struct Audience {
    users: Vec<UserConnections>,
    unknown: u32,
}

impl Audience {
    /// One user, as they were just read.
    pub(super) fn of(user: UserId, connections: Vec<Connection>) -> Self {
        Self { users: vec![(user, connections)], unknown: 0 }
    }

    /// Leaves those who may see what is pushed.
    pub(super) fn retain(&mut self, may_see: impl Fn(&UserId) -> bool) {
        self.users.retain(|(user, _)| may_see(user));
    }

    /// Each user, and their live connections but `except`.
    fn connections<'a>(
        &'a self,
        except: Option<&'a ConnectionId>,
        now: Timestamp,
    ) -> impl Iterator<Item = (&'a UserId, impl Iterator<Item = &'a Connection>)> {
        self.users.iter().map(move |(user, connections)| {
            let live = connections.iter().filter(move |connection| connection.is_live(now));
            (user, live.filter(move |connection| Some(&connection.id) != except))
        })
    }
}

/// An event as text. That it cannot be written does not happen; if it did, the log says so.
fn written(event: &Event) -> Option<Arc<str>> {
    match serde_json::to_string(event) {
        Ok(text) => Some(text.into()),
        Err(error) => {
            tracing::error!(event = ?event.event, error = error_chain(&error), "an event could not be written as JSON");
            None
        }
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

pub(super) fn warn_about(error: &StoreError) {
    tracing::warn!(error = error_chain(error), "the connection registry did not answer");
}
