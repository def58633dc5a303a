//! Pushes an event to its recipients, after the change is stored. A failure here never fails the change: the store is
//! the truth, and a client that missed a push syncs.

use super::App;
use crate::chat_user::{CONNECT_GRACE, Connection, Status, is_online};
use crate::event::{Event, Presence};
use crate::ids::{ConnectionId, UserId};
use crate::meter;
use crate::meter::PushReport;
use crate::ports::{Env, Push, PushError, Registry, StoreError, UserConnections};
use crate::retry::Backoff;
use crate::timestamp::Timestamp;
use error_text::error_chain;
use futures_util::future::{Either, select};
use futures_util::{StreamExt, future, stream};
use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// How many posts run at the same time.
const MAX_CONCURRENT_POSTS: usize = 64;
/// The time limit of one post, and of one close.
const POST_TIMEOUT: Duration = Duration::from_secs(2);
/// The time limit of all posts of one event.
const FAN_OUT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time limit, after those posts, for pushing that a user went offline.
const PRESENCE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a throttled post is tried.
const MAX_ATTEMPTS: u32 = 4;
/// The waits between tries of a throttled post.
const POST_BACKOFF: Backoff = Backoff { first: Duration::from_millis(50), max: Duration::from_millis(200) };

/// Reading who opened a connection costs at least 1 RRU, and looking up a user 0.5. So it is read only to save so many
/// lookups.
const MIN_KNOWN_OFFLINE: usize = 20;
/// With more openings than that since the last event, everybody is looked up.
const MAX_OPENINGS: usize = 200;
/// By the clock of the process that reads the log, an opening may be logged so long before or after the time that it has
/// there: writing it takes at most 5 s, and the clocks of two functions differ by less than 5 s.
const OPENING_DELAY: Duration = Duration::from_secs(10);
/// The time limit of reading who opened a connection. It saves lookups, and an event must not wait for it longer.
const OPENINGS_TIMEOUT: Duration = Duration::from_millis(500);

/// The results of an event's posts, and the users with at least one device that got it.
#[derive(Debug, Default)]
pub(super) struct PushOutcome {
    pub(super) report: PushReport,
    pub(super) reached: BTreeSet<UserId>,
}

