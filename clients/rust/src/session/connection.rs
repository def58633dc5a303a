//! One WebSocket connection, in a task of its own.

use crate::token::Claims;
use crate::wire::{ClientError, Credential, Socket};
use crate::{Error, random};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Frames that were received and are not handled yet. The socket is not read while there are so many.
const MAX_QUEUED_FRAMES: usize = 64;

/// When to renew a connection whose token has expired by this machine's clock.
const MIN_RENEWAL_DELAY: Duration = Duration::from_secs(60);

/// An open connection. It is closed when this is dropped.
pub(super) struct Connection {
    /// Frames to send. The queue has no bound: a task that waits for a place in it cannot receive. The outbox and the
    /// number of callers bound what is in flight.
    outgoing: mpsc::UnboundedSender<String>,
    /// Frames that were received. The error that ended the connection is the last.
    incoming: mpsc::Receiver<Result<Value, ClientError>>,
    /// When to open the next connection.
    pub(super) renew_at: Instant,
    /// The token that opened the connection.
    pub(super) token: String,
}

impl Connection {
    /// Connects with this token. The time to renew the connection is random in the last tenth of `max_age`, so that
    /// clients that came together do not go together. It is also before the token expires.
    pub(super) async fn open(ws_url: &str, token: String, max_age: Duration) -> Result<Self, Error> {
        let mut socket = Socket::connect(ws_url, Credential::Header(&token)).await?;
        let (outgoing, mut to_send) = mpsc::unbounded_channel::<String>();
        let (received, incoming) = mpsc::channel(MAX_QUEUED_FRAMES);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    frame = to_send.recv() => match frame {
                        Some(frame) => {
                            if let Err(error) = socket.send_text(frame).await {
                                let _ = received.send(Err(error)).await;
                                return;
                            }
                        }
                        None => {
                            let _ = socket.start_close().await;
                            return;
                        }
                    },
                    frame = socket.next() => {
                        // A silence is no error: nothing may have happened.
                        if matches!(frame, Err(ClientError::Silence(_))) {
                            continue;
                        }
                        let is_last = matches!(&frame, Err(error) if !matches!(error, ClientError::Json(_)));
                        if received.send(frame).await.is_err() || is_last {
                            return;
                        }
                    }
                }
            }
        });
        let age = max_age - random::up_to(max_age / 10);
        let time_left = Claims::of(&token)?.time_left();
        let margin = (time_left / 10).min(Duration::from_secs(60));
        // The server has just accepted the token. If it has expired by this machine's clock, that clock is ahead.
        let is_clock_ahead = time_left.is_zero();
        let before_expiry = if is_clock_ahead {
            MIN_RENEWAL_DELAY
        } else {
            time_left.saturating_sub(margin).max(Duration::from_secs(1))
        };
        let renew_at = Instant::now() + age.min(before_expiry);
        Ok(Self { outgoing, incoming, renew_at, token })
    }

    /// Queues a frame to be sent.
    pub(super) fn send(&self, frame: &Value) -> Result<(), Error> {
        self.outgoing.send(frame.to_string()).map_err(|_closed| Error::NotConnected)
    }

    /// Waits for the next frame. If this future is dropped, no frame is lost.
    pub(super) async fn next(&mut self) -> Result<Value, ClientError> {
        self.incoming.recv().await.unwrap_or(Err(ClientError::Closed(None)))
    }
}
