//! A push channel that records posts and injects failures.

use domain::ids::ConnectionId;
use domain::notification::Notification;
use domain::ports::{MAX_NOTIFICATIONS_PER_BATCH, Notify, Push, PushError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

#[derive(Debug, Default)]
struct State {
    posted: Vec<(String, serde_json::Value)>,
    /// The closed connections, each with the frames that were posted to it before and not taken.
    closed: Vec<(String, Vec<serde_json::Value>)>,
    gone: BTreeSet<String>,
    silent: BTreeSet<String>,
    failing: BTreeSet<String>,
    throttled: BTreeMap<String, u32>,
    attempts: u32,
    notifies: bool,
    topic_fails: bool,
    topic_is_silent: bool,
    batches: Vec<Vec<Notification>>,
}

impl State {
    fn take(&mut self, connection: &str) -> Vec<serde_json::Value> {
        let (taken, left) = std::mem::take(&mut self.posted).into_iter().partition(|(to, _)| to == connection);
        self.posted = left;
        taken.into_iter().map(|(_, frame)| frame).collect()
    }
}

/// Records posts as JSON.
#[derive(Debug, Default)]
pub struct RecordingPush(Mutex<State>);

impl RecordingPush {
    /// Posts to this connection fail because it is gone (410).
    pub fn set_gone(&self, connection: &str) {
        self.lock().gone.insert(connection.to_owned());
    }

    /// Posts to this connection never return, nor does its close.
    pub fn set_silent(&self, connection: &str) {
        self.lock().silent.insert(connection.to_owned());
    }

    /// Posts to this connection fail.
    pub fn set_failing(&self, connection: &str) {
        self.lock().failing.insert(connection.to_owned());
    }

    /// The next `times` posts to this connection are throttled.
    pub fn set_throttled(&self, connection: &str, times: u32) {
        self.lock().throttled.insert(connection.to_owned(), times);
    }

    /// Configures a topic for notifications.
    pub fn set_notifying(&self) {
        self.lock().notifies = true;
    }

    /// Calls to the topic fail.
    pub fn set_topic_failing(&self) {
        self.lock().topic_fails = true;
    }

    /// Calls to the topic never return.
    pub fn set_topic_silent(&self) {
        self.lock().topic_is_silent = true;
    }

    /// Removes and returns the published batches.
    pub fn take_batches(&self) -> Vec<Vec<Notification>> {
        std::mem::take(&mut self.lock().batches)
    }

    /// Removes and returns the frames that were posted to one connection, in order.
    pub fn take(&self, connection: &str) -> Vec<serde_json::Value> {
        self.lock().take(connection)
    }

    /// Removes the recorded events with this name.
    pub fn forget(&self, event: &str) {
        self.lock().posted.retain(|(_, frame)| frame["event"] != event);
    }

    /// The number of recorded frames that were not taken.
    pub fn count(&self) -> usize {
        self.lock().posted.len()
    }

    /// The number of attempted posts, successful or not.
    pub fn attempts(&self) -> u32 {
        self.lock().attempts
    }

    /// The connections that were to be closed, in order.
    pub fn closed(&self) -> Vec<String> {
        self.lock().closed.iter().map(|(connection, _)| connection.clone()).collect()
    }

    /// The frames that were posted to a connection before it was to be closed, and not taken until then. Empty if it
    /// was not closed. They are no longer among the recorded frames.
    pub fn last_frames(&self, connection: &str) -> Vec<serde_json::Value> {
        let state = self.lock();
        let closed = state.closed.iter().find(|(closed, _)| closed == connection);
        closed.map(|(_, frames)| frames.clone()).unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the lock")
    }
}

impl Push for RecordingPush {
    async fn post(&self, connection: &ConnectionId, frame: &str) -> Result<(), PushError> {
        let name = connection.as_str();
        tokio::task::yield_now().await;
        let silent = {
            let mut state = self.lock();
            state.attempts += 1;
            state.silent.contains(name)
        };
        if silent {
            std::future::pending::<()>().await;
        }
        let mut state = self.lock();
        if let Some(times) = state.throttled.get_mut(name).filter(|times| **times > 0) {
            *times -= 1;
            return Err(PushError::Throttled);
        }
        if state.gone.contains(name) {
            return Err(PushError::Gone);
        }
        if state.failing.contains(name) {
            return Err(PushError::Failed("injected failure".into()));
        }
        let frame = serde_json::from_str(frame).expect("a frame is JSON");
        state.posted.push((name.to_owned(), frame));
        Ok(())
    }

    async fn close(&self, connection: &ConnectionId) -> Result<(), PushError> {
        let silent = {
            let mut state = self.lock();
            let frames = state.take(connection.as_str());
            state.closed.push((connection.to_string(), frames));
            state.silent.contains(connection.as_str())
        };
        if silent {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

impl Notify for RecordingPush {
    fn is_on(&self) -> bool {
        self.lock().notifies
    }

    async fn publish(&self, batch: &[Notification]) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        tokio::task::yield_now().await;
        assert!(self.is_on() && !batch.is_empty() && batch.len() <= MAX_NOTIFICATIONS_PER_BATCH);
        let silent = self.lock().topic_is_silent;
        if silent {
            std::future::pending::<()>().await;
        }
        let mut state = self.lock();
        if state.topic_fails {
            return Err("injected failure".into());
        }
        state.batches.push(batch.to_vec());
        Ok(batch.len())
    }
}
