//! Requests, answers and frames as JSON: one request and one connection at a time. Tests talk to the system on this
//! level.

mod http;
mod socket;

pub use http::HttpClient;
pub use socket::{Credential, Socket};

use reqwest::Method;
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// What a client received from the server. [`watch`] shows it.
#[derive(Debug)]
pub enum ServerOutput<'a> {
    /// An answer over HTTP.
    Answer {
        /// The request's method.
        method: &'a Method,
        /// Its path, without the query.
        path: &'a str,
        /// Its query without the question mark; empty if there is none.
        query: &'a str,
        /// The HTTP status.
        status: u16,
        /// The `Content-Type` header; empty if there is none.
        content_type: &'a str,
        /// The body; null if there is none.
        body: &'a Value,
    },
    /// A frame over WebSocket.
    Frame {
        /// The action that the frame replies to. None if it is an event, or replies to no request of this [`Socket`].
        action: Option<&'a str>,
        /// The frame as it came.
        frame: &'a Value,
    },
}

/// The function that [`watch`] set.
static WATCHER: OnceLock<fn(&ServerOutput<'_>)> = OnceLock::new();

/// Calls `watcher` for everything that the clients of this process receive from now on. Only the first call has an
/// effect.
pub fn watch(watcher: fn(&ServerOutput<'_>)) {
    let _ = WATCHER.set(watcher);
}

fn notify_watcher(output: &ServerOutput<'_>) {
    if let Some(watcher) = WATCHER.get() {
        watcher(output);
    }
}

/// The time-out of a handshake, of an HTTP request, and of a wait for a frame.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// Why an exchange with the server failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The HTTP API could not be reached.
    #[error("the HTTP request failed")]
    Http(#[from] reqwest::Error),
    /// The WebSocket handshake was refused with this HTTP status.
    #[error("the WebSocket handshake was refused: {0}")]
    Refused(StatusCode),
    /// The WebSocket could not be opened, or failed.
    #[error("the WebSocket failed")]
    Socket(#[source] Box<WsError>),
    /// The server closed the WebSocket, with this close frame if it sent one.
    #[error("the WebSocket was closed{}", .0.as_ref().map(|frame| format!(": {frame}")).unwrap_or_default())]
    Closed(Option<CloseFrame>),
    /// An answer or a frame is no JSON.
    #[error("the answer or frame is no JSON")]
    Json(#[from] serde_json::Error),
    /// What was waited for did not come within 30 s.
    #[error("{0} did not come within 30 s")]
    Silence(String),
    /// The URL or the token cannot be part of a request.
    #[error("{0}")]
    Malformed(String),
}

impl From<WsError> for ClientError {
    fn from(error: WsError) -> Self {
        match error {
            WsError::Http(response) => Self::Refused(response.status()),
            error => Self::Socket(Box::new(error)),
        }
    }
}
