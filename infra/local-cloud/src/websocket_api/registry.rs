//! The open connections, by id.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use serde_json::{Map, Value};
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Message;

use crate::{ids, metrics::Metrics};

/// The most messages that wait for a slow client. More are refused with 429.
const MAX_QUEUED_MESSAGES: usize = 128;

/// A connection, from its handshake on.
pub(super) struct Connection {
    pub(super) id: String,
    /// Milliseconds since 1970. The same value is in every event of the connection.
    pub(super) connected_at: u64,
    pub(super) source_ip: String,
    pub(super) user_agent: Option<String>,
    /// The `Host` header of the handshake.
    pub(super) domain: String,
    /// The authorizer's context, which every event of the connection has.
    pub(super) authorizer: Map<String, Value>,
    pub(super) last_active: AtomicU64,
    /// Notified when a function closes the connection.
    pub(super) close: Notify,
    /// True after `close` was notified.
    is_closing: AtomicBool,
    outgoing: mpsc::Sender<Vec<Message>>,
}

/// Why a message was not queued.
pub(super) enum Undelivered {
    Gone,
    BufferFull,
}

impl Connection {
    /// Returns a connection and its queue of outgoing messages.
    pub(super) fn new(
        source_ip: String,
        user_agent: Option<String>,
        domain: String,
    ) -> (Self, mpsc::Receiver<Vec<Message>>) {
        let (outgoing, queue) = mpsc::channel(MAX_QUEUED_MESSAGES);
        let now = ids::now_millis();
        let connection = Self {
            id: ids::gateway(),
            connected_at: now,
            source_ip,
            user_agent,
            domain,
            authorizer: Map::new(),
            last_active: AtomicU64::new(now),
            close: Notify::new(),
            is_closing: AtomicBool::new(false),
            outgoing,
        };
        (connection, queue)
    }

    /// Queues a message, given as its frames. It is queued completely or not at all, because the frames of two messages
    /// must not mix (RFC 6455, 5.4).
    pub(super) fn try_send(&self, message: Vec<Message>) -> Result<(), Undelivered> {
        if self.is_closing() {
            return Err(Undelivered::Gone);
        }
        self.outgoing.try_send(message).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Undelivered::BufferFull,
            mpsc::error::TrySendError::Closed(_) => Undelivered::Gone,
        })
    }

    /// Queues a message, and waits while the queue is full. Drops it if the connection is gone.
    pub(super) async fn send(&self, message: Vec<Message>) {
        if !self.is_closing() {
            let _ = self.outgoing.send(message).await;
        }
    }

    /// Closes the connection on behalf of a function. It accepts no more messages from now on, even before its task has
    /// noticed: a reply after `DELETE @connections` is not sent.
    pub(super) fn end(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        self.close.notify_one();
    }

    fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    pub(super) fn touch(&self) {
        self.last_active.store(ids::now_millis(), Ordering::Relaxed);
    }
}

pub(super) struct Registry {
    connections: Mutex<HashMap<String, Arc<Connection>>>,
    metrics: Arc<Metrics>,
}

impl Registry {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { connections: Mutex::default(), metrics }
    }

    pub(super) fn insert(&self, connection: Arc<Connection>) {
        let mut connections = self.lock();
        connections.insert(connection.id.clone(), connection);
        self.metrics.websocket.open(connections.len());
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Connection>> {
        self.lock().get(id).cloned()
    }

    pub(super) fn remove(&self, id: &str) {
        let mut connections = self.lock();
        connections.remove(id);
        self.metrics.websocket.open(connections.len());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_messages_queued_before_the_end_are_sent() {
        let (connection, mut queue) = Connection::new("127.0.0.1".to_owned(), None, "localhost".to_owned());
        assert!(connection.try_send(vec![Message::text("posted")]).is_ok());
        connection.end();
        connection.send(vec![Message::text("answered")]).await;
        assert!(matches!(connection.try_send(vec![Message::text("posted late")]), Err(Undelivered::Gone)));
        assert_eq!(queue.recv().await, Some(vec![Message::text("posted")]));
        assert!(queue.try_recv().is_err());
    }
}
