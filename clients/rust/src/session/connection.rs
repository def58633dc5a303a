//! One WebSocket connection, in a task of its own.

use crate::token::Claims;
use crate::wire::{ClientError, Credential, Socket};
use crate::{Error, random};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How many frames that came may wait to be taken.
const MAX_QUEUED_FRAMES: usize = 64;

/// When to renew a connection whose token has no time left, as it seems.
const MIN_RENEWAL_DELAY: Duration = Duration::from_secs(60);

/// A connection that is open, until it is dropped.
pub(super) struct Connection {
    /// Frames to send. No bound of its own, since whoever waited for room here could not take what comes: what may be under
    /// way is bounded by the outbox and by those who ask.
    outgoing: mpsc::UnboundedSender<String>,
    /// Frames that came; the error that ended it is the last.
    incoming: mpsc::Receiver<Result<Value, ClientError>>,
    /// When to have another in its place.
    pub(super) renew_at: Instant,
    /// The token that opened it.
    pub(super) token: String,
}

impl Connection {
    /// Connects with this token. The connection is to be renewed at some moment in the last tenth of `life`, so that
    /// those who came at once do not go at once; and before the token runs out.
    pub(super) async fn open(ws_url: &str, token: String, life: Duration) -> Result<Self, Error> {
        let mut socket = Socket::connect(ws_url, Credential::Header(&token)).await?;
        let (outgoing, mut to_send) = mpsc::unbounded_channel::<String>();
        let (came, incoming) = mpsc::channel(MAX_QUEUED_FRAMES);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    frame = to_send.recv() => match frame {
                        Some(frame) => {
                            if let Err(error) = socket.send_text(frame).await {
                                let _ = came.send(Err(error)).await;
                                return;
                            }
                        }
                        None => {
                            let _ = socket.end().await;
                            return;
                        }
                    },
                    frame = socket.next() => {
                        // Nothing to say is nothing wrong.
                        if matches!(frame, Err(ClientError::Silence(_))) {
                            continue;
                        }
                        let is_last = matches!(&frame, Err(error) if !matches!(error, ClientError::Json(_)));
                        if came.send(frame).await.is_err() || is_last {
                            return;
                        }
                    }
                }
            }
        });
        let whole = life - random::up_to(life / 10);
        let left = Claims::of(&token)?.left();
        let margin = (left / 10).min(Duration::from_secs(60));
        // The server has just let it in: by this machine's clock it is over, because that is ahead.
        let is_ahead = left.is_zero();
        let before_end =
            if is_ahead { MIN_RENEWAL_DELAY } else { left.saturating_sub(margin).max(Duration::from_secs(1)) };
        let renew_at = Instant::now() + whole.min(before_end);
        Ok(Self { outgoing, incoming, renew_at, token })
    }

    /// Sends a frame.
    pub(super) fn send(&self, frame: &Value) -> Result<(), Error> {
        self.outgoing.send(frame.to_string()).map_err(|_closed| Error::NotConnected)
    }

    /// The next frame. Losing this future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Value, ClientError> {
        self.incoming.recv().await.unwrap_or(Err(ClientError::Closed(None)))
    }
}
