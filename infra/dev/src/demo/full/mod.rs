//! Everything that the system does, as a story of three users: every answer is checked, and every event that the
//! others' sockets show.

mod admins;
mod attachments;
mod away;
mod events;
mod farewell;
mod group;
mod inbox;
mod members;
mod messages;
mod people;
mod player;
mod private;
mod samples;
mod transcript;

use super::{Actor, Notifications, Stage};
use crate::{Error, error_chain};
use client::wire::ClientError;
use player::Player;
use serde_json::Value;
use transcript::Transcript;

/// What a step did not show.
#[derive(Debug, thiserror::Error)]
enum Miss {
    /// The conversation broke off.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Something else was shown.
    #[error("{0}")]
    Shown(String),
}

/// Three users and their chats.
struct Play {
    alice: Player,
    /// Alice's second device.
    phone: Player,
    bob: Player,
    carol: Player,
    /// The private chat of alice and bob.
    private: String,
    /// The group of the three.
    group: String,
    /// What the Auth Service says of everybody, where that is known.
    profiles: Option<Value>,
    notifications: Option<Notifications>,
    transcript: Transcript,
}

/// Plays scene after scene.
///
/// # Errors
/// The first step that does not show what it must.
pub(super) async fn play(stage: &Stage, actors: &[Actor; 3]) -> Result<(), Error> {
    let [alice, bob, carol] = actors;
    let mut play = Play {
        alice: Player::new(stage, "alice", alice)?,
        phone: Player::new(stage, "the phone", alice)?,
        bob: Player::new(stage, "bob", bob)?,
        carol: Player::new(stage, "carol", carol)?,
        private: String::new(),
        group: String::new(),
        profiles: None,
        notifications: stage.notifications.clone(),
        transcript: Transcript::new(),
    };
    let played = play.scenes(stage).await;
    played.map_err(|miss| Error::Step { step: play.transcript.current(), reason: error_chain(&miss) })?;
    play.transcript.end();
    Ok(())
}

impl Play {
    async fn scenes(&mut self, stage: &Stage) -> Result<(), Miss> {
        self.transcript.scene("Three users connect");
        self.connect().await?;
        self.transcript.scene("A nickname");
        self.nickname(stage).await?;
        self.transcript.scene("A private chat");
        self.private_chat().await?;
        self.transcript.scene("A group of three");
        self.group_of_three().await?;
        self.transcript.scene("Messages, and what becomes of them");
        self.messages().await?;
        self.transcript.scene("Admins");
        self.admins().await?;
        self.transcript.scene("One goes and comes back");
        self.members().await?;
        self.transcript.scene("One is away and catches up");
        self.away().await?;
        self.transcript.scene("Inboxes");
        self.inboxes().await?;
        self.transcript.scene("A picture and a recording");
        self.attachments().await?;
        self.transcript.scene("The group ends");
        self.farewell().await
    }

    /// It is alice's own.
    async fn the_others_hear_nothing_of(&mut self, event: &Value) -> Result<(), Miss> {
        self.bob.hears_nothing_of(event).await?;
        self.carol.hears_nothing_of(event).await
    }
}

/// Holds, or what was found instead is the miss.
fn expect(holds: bool, found: &Value) -> Result<(), Miss> {
    if holds { Ok(()) } else { Err(Miss::Shown(format!("this is not what it must be: {found}"))) }
}

/// The text at a JSON pointer.
fn text(value: &Value, pointer: &str) -> Result<String, Miss> {
    let found = value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| Miss::Shown(format!("{pointer} is missing: {value}")))
}

/// The number at a JSON pointer.
fn number(value: &Value, pointer: &str) -> Result<u64, Miss> {
    let found = value.pointer(pointer).and_then(Value::as_u64);
    found.ok_or_else(|| Miss::Shown(format!("{pointer} is missing: {value}")))
}

/// The places of these messages.
fn seqs(messages: &Value) -> Vec<u64> {
    messages.as_array().into_iter().flatten().filter_map(|message| message["seq"].as_u64()).collect()
}
