//! The demo: plays conversations on a running system, checks every step, and prints it.

mod full;
mod short;

use crate::Error;
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// The addresses of the running system.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The HTTP API.
    pub http_url: String,
    /// The WebSocket API.
    pub ws_url: String,
    /// The Auth Service from which the system reads profiles. None if that is unknown, then profiles are not checked.
    pub auth_url: Option<String>,
    /// The push notifications that the system publishes. None if they are not visible here, then they are not checked.
    pub notifications: Option<Notifications>,
}

/// The published notifications: each body, with the message attributes merged into it.
pub type Notifications = Arc<Mutex<Vec<Value>>>;

/// A user of the demo.
#[derive(Clone)]
pub struct Actor {
    /// The user's id.
    pub user: String,
    /// A token of this user.
    pub token: String,
}

/// The users of a demo. Their number selects the demo.
#[derive(Clone)]
pub enum Cast {
    /// The short demo: the first user writes, the second reads.
    Short([Actor; 2]),
    /// The full demo: alice, bob and carol.
    Full([Actor; 3]),
}

impl Cast {
    /// The cast of the full demo if `full`, otherwise of the short one.
    ///
    /// # Errors
    /// [`Error::Cast`] if there are too few or too many actors.
    pub fn new(full: bool, actors: Vec<Actor>) -> Result<Self, Error> {
        let cast = if full { actors.try_into().map(Self::Full) } else { actors.try_into().map(Self::Short) };
        let (demo, wanted) = if full { ("the full demo", 3) } else { ("the demo", 2) };
        cast.map_err(|actors: Vec<Actor>| Error::Cast { demo, wanted, given: actors.len() })
    }

    /// The user ids, for a sentence. In the full demo, an id follows the user's name in the story if it differs.
    pub fn names(&self) -> String {
        let with_id = |name: &str, Actor { user, .. }: &Actor| {
            if user == name { name.to_owned() } else { format!("{name} ({user})") }
        };
        match self {
            Self::Short([one, other]) => format!("{} and {}", one.user, other.user),
            Self::Full([alice, bob, carol]) => {
                format!("{}, {} and {}", with_id("alice", alice), with_id("bob", bob), with_id("carol", carol))
            }
        }
    }
}

/// Plays the demo of this cast and prints every step.
///
/// # Errors
/// The first step that fails.
pub async fn play(stage: &Stage, cast: &Cast) -> Result<(), Error> {
    match cast {
        Cast::Short(actors) => short::play(stage, actors).await,
        Cast::Full(actors) => full::play(stage, actors).await,
    }
}
