//! The short demo: two clients of the client library exchange one message on the running system.

use super::{Actor, Stage};
use crate::Error;
use client::documents::Message;
use client::draft::{Draft, NewChat};
use client::events::Event;
use client::{Client, ConnectionStatus, Options, State, StaticToken, Update, Updates};
use std::sync::Arc;
use std::time::Duration;

/// The longest wait for an update. The demo fails after it, instead of waiting for ever.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// A user with one client.
struct Player {
    id: String,
    client: Client,
    updates: Updates,
}

impl Player {
    async fn connect(stage: &Stage, actor: &Actor) -> Result<Self, Error> {
        let options = Options::new(&stage.http_url, &stage.ws_url);
        let (client, mut updates) = Client::start(options, Arc::new(StaticToken(actor.token.clone()))).await?;
        loop {
            match next(&mut updates, "connect").await? {
                Update::Connection(ConnectionStatus::Offline { reason, .. }) => {
                    return Err(Error::Step { step: "connect", reason });
                }
                Update::CaughtUp => return Ok(Self { id: actor.user.clone(), client, updates }),
                _ => {}
            }
        }
    }

    /// Waits for the first event that `wanted` accepts, and returns it.
    async fn sees(&mut self, step: &'static str, wanted: impl Fn(&Event) -> bool) -> Result<Event, Error> {
        loop {
            if let Update::Event(event) = next(&mut self.updates, step).await?
                && wanted(&event)
            {
                return Ok(event);
            }
        }
    }

    /// Waits until the message with this `clientMessageId` is stored, and returns the stored message.
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
    update.ok_or_else(|| Error::Step { step, reason: "no update within 30 s".to_owned() })
}

/// Alice and bob connect. Alice opens the chat and sends a message. Bob receives it live, lists it and marks it as
/// seen. Alice receives the receipt.
///
/// # Errors
/// The first step that fails.
pub(super) async fn play(stage: &Stage, actors: &[Actor; 2]) -> Result<(), Error> {
    let [alice, bob] = actors;
    let mut alice = Player::connect(stage, alice).await?;
    print_step(1, &format!("{} is connected by WebSocket", alice.id));
    let mut bob = Player::connect(stage, bob).await?;
    print_step(2, &format!("{} is connected by WebSocket", bob.id));
    let (alice_id, bob_id) = (alice.id.clone(), bob.id.clone());

    let chats_before = bob.client.read(|state| state.chats().len());
    let chat = alice.client.create_chat(&NewChat::private(&bob_id)).await?.chat_id;
    if bob.client.read(|state| state.chat(&chat).is_some() && state.chats().len() == chats_before) {
        print_step(3, &format!("{alice_id} opened chat {chat}, which existed already"));
    } else {
        let is_expected = |event: &Event| matches!(event, Event::ChatCreated { chat_id, .. } if *chat_id == chat);
        bob.sees("bob receives the chat", is_expected).await?;
        print_step(3, &format!("{alice_id} created chat {chat}, and {bob_id}'s device shows it"));
    }

    let hello = format!("Hello {bob_id}, are you there?");
    let name = alice.client.send(&chat, Draft::text(&hello))?;
    let sent = alice.sent(&name).await?;
    print_step(4, &format!("{alice_id} sent \"{hello}\": message {} of the chat, stored", sent.seq));

    let is_expected = |event: &Event| matches!(event, Event::MessageCreated { chat_id, seq, .. } if (chat_id, *seq) == (&chat, sent.seq));
    let Event::MessageCreated { data: live, .. } = bob.sees("bob receives the message live", is_expected).await? else {
        return Err(failed("bob receives the message live", "a different event"));
    };
    expect("the pushed message equals the message in the answer", live == sent, &live)?;
    print_step(5, &format!("{bob_id}'s device shows it live"));

    bob.client.load_older(&chat, 50).await?;
    let stored = |state: &State| state.chat(&chat).map(|stored| stored.messages().cloned().collect::<Vec<_>>());
    let messages = bob.client.read(stored).unwrap_or_default();
    expect("bob lists the message", messages.last().is_some_and(|last| last.content == hello), &messages)?;
    print_step(6, &format!("{bob_id} lists the chat: {} message(s), the last one from {alice_id}", messages.len()));

    let seen = bob.client.mark_seen(&chat, sent.seq).await?;
    expect("bob marks it as seen", seen.read_seq == sent.seq && seen.unread_count == 0, &seen)?;
    print_step(7, &format!("{bob_id} marked it as seen and has no unread messages"));

    let has_read = |event: &Event| matches!(event, Event::ReceiptUpdated { data, .. } if data.user_id == bob_id && data.read_seq == sent.seq);
    alice.sees("alice sees the receipt", has_read).await?;
    let seen_by = alice.client.read(|state| {
        let stored = state.chat(&chat)?;
        Some(stored.seen_by(stored.message(sent.seq)?).len())
    });
    expect("the message is seen by both", seen_by == Some(2), &seen_by)?;
    print_step(8, &format!("{alice_id}'s device shows the receipt: both have seen the message"));
    print_line!("\nThe demo is complete: the message was stored once, pushed live, listed and seen.");
    Ok(())
}

fn print_step(step: u32, what: &str) {
    print_line!("  {step}  {what}");
}

fn failed(step: &'static str, actual: &str) -> Error {
    Error::Step { step, reason: format!("unexpected result: {actual}") }
}

fn expect(step: &'static str, holds: bool, actual: &impl std::fmt::Debug) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(failed(step, &format!("{actual:?}"))) }
}
