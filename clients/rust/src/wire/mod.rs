//! What goes over the wire: requests as JSON, answers and frames as JSON. Tests talk to the system on this level.

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

/// What a client was told, for whoever watches.
#[derive(Debug)]
pub enum Told<'a> {
    /// The answer to a request over HTTP.
    Answer {
        /// The request's method.
        method: &'a Method,
        /// Its path, without the query.
        path: &'a str,
        /// The answer's status.
        status: u16,
        /// Its content type.
        content_type: &'a str,
        /// What it says.
        body: &'a Value,
    },
    /// A frame, and the action that it replies to, if it is a reply to a request of this client.
    Frame {
        /// The action.
        action: Option<&'a str>,
        /// The frame.
        frame: &'a Value,
    },
}

/// Sees everything that clients of this process are told.
static WATCHER: OnceLock<fn(&Told<'_>)> = OnceLock::new();

/// From now on `watcher` sees everything that clients of this process are told; the first who asks for it.
pub fn watch(watcher: fn(&Told<'_>)) {
    let _ = WATCHER.set(watcher);
}

fn tell(told: &Told<'_>) {
    if let Some(watcher) = WATCHER.get() {
        watcher(told);
    }
}

/// Nothing that is waited for takes longer; a wait that did would be for ever.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// What went wrong in a conversation with the system.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The HTTP API could not be reached, or did not answer JSON.
    #[error("HTTP")]
    Http(#[from] reqwest::Error),
    /// The handshake was refused.
    #[error("the WebSocket handshake was refused: {0}")]
    Refused(StatusCode),
    /// The WebSocket failed.
    #[error("WebSocket")]
    Socket(#[source] Box<WsError>),
    /// The other side closed the WebSocket.
    #[error("the WebSocket was closed{}", .0.as_ref().map(|frame| format!(": {frame}")).unwrap_or_default())]
    Closed(Option<CloseFrame>),
    /// What was sent is no JSON.
    #[error("what came is no JSON")]
    Json(#[from] serde_json::Error),
    /// Nothing came.
    #[error("{0} did not come within 30 s")]
    Silence(String),
    /// An address or a token that cannot be put into a request.
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
