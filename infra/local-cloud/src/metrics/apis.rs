//! The counts of both APIs.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::http::StatusCode;

use super::snapshot::{HttpCounts, Posts, Statuses, WebSocketCounts};

/// Counts the HTTP API's requests.
#[derive(Debug, Default)]
pub(crate) struct HttpMeter {
    requests: StatusMeter,
}

/// Counts the WebSocket API's connections, frames and posts.
#[derive(Debug, Default)]
pub(crate) struct WebSocketMeter {
    connections: AtomicU64,
    handshakes: StatusMeter,
    frames: AtomicU64,
    posts: PostMeter,
}

#[derive(Debug, Default)]
struct StatusMeter {
    informational: AtomicU64,
    success: AtomicU64,
    redirection: AtomicU64,
    client_error: AtomicU64,
    server_error: AtomicU64,
}

#[derive(Debug, Default)]
struct PostMeter {
    delivered: AtomicU64,
    gone: AtomicU64,
    throttled: AtomicU64,
    refused: AtomicU64,
}

impl HttpMeter {
    /// Counts an answered request.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.requests.add(status);
    }

    pub(super) fn counts(&self) -> HttpCounts {
        HttpCounts { requests: self.requests.counts() }
    }
}

impl WebSocketMeter {
    /// Counts an answered handshake.
    pub(crate) fn handshake(&self, status: StatusCode) {
        self.handshakes.add(status);
    }

    /// Sets the number of open connections.
    pub(crate) fn open(&self, connections: usize) {
        self.connections.store(u64::try_from(connections).unwrap_or(u64::MAX), Relaxed);
    }

    /// Counts a text frame of a client.
    pub(crate) fn frame(&self) {
        self.frames.fetch_add(1, Relaxed);
    }

    /// Counts a post to a connection by its status.
    pub(crate) fn post(&self, status: StatusCode) {
        let posts = &self.posts;
        let count = match status {
            StatusCode::OK => &posts.delivered,
            StatusCode::GONE => &posts.gone,
            StatusCode::TOO_MANY_REQUESTS => &posts.throttled,
            _ => &posts.refused,
        };
        count.fetch_add(1, Relaxed);
    }

    pub(super) fn counts(&self) -> WebSocketCounts {
        let posts = &self.posts;
        WebSocketCounts {
            connections: self.connections.load(Relaxed),
            handshakes: self.handshakes.counts(),
            frames: self.frames.load(Relaxed),
            posts: Posts {
                delivered: posts.delivered.load(Relaxed),
                gone: posts.gone.load(Relaxed),
                throttled: posts.throttled.load(Relaxed),
                refused: posts.refused.load(Relaxed),
            },
        }
    }
}

impl StatusMeter {
    fn add(&self, status: StatusCode) {
        let count = match status.as_u16() / 100 {
            1 => &self.informational,
            2 => &self.success,
            3 => &self.redirection,
            4 => &self.client_error,
            _ => &self.server_error,
        };
        count.fetch_add(1, Relaxed);
    }

    fn counts(&self) -> Statuses {
        Statuses {
            informational: self.informational.load(Relaxed),
            success: self.success.load(Relaxed),
            redirection: self.redirection.load(Relaxed),
            client_error: self.client_error.load(Relaxed),
            server_error: self.server_error.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16) -> StatusCode {
        StatusCode::from_u16(code).unwrap()
    }

    #[test]
    fn requests_are_counted_by_status_class() {
        let meter = HttpMeter::default();
        [200, 201, 302, 404, 429, 400, 500].into_iter().for_each(|code| meter.answered(status(code)));
        let expected = Statuses { informational: 0, success: 2, redirection: 1, client_error: 3, server_error: 1 };
        assert_eq!((meter.counts().requests, expected.total()), (expected, 7));
    }

    #[test]
    fn posts_are_counted_by_outcome() {
        let meter = WebSocketMeter::default();
        [200, 200, 410, 429, 403, 413].into_iter().for_each(|code| meter.post(status(code)));
        assert_eq!(meter.counts().posts, Posts { delivered: 2, gone: 1, throttled: 1, refused: 2 });
    }
}
