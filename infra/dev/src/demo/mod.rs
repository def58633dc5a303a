//! What the system does, played on a running one and printed as it happens.

mod full;
mod short;

use crate::Error;
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// Where the system is.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The HTTP API.
    pub http_url: String,
    /// The WebSocket API.
    pub ws_url: String,
    /// The Auth Service that the system is known to ask for profiles; None if it may ask another, or none.
    pub auth_url: Option<String>,
    /// What is published to users who are away; None where that cannot be seen.
    pub notifications: Option<Notifications>,
}

/// Notifications as they were published: their bodies, with the attributes in them.
pub type Notifications = Arc<Mutex<Vec<Value>>>;

/// Who plays a part.
#[derive(Clone)]
pub struct Actor {
    /// The user's id.
    pub user: String,
    /// A token of theirs.
    pub token: String,
}

/// Who plays, and with that, what.
#[derive(Clone)]
pub enum Cast {
    /// The main job: the first writes, the second reads.
    Short([Actor; 2]),
    /// Everything that there is.
    Full([Actor; 3]),
}

impl Cast {
    /// The cast of the full demo, or of the short one.
    ///
    /// # Errors
    /// [`Error::Cast`] if these are too few or too many.
    pub fn new(full: bool, actors: Vec<Actor>) -> Result<Self, Error> {
        let cast = if full { actors.try_into().map(Self::Full) } else { actors.try_into().map(Self::Short) };
        let (demo, wanted) = if full { ("the full demo", 3) } else { ("the demo", 2) };
        cast.map_err(|actors: Vec<Actor>| Error::Cast { demo, wanted, given: actors.len() })
    }

    /// Their ids, in words; of the full demo with the names that the story gives them.
    pub fn names(&self) -> String {
        let called = |name: &str, Actor { user, .. }: &Actor| {
            if user == name { name.to_owned() } else { format!("{name} ({user})") }
        };
        match self {
            Self::Short([one, other]) => format!("{} and {}", one.user, other.user),
            Self::Full([alice, bob, carol]) => {
                format!("{}, {} and {}", called("alice", alice), called("bob", bob), called("carol", carol))
            }
        }
    }
}

/// Plays.
///
/// # Errors
/// The first step that does not show what it must.
pub async fn play(stage: &Stage, cast: &Cast) -> Result<(), Error> {
    match cast {
        Cast::Short(actors) => short::play(stage, actors).await,
        Cast::Full(actors) => full::play(stage, actors).await,
    }
}
