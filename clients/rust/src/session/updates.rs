//! What a client reports to the application.

use crate::Error;
use crate::documents::Message;
use crate::events::{ClosingCode, Event};
use crate::outbox::UnsentMessage;
use std::time::Duration;
use tokio::sync::mpsc;

/// What a client reports to the application, in order.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // most of them are events
pub enum Update {
    /// Something happened in a chat or to a user. The events of a chat come in the order of its log, each once. It
    /// makes no difference whether the client learned of it by an event, a reply or a sync.
    Event(Event),
    /// The connection has another status.
    Connection(ConnectionStatus),
    /// A message that was given to [`Client::send`](crate::Client::send) is stored.
    Sent {
        /// The id that [`Client::send`](crate::Client::send) returned.
        client_message_id: String,
        /// The stored message. Its [`Update::Event`] follows, unless it was reported before.
        message: Box<Message>,
    },
    /// A message that was given to [`Client::send`](crate::Client::send) is not sent again. It was refused, or the
    /// server failed 5 times: then it may be stored all the same. It is safe to send it again under the same id.
    NotSent {
        /// The message, with its id.
        unsent: Box<UnsentMessage>,
        /// [`Error::Refused`], or [`Error::Unexpected`] if the replies could not be read.
        error: Box<Error>,
    },
    /// The client now holds everything that it missed.
    CaughtUp,
    /// Something that the client does in the background failed. Nothing is lost: the client tries again after a wait.
    Failed {
        /// What failed.
        task: Task,
        /// Why it failed.
        error: Box<Error>,
    },
}

/// What a client does in the background while it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Ask for what was missed: a sync, or a page of the inbox.
    CatchUp,
    /// Open the next connection before the present one ends.
    Renew,
}

/// Whether a client is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// The client gets a token and connects.
    Connecting,
    /// The client is connected.
    Online,
    /// The client is not connected, and waits before it tries again.
    Offline {
        /// Why the last connection ended, or could not be opened.
        reason: String,
        /// There was no token, or it was refused: [`Error::is_token_error`].
        is_token_error: bool,
        /// Why the system closed the connection; None if it did not, or did not say why. After
        /// [`ClosingCode::TooManyConnections`], tell the user: the client connects again after a long wait, and that
        /// closes the connection of another device. To stay away instead, drop the client.
        closing: Option<ClosingCode>,
        /// How long the client waits before the next try.
        retry_in: Duration,
    },
}

/// The updates of a client. Read them until they end: updates that are not read stay in memory.
#[derive(Debug)]
pub struct Updates(pub(super) mpsc::UnboundedReceiver<Update>);

impl Updates {
    /// Waits for the next update. None when all clones of the [`Client`](crate::Client) are dropped.
    pub async fn next(&mut self) -> Option<Update> {
        self.0.recv().await
    }
}
