//! Where the system is, and how patient a client is with it.

use std::time::Duration;

/// Where the system is, and how patient a client is with it.
#[derive(Debug, Clone)]
pub struct Options {
    /// The HTTP API.
    pub http_url: String,
    /// The WebSocket API.
    pub ws_url: String,
    /// For how long a request may have no answer, and how long a token may take.
    pub request: Duration,
    /// After how long without a frame to send a ping is sent. API Gateway closes what was idle for 10 min.
    pub heartbeat: Duration,
    /// After how long without a frame, with a chat open, it is asked whether one was lost.
    pub silence: Duration,
    /// After how long at most a connection is renewed. API Gateway closes it after 2 h.
    pub life: Duration,
    /// How long an event may wait for one before it that may have been overtaken.
    pub gap: Duration,
    /// The first wait before connecting again is up to this; the next ones up to twice as long each.
    pub first_wait: Duration,
    /// And no wait is longer than this.
    pub longest_wait: Duration,
}

impl Options {
    /// What suits API Gateway.
    pub fn new(http_url: &str, ws_url: &str) -> Self {
        Self {
            http_url: http_url.to_owned(),
            ws_url: ws_url.to_owned(),
            request: Duration::from_secs(10),
            heartbeat: Duration::from_secs(4 * 60),
            silence: Duration::from_secs(60),
            life: Duration::from_secs(115 * 60),
            gap: Duration::from_millis(300),
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
        }
    }
}
