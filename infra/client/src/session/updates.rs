//! What a client tells.

use crate::documents::Message;
use crate::events::Event;
use crate::outbox::Unsent;
use crate::problem::Problem;
use std::time::Duration;
use tokio::sync::mpsc;

/// What a client tells whoever uses it, in order.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // most of them are events
pub enum Update {
    /// Something happened. Of each chat in the order of its log, each thing once, however it came to be known.
    Event(Event),
    /// The connection came or went.
    Connection(Link),
    /// A message that was handed to [`Client::send`](crate::Client::send) is stored.
    Sent {
        /// Its name.
        client_message_id: String,
        /// The message. Its event comes too, unless it was told of before.
        message: Box<Message>,
    },
    /// A message that was handed to [`Client::send`](crate::Client::send) was refused for good. After a 500, which was tried again some times,
    /// it may be stored all the same: to hand it over once more under its name is harmless.
    NotSent {
        /// The message.
        unsent: Box<Unsent>,
        /// Why.
        problem: Box<Problem>,
    },
    /// All that was missed is there.
    CaughtUp,
}

/// Whether there is a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// One is being made.
    Connecting,
    /// There is.
    Online,
    /// There is not.
    Offline {
        /// Why.
        reason: String,
        /// It is the token that was not accepted.
        is_of_token: bool,
        /// After how long the next try begins.
        retry_in: Duration,
    },
}

/// What happens with a client, to be read until it ends. What is not read waits in memory.
#[derive(Debug)]
pub struct Updates(pub(super) mpsc::UnboundedReceiver<Update>);

impl Updates {
    /// The next update; None when all [`Client`](crate::Client)s are gone.
    pub async fn next(&mut self) -> Option<Update> {
        self.0.recv().await
    }
}
