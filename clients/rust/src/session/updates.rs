//! What a client tells.

use crate::Error;
use crate::documents::Message;
use crate::events::Event;
use crate::outbox::Unsent;
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
    /// A message that was handed to [`Client::send`](crate::Client::send) was refused for good. After a 500 or an answer
    /// that cannot be read, which were tried again some times, it may be stored all the same: to hand it over once more
    /// under its name is harmless.
    NotSent {
        /// The message.
        unsent: Box<Unsent>,
        /// Why: [`Error::Refused`] or [`Error::Unexpected`].
        error: Box<Error>,
    },
    /// All that was missed is there.
    CaughtUp,
    /// Something that the client does by itself came to nothing. Nothing is lost by it: it is tried again after a while.
    Failed {
        /// What.
        task: Task,
        /// Why.
        error: Box<Error>,
    },
}

/// What a client does by itself, over a connection that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// It asks for what was missed.
    CatchUp,
    /// It makes another connection, before the time of this one is over.
    Renew,
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
