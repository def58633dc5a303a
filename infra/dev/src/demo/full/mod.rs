//! The full demo: every feature, as a story of three users. It checks every answer, and every event that the other
//! users receive.

mod admins;
mod attachments;
mod away;
mod block;
mod details;
mod events;
mod group;
mod inbox;
mod leave;
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

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
enum StepError {
    /// A request or a connection failed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// An answer or an event is not as expected. The text says what it is.
    #[error("{0}")]
    Unexpected(String),
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
    /// The profiles in the Auth Service, by user id. None if the Auth Service is unknown.
    profiles: Option<Value>,
    notifications: Option<Notifications>,
    transcript: Transcript,
}

/// Plays all scenes.
///
/// # Errors
/// The first step that fails.
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
    let result = play.scenes(stage).await;
    result.map_err(|error| Error::Step { step: play.transcript.current(), reason: error_chain(&error) })?;
    play.transcript.end();
    Ok(())
}

impl Play {
    async fn scenes(&mut self, stage: &Stage) -> Result<(), StepError> {
        self.transcript.scene("Three users connect");
        self.connect().await?;
        self.transcript.scene("A nickname");
        self.nickname(stage).await?;
        self.transcript.scene("A private chat");
        self.private_chat().await?;
        self.transcript.scene("A group of three");
        self.group_of_three().await?;
        self.transcript.scene("A topic and an avatar");
        self.details().await?;
        self.transcript.scene("Replies, reactions, edits and deletions");
        self.messages().await?;
        self.transcript.scene("Admins");
        self.admins().await?;
        self.transcript.scene("A participant is removed and added again");
        self.members().await?;
        self.transcript.scene("A user goes offline and catches up");
        self.away().await?;
        self.transcript.scene("Inboxes");
        self.inboxes().await?;
        self.transcript.scene("A picture and a recording");
        self.attachments().await?;
        self.transcript.scene("A block");
        self.block().await?;
        self.transcript.scene("The group is closed");
        self.leave_group().await
    }

    /// Bob and carol do not receive an event that is only for alice's devices.
    async fn others_do_not_see(&mut self, event: &Value) -> Result<(), StepError> {
        self.bob.does_not_see(event).await?;
        self.carol.does_not_see(event).await
    }
}

/// Fails with the actual value unless `holds`.
fn expect(holds: bool, actual: &Value) -> Result<(), StepError> {
    if holds { Ok(()) } else { Err(StepError::Unexpected(format!("unexpected value: {actual}"))) }
}

/// The text at a JSON pointer.
fn text(value: &Value, pointer: &str) -> Result<String, StepError> {
    let text = value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| StepError::Unexpected(format!("{pointer} is missing or no text: {value}")))
}

/// The number at a JSON pointer.
fn number(value: &Value, pointer: &str) -> Result<u64, StepError> {
    let number = value.pointer(pointer).and_then(Value::as_u64);
    number.ok_or_else(|| StepError::Unexpected(format!("{pointer} is missing or no number: {value}")))
}

/// The `seq` of each message.
fn seqs(messages: &Value) -> Vec<u64> {
    messages.as_array().into_iter().flatten().filter_map(|message| message["seq"].as_u64()).collect()
}
