//! Keys, kept: fetched when first needed, again when one is unknown, and served stale while their source is down.

use crate::keys::{FetchError, FetchKeys, Key, KeySet};
use domain::timestamp::Timestamp;
use error_text::error_chain;
use std::time::Duration;
use tokio::sync::Mutex;

/// After this the keys are fetched again: a key that was withdrawn stops working then.
const REFRESH_AFTER: Duration = Duration::from_secs(60 * 60);
/// Keys this old are used no more, even if their source is down.
const MAX_KEY_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// Between two fetches at least this passes, so that tokens with invented key ids cannot flood the source. Short:
/// API Gateway keeps a refusal for minutes, and a key that was just published must not be refused.
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

    /// The key for a token with this `kid`, or None if the source does not know one. One fetch at a time: whoever
    /// comes while it is under way waits for it and finds what it brought.
    pub(crate) async fn key(&self, kid: Option<&str>, now: Timestamp) -> Result<Option<Key>, FetchError> {
        let mut state = self.state.lock().await;
        let age = state.keys.as_ref().map(|(_, at)| now.since(*at));
        let known = state.keys.as_ref().and_then(|(keys, _)| keys.find(kid)).cloned();
        if known.is_some() && age.is_some_and(|age| age < REFRESH_AFTER) {
            return Ok(known);
        }
        let usable = age.is_some_and(|age| age < MAX_KEY_AGE);
        if usable && state.tried_at.is_some_and(|tried| now.since(tried) < MIN_FETCH_INTERVAL) {
            return Ok(known);
        }
        state.tried_at = Some(now);
        match self.source.fetch().await {
            Ok(keys) => {
                let key = keys.find(kid).cloned();
                state.keys = Some((keys, now));
                Ok(key)
            }
            Err(error) if usable => {
                tracing::warn!(error = error_chain(&error), "stale keys are used");
                Ok(known)
            }
            Err(error) => Err(error),
        }
    }

    /// Fetches the keys anew, unless that was done a moment ago: for a key that may have been rotated under the same name.
    pub(crate) async fn refetch(&self, now: Timestamp) -> bool {
        let mut state = self.state.lock().await;
        if state.tried_at.is_some_and(|tried| now.since(tried) < MIN_FETCH_INTERVAL) {
            return false;
        }
        state.tried_at = Some(now);
        match self.source.fetch().await {
            Ok(keys) => {
                state.keys = Some((keys, now));
                true
            }
            Err(error) => {
                tracing::warn!(error = error_chain(&error), "stale keys are used");
                false
            }
        }
    }
}
