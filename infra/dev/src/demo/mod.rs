//! What the system does, played on a running one and printed as it happens.

mod full;
mod short;

use crate::Error;

/// Where the system is.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The HTTP API.
    pub http_url: String,
    /// The WebSocket API.
    pub ws_url: String,
    /// The Auth Service that the system is known to ask for profiles; None if it may ask another, or none.
    pub auth_url: Option<String>,
}

/// Who plays a part.
#[derive(Clone)]
pub struct Actor {
    /// The user's id.
    pub user: String,
    /// A token of theirs.
    pub token: String,
}

/// Who plays, and by their number, what.
#[derive(Clone)]
pub enum Cast {
    /// The main job: one writes, the other reads.
    Short([Actor; 2]),
    /// Everything that there is: alice, bob and carol.
    Full([Actor; 3]),
}

impl Cast {
    /// The cast of the full demo, or of the short one.
    ///
    /// # Errors
    /// [`Error::Cast`] if these are too few or too many.
    pub fn new(full: bool, actors: Vec<Actor>) -> Result<Self, Error> {
        let given = actors.len();
        let cast = if full { actors.try_into().map(Self::Full) } else { actors.try_into().map(Self::Short) };
        cast.map_err(|actors: Vec<Actor>| {
            let (demo, wanted) = if full { ("the full demo", 3) } else { ("the demo", 2) };
            Error::Cast { demo, wanted, given: actors.len().max(given) }
        })
    }

    /// Their ids, in words.
    pub fn names(&self) -> String {
        match self {
            Self::Short([alice, bob]) => format!("{} and {}", alice.user, bob.user),
            Self::Full([alice, bob, carol]) => format!("{}, {} and {}", alice.user, bob.user, carol.user),
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
