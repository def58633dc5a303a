//! Messages that are not acknowledged yet. Each is sent under one clientMessageId until it is stored or refused, so it
//! is stored once however often it is repeated. Per chat, one message is in flight at a time, so messages are stored in
//! the order in which they were written. Pure: the time is passed in.

use crate::Error;
use crate::documents::{ChatId, Message};
use crate::draft::Draft;
use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// How many messages may wait, in all chats together.
pub const MAX_OUTBOX_MESSAGES: usize = 1000;

/// A message that is not acknowledged yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentMessage {
    /// The chat that it is sent into.
    pub chat: ChatId,
    /// Its content.
    pub draft: Draft,
    /// The id that makes it safe to repeat the message.
    pub client_message_id: String,
    /// How often it was sent so far.
    pub tries: u32,
    /// Tries that the server answered, but failed to serve.
    server_failures: u32,
    /// Not to be sent before. None: at once.
    retry_at: Option<Instant>,
    is_in_flight: bool,
}

/// The messages that wait, in the order in which they were written.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<UnsentMessage>,
}

impl Outbox {
    /// Adds a message at the end.
    ///
    /// # Errors
    /// [`Error::OutboxFull`], or [`Error::DuplicateMessageId`] if a message with this id waits in any chat.
    pub fn push(&mut self, chat: ChatId, draft: Draft, client_message_id: String) -> Result<(), Error> {
        if self.waiting.len() >= MAX_OUTBOX_MESSAGES {
            return Err(Error::OutboxFull);
        }
        if self.waiting.iter().any(|unsent| unsent.client_message_id == client_message_id) {
            return Err(Error::DuplicateMessageId);
        }
        self.waiting.push_back(UnsentMessage {
            chat,
            draft,
            client_message_id,
            tries: 0,
            server_failures: 0,
            retry_at: None,
            is_in_flight: false,
        });
        Ok(())
    }

    /// All messages that wait, also those that are in flight.
    pub fn waiting(&self) -> impl Iterator<Item = &UnsentMessage> {
        self.waiting.iter()
    }

    /// How often a message was sent; 0 if it does not wait.
    pub fn tries(&self, client_message_id: &str) -> u32 {
        self.waiting().find(|unsent| unsent.client_message_id == client_message_id).map_or(0, |unsent| unsent.tries)
    }

    /// Counts a try that the server answered, but failed to serve. Returns how many there are; 0 if the message does
    /// not wait.
    pub fn count_failure(&mut self, client_message_id: &str) -> u32 {
        self.find_mut(client_message_id).map_or(0, |unsent| {
            unsent.server_failures += 1;
            unsent.server_failures
        })
    }

    /// The next message to send now; None if all must wait. It is in flight from now on. A message waits for the
    /// message before it in the same chat.
    pub fn start_next(&mut self, now: Instant) -> Option<UnsentMessage> {
        let mut blocked_chats = BTreeSet::new();
        let next = self.waiting.iter_mut().find(|unsent| {
            let is_first_of_chat = blocked_chats.insert(unsent.chat.clone());
            is_first_of_chat && !unsent.is_in_flight && unsent.retry_at.is_none_or(|retry_at| retry_at <= now)
        })?;
        next.is_in_flight = true;
        next.tries += 1;
        Some(next.clone())
    }

    /// When the next retry is due; None if no message waits for a retry.
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.iter().filter(|unsent| !unsent.is_in_flight).filter_map(|unsent| unsent.retry_at).min()
    }

    /// Schedules the next try of a message that is no longer in flight. Its place in the order stays.
    pub fn schedule_retry(&mut self, client_message_id: &str, now: Instant, wait: Duration) {
        if let Some(unsent) = self.find_mut(client_message_id) {
            unsent.is_in_flight = false;
            unsent.retry_at = Some(now + wait);
        }
    }

    /// Forgets what is in flight, because the connection is lost.
    pub fn reset_in_flight(&mut self) {
        for unsent in &mut self.waiting {
            unsent.is_in_flight = false;
        }
    }

    /// Removes a message that was stored, or refused for good. None if it does not wait.
    pub fn remove(&mut self, client_message_id: &str) -> Option<UnsentMessage> {
        let index = self.waiting.iter().position(|unsent| unsent.client_message_id == client_message_id)?;
        self.waiting.remove(index)
    }

    fn find_mut(&mut self, client_message_id: &str) -> Option<&mut UnsentMessage> {
        self.waiting.iter_mut().find(|unsent| unsent.client_message_id == client_message_id)
    }

    /// Removes the message that turns out to be stored, though its reply may be lost. None if it does not wait.
    pub fn confirm(&mut self, stored: &Message) -> Option<UnsentMessage> {
        let id = stored.client_message_id.as_ref()?;
        let is_it = |unsent: &UnsentMessage| unsent.client_message_id == *id && unsent.chat == stored.chat_id;
        let index = self.waiting.iter().position(is_it)?;
        self.waiting.remove(index)
    }
}
