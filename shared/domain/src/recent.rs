//! What one process remembers of its last requests. Losing it costs a few reads and pushes, and nothing else.

use crate::budget::{Budget, BudgetRate, RateLimited};
use crate::event::TypingState;
use crate::ids::{ChatId, SendId, UserId};
use crate::timestamp::Timestamp;
use lru::LruCache;
use std::collections::BTreeSet;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most entries of each kind.
const MAX_ENTRIES: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
/// The time after a user's typing was pushed in which it is not pushed again.
pub const TYPING_INTERVAL: Duration = Duration::from_secs(1);
/// How fast one process pushes the receipts of a user in one chat.
pub const RECEIPT_RATE: BudgetRate = BudgetRate::per_second(20, 2);
/// How fast one process pushes that a user comes and goes.
pub const PRESENCE_RATE: BudgetRate = BudgetRate::per_minute(10, 10);

/// How long a user is known to be offline. After that, they are looked up again.
pub const MAX_OFFLINE_AGE: Duration = Duration::from_secs(10 * 60);

/// The last sends and hints of this process.
#[derive(Debug)]
pub struct Recent {
    sends: Mutex<LruCache<SendId, ()>>,
    typing: Mutex<LruCache<(ChatId, UserId), LastTyping>>,
    receipts: Mutex<LruCache<(ChatId, UserId), Budget>>,
    presences: Mutex<LruCache<UserId, Budget>>,
    offline: Mutex<OfflineUsers>,
}

/// Users who had no live connection when they were looked up, and who have opened none since.
#[derive(Debug)]
struct OfflineUsers {
    /// The time of each user's lookup.
    looked_up_at: LruCache<UserId, Timestamp>,
    /// Until when it is known who opened a connection; None if nobody is known to be offline.
    openings_read_until: Option<Timestamp>,
}

/// When each state was last pushed.
#[derive(Debug, Clone, Copy, Default)]
struct LastTyping {
    started_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
    state: Option<TypingState>,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            sends: Mutex::new(LruCache::new(MAX_ENTRIES)),
            typing: Mutex::new(LruCache::new(MAX_ENTRIES)),
            receipts: Mutex::new(LruCache::new(MAX_ENTRIES)),
            presences: Mutex::new(LruCache::new(MAX_ENTRIES)),
            offline: Mutex::new(OfflineUsers { looked_up_at: LruCache::new(MAX_ENTRIES), openings_read_until: None }),
        }
    }
}

impl Recent {
    /// Notes that the store has a record of this send.
    pub(crate) fn note_send(&self, id: SendId) {
        lock(&self.sends).put(id, ());
    }

    /// Whether the store probably has a record of this send. If not, it may still have one.
    pub(crate) fn has_send(&self, id: &SendId) -> bool {
        lock(&self.sends).get(id).is_some()
    }

    /// Whether this process pushed the same news about the user's typing less than [`TYPING_INTERVAL`] ago. A `stop`
    /// after a `start` is news at once. So at most one `start` and one `stop` are pushed in the interval.
    pub(crate) fn is_typing_known(&self, chat: &ChatId, user: &UserId, state: TypingState, now: Timestamp) -> bool {
        let mut typing = lock(&self.typing);
        let Some(last) = typing.get(&(chat.clone(), user.clone())) else { return false };
        let is_recent = |at: Option<Timestamp>| at.is_some_and(|at| now.since(at) < TYPING_INTERVAL);
        match state {
            TypingState::Start => is_recent(last.started_at),
            TypingState::Stop => last.state == Some(TypingState::Stop) && is_recent(last.stopped_at),
        }
    }

    /// Notes that the user's typing is pushed.
    pub(crate) fn note_typing(&self, chat: &ChatId, user: &UserId, state: TypingState, now: Timestamp) {
        let mut typing = lock(&self.typing);
        let last = typing.get_or_insert_mut((chat.clone(), user.clone()), LastTyping::default);
        match state {
            TypingState::Start => last.started_at = Some(now),
            TypingState::Stop => last.stopped_at = Some(now),
        }
        last.state = Some(state);
    }

    /// Whether the user's receipt in this chat is pushed, by [`RECEIPT_RATE`].
    pub(crate) fn may_push_receipt(&self, chat: &ChatId, user: &UserId, now: Timestamp) -> bool {
        may_push(&self.receipts, (chat.clone(), user.clone()), RECEIPT_RATE, now)
    }

    /// Those of these users who are known to be offline, unless they have opened a connection since
    /// [`openings_read_until`](Self::openings_read_until).
    pub(crate) fn offline_among<'a>(&self, users: &'a [UserId], now: Timestamp) -> BTreeSet<&'a UserId> {
        let offline = lock(&self.offline);
        let is_fresh = |at: &Timestamp| now.since(*at) < MAX_OFFLINE_AGE;
        users.iter().filter(|user| offline.looked_up_at.peek(*user).is_some_and(is_fresh)).collect()
    }

    /// Until when it is known who opened a connection; None if nobody is known to be offline.
    pub(crate) fn openings_read_until(&self) -> Option<Timestamp> {
        lock(&self.offline).openings_read_until
    }

    /// Notes that these users had no live connection at `now` or shortly after it.
    pub(crate) fn note_offline<'a>(&self, users: impl Iterator<Item = &'a UserId>, now: Timestamp) {
        let mut offline = lock(&self.offline);
        if offline.openings_read_until.is_none_or(|until| now.since(until) >= MAX_OFFLINE_AGE) {
            offline.looked_up_at.clear();
            offline.openings_read_until = Some(now);
        }
        for user in users {
            offline.looked_up_at.put(user.clone(), now);
        }
    }

    /// Notes that these users have opened a connection, and nobody else until `now`.
    pub(crate) fn note_openings(&self, users: &[UserId], now: Timestamp) {
        let mut offline = lock(&self.offline);
        for user in users {
            offline.looked_up_at.pop(user);
        }
        offline.openings_read_until = Some(now);
    }

    /// From now on, nobody is known to be offline.
    pub(crate) fn forget_offline(&self) {
        let mut offline = lock(&self.offline);
        offline.looked_up_at.clear();
        offline.openings_read_until = None;
    }

    /// Whether it is pushed that the user comes or goes, by [`PRESENCE_RATE`].
    pub(crate) fn may_push_presence(&self, user: &UserId, now: Timestamp) -> bool {
        may_push(&self.presences, user.clone(), PRESENCE_RATE, now)
    }
}

/// Takes one push from the bucket of this key. False if it holds none.
fn may_push<K: Hash + Eq>(buckets: &Mutex<LruCache<K, Budget>>, key: K, rate: BudgetRate, now: Timestamp) -> bool {
    let mut buckets = lock(buckets);
    match rate.spend(buckets.get(&key).copied(), 1, now) {
        Ok(spending) => {
            buckets.put(key, spending.after);
            true
        }
        Err(RateLimited { .. }) => false,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
