//! Where the system is, and the client's time-outs and timers.

use std::time::Duration;

/// Where the system is, and the client's time-outs and timers.
#[derive(Debug, Clone)]
pub struct Options {
    /// The base URL of the HTTP API, such as `http://127.0.0.1:3000`.
    pub http_url: String,
    /// The URL of the WebSocket API, such as `ws://127.0.0.1:3001/live`.
    pub ws_url: String,
    /// How long to wait for the reply to a request over the socket, and for a token.
    pub request_timeout: Duration,
    /// A ping is sent when no frame was sent for this long. API Gateway closes a connection after 10 min without a
    /// frame.
    pub ping_after: Duration,
    /// A sync is sent when no frame came for this long and a chat is on the screen: the last event may be lost.
    pub sync_after: Duration,
    /// A connection is replaced in the last tenth of this time, or before its token expires. API Gateway closes a
    /// connection after 2 h.
    pub max_connection_age: Duration,
    /// The longest that an event waits for an event before it. After that, a sync asks for the missing one.
    pub max_gap_wait: Duration,
    /// The first wait before connecting again is at most this long. The bound doubles with each further wait.
    pub max_first_wait: Duration,
    /// No wait before connecting again is longer.
    pub max_wait: Duration,
}

impl Options {
    /// The time-outs and timers that suit API Gateway: they are in docs/API.md under "Numbers".
    pub fn new(http_url: &str, ws_url: &str) -> Self {
        Self {
            http_url: http_url.to_owned(),
            ws_url: ws_url.to_owned(),
            request_timeout: Duration::from_secs(10),
            ping_after: Duration::from_secs(4 * 60),
            sync_after: Duration::from_secs(60),
            max_connection_age: Duration::from_secs(115 * 60),
            max_gap_wait: Duration::from_millis(300),
            max_first_wait: Duration::from_millis(500),
            max_wait: Duration::from_secs(30),
        }
    }
}
