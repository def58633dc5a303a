//! The main job, played on the running system by two clients of the client library, and printed as it happens.

use super::{Actor, Stage};
use crate::Error;
use client::documents::Message;
use client::draft::{Draft, NewChat};
use client::events::Event;
use client::{Client, Link, OneToken, Options, State, Update, Updates};
use std::sync::Arc;
use std::time::Duration;

/// Nothing that is waited for takes longer; a wait that did would be for ever.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// Somebody at their device.
struct Player {
    id: String,
    client: Client,
    updates: Updates,
}

impl Player {
    async fn connect(stage: &Stage, actor: &Actor) -> Result<Self, Error> {
        let options = Options::new(&stage.http_url, &stage.ws_url);
        let (client, mut updates) = Client::start(options, Arc::new(OneToken(actor.token.clone()))).await?;
        loop {
            match next(&mut updates, "connect").await? {
                Update::Connection(Link::Offline { reason, .. }) => {
                    return Err(Error::Step { step: "connect", reason });
                }
                Update::CaughtUp => return Ok(Self { id: actor.user.clone(), client, updates }),
                _ => {}
            }
        }
    }

    /// The first event that is as wanted.
    async fn sees(&mut self, step: &'static str, wanted: impl Fn(&Event) -> bool) -> Result<Event, Error> {
        loop {
            if let Update::Event(event) = next(&mut self.updates, step).await?
                && wanted(&event)
            {
                return Ok(event);
            }
        }
    }

    /// What the system made of a message that was handed to the client.
    async fn sent(&mut self, name: &str) -> Result<Message, Error> {
        loop {
            match next(&mut self.updates, "send the message").await? {
                Update::Sent { client_message_id, message } if client_message_id == name => return Ok(*message),
                Update::NotSent { error, .. } => {
                    return Err(Error::Step { step: "send the message", reason: crate::error_chain(&*error) });
                }
                _ => {}
            }
        }
    }
}

async fn next(updates: &mut Updates, step: &'static str) -> Result<Update, Error> {
    let update = tokio::time::timeout(REPLY_TIMEOUT, updates.next()).await.ok().flatten();
    update.ok_or_else(|| Error::Step { step, reason: "nothing more came within 30 s".to_owned() })
}

/// Alice and bob connect, alice opens the chat and sends, bob sees it live, lists it and marks it as seen, alice sees the
/// receipt.
///
/// # Errors
/// The first step that does not show what it must.
pub(super) async fn play(stage: &Stage, actors: &[Actor; 2]) -> Result<(), Error> {
    let [alice, bob] = actors;
    let mut alice = Player::connect(stage, alice).await?;
    say(1, &format!("{} is connected by WebSocket", alice.id));
    let mut bob = Player::connect(stage, bob).await?;
    say(2, &format!("{} is connected by WebSocket", bob.id));
    let (alice_id, bob_id) = (alice.id.clone(), bob.id.clone());

    let was_there = bob.client.read(|state| state.chats().len());
    let chat = alice.client.create_chat(&NewChat::private(&bob_id)).await?.chat_id;
    if bob.client.read(|state| state.chat(&chat).is_some() && state.chats().len() == was_there) {
        say(3, &format!("{alice_id} opened chat {chat}, which was there already"));
    } else {
        let is_it = |event: &Event| matches!(event, Event::ChatCreated { chat_id, .. } if *chat_id == chat);
        bob.sees("bob is told of the chat", is_it).await?;
        say(3, &format!("{alice_id} created chat {chat}, and {bob_id}'s device shows it"));
    }

    let hello = format!("Hello {bob_id}, are you there?");
    let name = alice.client.send(&chat, Draft::text(&hello))?;
    let sent = alice.sent(&name).await?;
    say(4, &format!("{alice_id} sent \"{hello}\": message {} of the chat, stored", sent.seq));

    let is_it = |event: &Event| matches!(event, Event::MessageCreated { chat_id, seq, .. } if (chat_id, *seq) == (&chat, sent.seq));
    let Event::MessageCreated { data: live, .. } = bob.sees("bob sees the message live", is_it).await? else {
        return Err(failed("bob sees the message live", "another event"));
    };
    expect("the pushed message is the answered one", live == sent, &live)?;
    say(5, &format!("{bob_id}'s device shows it live"));

    bob.client.older(&chat, 50).await?;
    let held = |state: &State| state.chat(&chat).map(|held| held.messages().cloned().collect::<Vec<_>>());
    let messages = bob.client.read(held).unwrap_or_default();
    expect("bob lists the message", messages.last().is_some_and(|last| last.content == hello), &messages)?;
    say(6, &format!("{bob_id} lists the chat: {} message(s), the last one from {alice_id}", messages.len()));

    let seen = bob.client.mark_seen(&chat, sent.seq).await?;
    expect("bob marks it as seen", seen.read_seq == sent.seq && seen.unread_count == 0, &seen)?;
    say(7, &format!("{bob_id} marked it as seen: nothing is unread"));

    let has_read = |event: &Event| matches!(event, Event::ReceiptUpdated { data, .. } if data.user_id == bob_id && data.read_seq == sent.seq);
    alice.sees("alice sees the receipt", has_read).await?;
    let seen_by = alice.client.read(|state| {
        let held = state.chat(&chat)?;
        Some(held.seen_by(held.message(sent.seq)?).len())
    });
    expect("the message is seen by both", seen_by == Some(2), &seen_by)?;
    say(8, &format!("{alice_id}'s device shows the receipt; the message is seen by both"));
    println!("\nThat is a chat: stored once, pushed live, listed, seen.");
    Ok(())
}

fn say(step: u32, what: &str) {
    println!("  {step}  {what}");
}

fn failed(step: &'static str, found: &str) -> Error {
    Error::Step { step, reason: format!("did not succeed: {found}") }
}

fn expect(step: &'static str, holds: bool, found: &impl std::fmt::Debug) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(failed(step, &format!("{found:?}"))) }
}
