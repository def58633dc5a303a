//! What one process remembers of its last requests. Losing it costs a few reads and pushes, and nothing else.

use crate::event::TypingState;
use crate::ids::{ChatId, SendId, UserId};
use crate::timestamp::Timestamp;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most entries of each kind.
const MAX_ENTRIES: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
/// The time after a user's typing was pushed in which it is not pushed again.
pub const TYPING_INTERVAL: Duration = Duration::from_secs(1);

/// The last sends and typing events of this process.
#[derive(Debug)]
pub struct Recent {
    sends: Mutex<LruCache<SendId, ()>>,
    typing: Mutex<LruCache<(ChatId, UserId), LastTyping>>,
}

#[derive(Debug, Clone, Copy)]
struct LastTyping {
    /// When a `start` was last pushed; None if only a `stop` was.
    started_at: Option<Timestamp>,
    state: TypingState,
}

impl Default for Recent {
    fn default() -> Self {
        Self { sends: Mutex::new(LruCache::new(MAX_ENTRIES)), typing: Mutex::new(LruCache::new(MAX_ENTRIES)) }
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
        match state {
            TypingState::Start => last.started_at.is_some_and(|at| now.since(at) < TYPING_INTERVAL),
            TypingState::Stop => last.state == TypingState::Stop,
        }
    }

    /// Notes that the user's typing is pushed.
    pub(crate) fn note_typing(&self, chat: &ChatId, user: &UserId, state: TypingState, now: Timestamp) {
        let mut typing = lock(&self.typing);
        let key = (chat.clone(), user.clone());
        let started_at = match state {
            TypingState::Start => Some(now),
            TypingState::Stop => typing.get(&key).and_then(|last| last.started_at),
        };
        typing.put(key, LastTyping { started_at, state });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
