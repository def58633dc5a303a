//! The outbox of a client, which records what is done with it. Its clock counts milliseconds.

use crate::facts;
use crate::recording::{Outcome, Recording, test_name};
use client::Error;
use client::documents::Message;
use client::draft::Draft;
use client::outbox::Outbox;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// An [`Outbox`] that records a trace. It has the same methods, and answers with the ids of messages.
#[derive(Debug)]
pub struct TracedOutbox {
    outbox: Outbox,
    clock: Clock,
    recording: Recording,
}

/// Milliseconds since the clock was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn at(self, ms: u64) -> Instant {
        self.0 + Duration::from_millis(ms)
    }

    /// When the outbox has its next retry.
    pub(crate) fn due(self, outbox: &Outbox) -> Option<u64> {
        outbox.next_due().map(|due| u64::try_from((due - self.0).as_millis()).unwrap())
    }
}

/// Why a message was not taken; None if it was.
pub(crate) fn refusal(result: &Result<(), Error>) -> Option<&'static str> {
    match result {
        Ok(()) => None,
        Err(Error::OutboxFull) => Some("outbox_full"),
        Err(Error::DuplicateMessageId) => Some("duplicate_message_id"),
        Err(other) => panic!("{other}"),
    }
}

impl Drop for TracedOutbox {
    fn drop(&mut self) {
        self.recording.finish();
    }
}

impl Default for TracedOutbox {
    fn default() -> Self {
        let recording = Recording::new(format!("outbox-{}", test_name()), "outbox", json!({}));
        Self { outbox: Outbox::default(), clock: Clock::new(), recording }
    }
}

impl TracedOutbox {
    fn note<R: Into<Value>>(&mut self, method: &str, arguments: Vec<Value>, result: R) {
        let result = result.into();
        let outcome = Outcome { result: (!result.is_null()).then_some(result), ..Outcome::default() };
        let facts = facts::of_outbox(&self.outbox, self.clock.due(&self.outbox));
        self.recording.note(method, arguments, &outcome, facts);
    }

    /// As [`Outbox::push`]. Returns why the message was not taken; None if it was.
    pub fn push(&mut self, chat: &str, draft: &Draft, id: &str) -> Option<&'static str> {
        let refusal = refusal(&self.outbox.push(chat.to_owned(), draft.clone(), id.to_owned()));
        self.note("push", vec![json!(chat), json!(draft), json!(id)], refusal);
        refusal
    }

    /// Adds `count` messages whose ids are `0`, `1` and so on, in one step of the trace.
    pub fn push_many(&mut self, chat: &str, draft: &Draft, count: usize) {
        for number in 0..count {
            self.outbox.push(chat.to_owned(), draft.clone(), number.to_string()).unwrap();
        }
        self.note("pushMany", vec![json!(chat), json!(draft), json!(count)], Value::Null);
    }

    /// As [`Outbox::start_next`].
    pub fn start_next(&mut self, now: u64) -> Option<String> {
        let next = self.outbox.start_next(self.clock.at(now)).map(|unsent| unsent.client_message_id);
        self.note("startNext", vec![json!(now)], next.clone());
        next
    }

    /// As [`Outbox::next_due`].
    pub fn next_due(&self) -> Option<u64> {
        self.clock.due(&self.outbox)
    }

    /// As [`Outbox::tries`].
    pub fn tries(&self, id: &str) -> u32 {
        self.outbox.tries(id)
    }

    /// As [`Outbox::schedule_retry`].
    pub fn schedule_retry(&mut self, id: &str, now: u64, wait: u64) {
        self.outbox.schedule_retry(id, self.clock.at(now), Duration::from_millis(wait));
        self.note("scheduleRetry", vec![json!(id), json!(now), json!(wait)], Value::Null);
    }

    /// As [`Outbox::reset_in_flight`].
    pub fn reset_in_flight(&mut self) {
        self.outbox.reset_in_flight();
        self.note("resetInFlight", vec![], Value::Null);
    }

    /// As [`Outbox::count_failure`].
    pub fn count_failure(&mut self, id: &str) -> u32 {
        let failures = self.outbox.count_failure(id);
        self.note("countFailure", vec![json!(id)], failures);
        failures
    }

    /// As [`Outbox::remove`].
    pub fn remove(&mut self, id: &str) -> Option<String> {
        let removed = self.outbox.remove(id).map(|unsent| unsent.client_message_id);
        self.note("remove", vec![json!(id)], removed.clone());
        removed
    }

    /// As [`Outbox::confirm`].
    pub fn confirm(&mut self, stored: &Message) -> Option<String> {
        let removed = self.outbox.confirm(stored).map(|unsent| unsent.client_message_id);
        self.note("confirm", vec![json!(stored)], removed.clone());
        removed
    }
}
