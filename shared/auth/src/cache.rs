//! A cache of keys. It fetches them when they are first needed and when a key is unknown. While the source is
//! unavailable, it uses old keys.

use crate::keys::{FetchError, FetchKeys, Key, KeySet};
use domain::timestamp::Timestamp;
use error_text::error_chain;
use std::time::Duration;
use tokio::sync::Mutex;

/// The keys are fetched again after this time. A withdrawn key stops working then.
const REFRESH_AFTER: Duration = Duration::from_secs(60 * 60);
/// Older keys are not used, even if the source is unavailable.
const MAX_KEY_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// The minimum time between two fetches, so that tokens with invented key ids cannot flood the source. It is short
/// because API Gateway caches a refusal for minutes: a new key must not be refused.
pub(crate) const MIN_FETCH_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct KeyCache<F> {
    source: F,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: Option<(KeySet, Timestamp)>,
    tried_at: Option<Timestamp>,
}

impl<F: FetchKeys> KeyCache<F> {
    pub(crate) fn new(source: F) -> Self {
        Self { source, state: Mutex::default() }
    }

    /// The key for a token with this `kid`; None if the source has no such key. Only one fetch runs at a time.
    /// Concurrent callers wait for it and use its result.
    pub(crate) async fn key(&self, kid: Option<&str>, now: Timestamp) -> Result<Option<Key>, FetchError> {
        let mut state = self.state.lock().await;
        let age = state.keys.as_ref().map(|(_, at)| now.since(*at));
        let cached = state.keys.as_ref().and_then(|(keys, _)| keys.find(kid)).cloned();
        if cached.is_some() && age.is_some_and(|age| age < REFRESH_AFTER) {
            return Ok(cached);
        }
        let is_usable = age.is_some_and(|age| age < MAX_KEY_AGE);
        if is_usable && state.tried_at.is_some_and(|tried_at| now.since(tried_at) < MIN_FETCH_INTERVAL) {
            return Ok(cached);
        }
        state.tried_at = Some(now);
        match self.source.fetch().await {
            Ok(keys) => {
                let key = keys.find(kid).cloned();
                state.keys = Some((keys, now));
                Ok(key)
            }
            Err(error) if is_usable => {
                tracing::warn!(error = error_chain(&error), "the keys could not be fetched; using the cached keys");
                Ok(cached)
            }
            Err(error) => Err(error),
        }
    }

    /// Fetches the keys again, unless the last fetch was a moment ago. Returns whether it did. This finds a key that
    /// was rotated under the same name.
    pub(crate) async fn refetch(&self, now: Timestamp) -> bool {
        let mut state = self.state.lock().await;
        if state.tried_at.is_some_and(|tried_at| now.since(tried_at) < MIN_FETCH_INTERVAL) {
            return false;
        }
        state.tried_at = Some(now);
        match self.source.fetch().await {
            Ok(keys) => {
                state.keys = Some((keys, now));
                true
            }
            Err(error) => {
                tracing::warn!(error = error_chain(&error), "the keys could not be fetched; using the cached keys");
                false
            }
        }
    }
}