/// One frame for one connection.
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
    /// Looks up the connections of these users, except of those who are known to be offline. A failed lookup is counted
    /// as missed users and does not fail the use case.
    pub(super) async fn load_audience(&self, users: &[UserId]) -> Audience {
        if users.is_empty() {
            return Audience::default();
        }
        let now = self.env.now();
        let offline = self.recent.offline_among(users, now);
        let users = match offline.len() < MIN_KNOWN_OFFLINE {
            true => users.to_vec(),
            false => self.without_offline(users, now).await,
        };
        match self.store.connections(&users).await {
            Ok(found) => {
                let online = found.iter().filter(|(_, connections)| is_online(connections, now));
                let online: BTreeSet<&UserId> = online.map(|(user, _)| user).collect();
                self.recent.note_offline(users.iter().filter(|user| !online.contains(user)), now);
                Audience { users: found, unknown: 0 }
            }
            Err(error) => {
                warn_about(&error);
                Audience { users: Vec::new(), unknown: count(users.len()) }
            }
        }
    }

    /// These users without those who are offline: first reads who opened a connection since this process last read that.
    /// If that cannot be read in time, or is too much, nobody is known to be offline.
    async fn without_offline(&self, users: &[UserId], now: Timestamp) -> Vec<UserId> {
        let since = self.recent.openings_read_until().unwrap_or(now).minus(OPENING_DELAY);
        // By a clock that is ahead, an opening has a time after now.
        let openings = pin!(self.store.openings(since, now.plus(OPENING_DELAY), MAX_OPENINGS));
        match select(openings, pin!(self.env.sleep(OPENINGS_TIMEOUT))).await {
            Either::Left((Ok(Some(opened)), _)) => self.recent.note_openings(&opened, now),
            Either::Left((Ok(None), _)) => self.recent.forget_offline(),
            Either::Left((Err(error), _)) => {
                warn_about(&error);
                self.recent.forget_offline();
            }
            Either::Right(((), _)) => {
                tracing::warn!("who opened a connection was not read in time: everybody is looked up");
                self.recent.forget_offline();
            }
        }
        let offline = self.recent.offline_among(users, now);
        users.iter().filter(|user| !offline.contains(user)).cloned().collect()
    }

    /// Pushes `event` to every live connection of the audience except `except`.
    pub(super) async fn push(&self, audience: &Audience, except: Option<&ConnectionId>, event: &Event) -> PushReport {
        self.push_event(audience, except, event).await.report
    }

    /// Like [`push`](Self::push), and also reports the users who were reached.
    pub(super) async fn push_event(
        &self,
        audience: &Audience,
        except: Option<&ConnectionId>,
        event: &Event,
    ) -> PushOutcome {
        self.push_all(FAN_OUT_TIMEOUT, audience, except, |_| Some(((), event.clone()))).await
    }

    /// Like [`push`](Self::push) with a time limit of its own, for events that delay a request which is about
    /// something else.
    pub(super) async fn push_within(&self, limit: Duration, audience: &Audience, event: &Event) -> PushReport {
        self.push_all(limit, audience, None, |_| Some(((), event.clone()))).await.report
    }

    /// Pushes to each user the event that `event_of` returns for them, if any. Events with equal keys are equal and
    /// are encoded once.
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
        // Everybody's newest connection comes first. So a user's second device waits for the first one of everybody
        // else, and dead connections, which are old, come when the others are reached.
        let mut posts: Vec<Vec<Post>> = Vec::new();
        let mut chat = None;
        for (user, connections) in audience.connections(except, self.env.now()) {
            let Some((key, event)) = event_of(user) else { continue };
            let frame = match frames.entry(key) {
                Entry::Occupied(frame) => frame.get().clone(),
                Entry::Vacant(slot) => match encode_event(&event) {
                    Some(frame) => slot.insert(frame).clone(),
                    None => {
                        pushed.report.failed += count(connections.count());
                        continue;
                    }
                },
            };
            chat = event.chat_id;
            let mut connections: Vec<&Connection> = connections.collect();
            connections.sort_by_key(|connection| Reverse(connection.connected_at));
            posts.resize_with(posts.len().max(connections.len()), Vec::new);
            for (turn, connection) in posts.iter_mut().zip(connections) {
                turn.push(Post::new(user, connection, &frame));
            }
        }
        let posts = posts.into_iter().flatten().collect();
        let gone = self.deliver(limit, posts, &mut pushed).await;
        // Taken before the registry is asked: a connection that is registered later must get a later `at`.
        let at = self.env.now();
        let removals = gone.into_iter().map(|(user, connections)| self.remove_gone(user, connections));
        let offline = stream::iter(removals).buffer_unordered(MAX_CONCURRENT_POSTS).filter_map(future::ready);
        let offline: Vec<UserId> = offline.collect().await;
        meter::count_posts(&pushed.report);
        if !offline.is_empty() && chat.is_some_and(|chat| chat.is_private()) {
            self.notify_peer(audience, offline, at).await;
        }
        pushed
    }

    /// Posts the frames and counts the results. Returns the connections that were gone, by user.
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
        let mut pending = count(posts.len());
        let posts = stream::iter(posts)
            .map(|post| self.post_with_retry(post))
            .buffer_unordered(MAX_CONCURRENT_POSTS)
            .take_until(self.env.sleep(limit));
        let mut posts = pin!(posts);
        while let Some((post, result)) = posts.next().await {
            pending = pending.saturating_sub(1);
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
        report.failed += pending;
        meter::record_fan_out(self.env.now().since(started));
        gone
    }

    /// Removes gone connections from the registry. Returns the user if they have no live connection left.
    async fn remove_gone(&self, user: UserId, connections: Vec<Connection>) -> Option<UserId> {
        let ids: Vec<ConnectionId> = connections.into_iter().map(|connection| connection.id).collect();
        match self.store.forget(&user, &ids).await {
            Ok(remaining) => (!is_online(&remaining, self.env.now())).then_some(user),
            Err(error) => {
                warn_about(&error);
                None
            }
        }
    }

    /// Pushes to the peer of a private chat that a user went offline. A connection that was lost without a
    /// `$disconnect` is noticed only when a push to it fails. The audience of a private chat already holds the peer's
    /// connections, so no further read is needed. Partners in other chats see the status when they next load it. A
    /// connection of the peer that is gone as well is left to the next push.
    async fn notify_peer(&self, audience: &Audience, offline: Vec<UserId>, at: Timestamp) {
        let mut posts = Vec::new();
        for user_id in offline {
            let peers = audience.connections(None, at).filter(|(peer, _)| **peer != user_id);
            let presence = Presence { user_id: user_id.clone(), status: Status::Offline, last_seen: None, at };
            let Some(frame) = encode_event(&Event::presence_updated(presence)) else { continue };
            for (peer, connections) in peers {
                posts.extend(connections.map(|connection| Post::new(peer, connection, &frame)));
            }
        }
        let mut pushed = PushOutcome::default();
        self.deliver(PRESENCE_TIMEOUT, posts, &mut pushed).await;
        meter::count_posts(&pushed.report);
    }

    /// Posts one frame. Retries while the connection is throttled, up to [`MAX_ATTEMPTS`] tries in all.
    async fn post_with_retry(&self, post: Post) -> (Post, Result<(), PushError>) {
        let mut attempts = 1;
        loop {
            let result = within_post_timeout(&self.env, self.push.post(&post.connection.id, &post.frame)).await;
            if !matches!(result, Err(PushError::Throttled)) || attempts == MAX_ATTEMPTS {
                return (post, result);
            }
            self.env.sleep(POST_BACKOFF.wait(&self.env, attempts - 1)).await;
            attempts += 1;
        }
    }
}

/// Waits for a post or a close, at most [`POST_TIMEOUT`].
pub(super) async fn within_post_timeout<E: Env>(
    env: &E,
    call: impl Future<Output = Result<(), PushError>> + Send,
) -> Result<(), PushError> {
    let limit = pin!(env.sleep(POST_TIMEOUT));
    match select(pin!(call), limit).await {
        Either::Left((result, _)) => result,
        Either::Right(((), _)) => Err(PushError::Failed("no answer within 2 s".into())),
    }
}

/// The users whom an event may be pushed to, with their connections.
#[derive(Debug, Default)]
pub(super) struct Audience {
    users: Vec<UserConnections>,
    /// Users whose connections could not be looked up.
    unknown: u32,
}

impl Audience {
    /// One user whose connections were just read.
    pub(super) fn of(user: UserId, connections: Vec<Connection>) -> Self {
        Self { users: vec![(user, connections)], unknown: 0 }
    }

    /// Whether the connections of all users could be looked up.
    pub(super) fn is_complete(&self) -> bool {
        self.unknown == 0
    }

    /// Keeps only the users for whom `may_see` is true.
    pub(super) fn retain(&mut self, may_see: impl Fn(&UserId) -> bool) {
        self.users.retain(|(user, _)| may_see(user));
    }

    /// Each user with their live connections except `except`.
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

/// The event as JSON. None if it cannot be encoded, which is a bug and is logged.
pub(super) fn encode_event(event: &Event) -> Option<Arc<str>> {
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
