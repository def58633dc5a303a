//! Messages that were not acknowledged yet. Each is sent under one clientMessageId until there is an answer, so however
//! often it is repeated it is stored once; and of one chat one at a time, so they are stored in the order in which they
//! were written. Pure: time is passed in.

use crate::Error;
use crate::documents::{ChatId, Message};
use crate::draft::Draft;
use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// How many messages may wait.
pub const MAX_OUTBOX_MESSAGES: usize = 1000;

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// The chat that it is for.
    pub chat: ChatId,
    /// What it says.
    pub draft: Draft,
    /// The name that makes repeating it harmless.
    pub client_message_id: String,
    /// How often it was tried.
    pub tries: u32,
    /// How many of the tries ended in a failure.
    failures: u32,
    /// Not before this.
    due: Option<Instant>,
    is_under_way: bool,
}

/// What waits, in the order in which it was written.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Unsent>,
}

impl Outbox {
    /// Takes a message under its name.
    ///
    /// # Errors
    /// Too many wait, or one of this name does, in whichever chat.
    pub fn push(&mut self, chat: ChatId, draft: Draft, client_message_id: String) -> Result<(), Error> {
        if self.waiting.len() >= MAX_OUTBOX_MESSAGES {
            return Err(Error::OutboxFull);
        }
        if self.waiting.iter().any(|unsent| unsent.client_message_id == client_message_id) {
            return Err(Error::NameInUse);
        }
        let (tries, failures, due, is_under_way) = (0, 0, None, false);
        self.waiting.push_back(Unsent { chat, draft, client_message_id, tries, failures, due, is_under_way });
        Ok(())
    }

    /// All that wait.
    pub fn waiting(&self) -> impl Iterator<Item = &Unsent> {
        self.waiting.iter()
    }

    /// How often one was tried.
    pub fn tries(&self, client_message_id: &str) -> u32 {
        self.waiting().find(|unsent| unsent.client_message_id == client_message_id).map_or(0, |unsent| unsent.tries)
    }

    /// A try ended in a failure, which is not a lost connection; how many have by now.
    pub fn failed(&mut self, client_message_id: &str) -> u32 {
        let unsent = self.waiting.iter_mut().find(|unsent| unsent.client_message_id == client_message_id);
        unsent.map_or(0, |unsent| {
            unsent.failures += 1;
            unsent.failures
        })
    }

    /// The next message to send now; it is under way from then on. One whose chat has another before it waits.
    pub fn next(&mut self, now: Instant) -> Option<Unsent> {
        let mut blocked = BTreeSet::new();
        let next = self.waiting.iter_mut().find(|unsent| {
            let is_first = blocked.insert(unsent.chat.clone());
            is_first && !unsent.is_under_way && unsent.due.is_none_or(|due| due <= now)
        })?;
        next.is_under_way = true;
        next.tries += 1;
        Some(next.clone())
    }

    /// When there is something to send that must wait now.
    pub fn due(&self) -> Option<Instant> {
        self.waiting.iter().filter(|unsent| !unsent.is_under_way).filter_map(|unsent| unsent.due).min()
    }

    /// No answer came, or one that says to try again: it is sent once more after a while.
    pub fn again(&mut self, client_message_id: &str, now: Instant, after: Duration) {
        if let Some(unsent) = self.waiting.iter_mut().find(|unsent| unsent.client_message_id == client_message_id) {
            unsent.is_under_way = false;
            unsent.due = Some(now + after);
        }
    }

    /// The connection is gone: nothing is under way.
    pub fn disconnected(&mut self) {
        for unsent in &mut self.waiting {
            unsent.is_under_way = false;
        }
    }

    /// It was stored, or refused for good.
    pub fn done(&mut self, client_message_id: &str) -> Option<Unsent> {
        let index = self.waiting.iter().position(|unsent| unsent.client_message_id == client_message_id)?;
        self.waiting.remove(index)
    }

    /// A message was told of: if it is one that waits, it was stored and the answer got lost.
    pub fn told(&mut self, message: &Message) -> Option<Unsent> {
        let name = message.client_message_id.as_ref()?;
        let is_it = |unsent: &Unsent| unsent.client_message_id == *name && unsent.chat == message.chat_id;
        let index = self.waiting.iter().position(is_it)?;
        self.waiting.remove(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(messages: &[(&str, &str)]) -> Outbox {
        let mut outbox = Outbox::default();
        for (chat, name) in messages {
            outbox.push((*chat).to_owned(), Draft::text(*name), (*name).to_owned()).unwrap();
        }
        outbox
    }

    fn next(outbox: &mut Outbox, now: Instant) -> Option<String> {
        outbox.next(now).map(|unsent| unsent.client_message_id)
    }

    #[test]
    fn of_one_chat_one_message_at_a_time_in_order() {
        let now = Instant::now();
        let mut outbox = outbox(&[("a", "1"), ("a", "2"), ("b", "3")]);
        assert_eq!(next(&mut outbox, now).as_deref(), Some("1"));
        assert_eq!(next(&mut outbox, now).as_deref(), Some("3"), "another chat does not wait");
        assert_eq!(next(&mut outbox, now), None);
        outbox.done("1");
        assert_eq!(next(&mut outbox, now).as_deref(), Some("2"));
    }

    #[test]
    fn what_is_tried_again_keeps_its_name_and_its_place() {
        let now = Instant::now();
        let mut outbox = outbox(&[("a", "1"), ("a", "2")]);
        assert_eq!(outbox.next(now).unwrap().tries, 1);
        outbox.again("1", now, Duration::from_secs(3));
        assert_eq!(next(&mut outbox, now), None, "it must wait, and what comes after it too");
        assert_eq!(outbox.due(), Some(now + Duration::from_secs(3)));
        let again = outbox.next(now + Duration::from_secs(3)).unwrap();
        assert_eq!((again.client_message_id.as_str(), again.tries), ("1", 2));
        outbox.disconnected();
        assert_eq!(next(&mut outbox, now + Duration::from_secs(3)).as_deref(), Some("1"));
    }

    #[test]
    fn it_is_bounded() {
        let mut outbox = Outbox::default();
        for n in 0..MAX_OUTBOX_MESSAGES {
            outbox.push("a".to_owned(), Draft::text("x"), n.to_string()).unwrap();
        }
        let mut push = |name: &str| outbox.push("a".to_owned(), Draft::text("x"), name.to_owned());
        assert!(matches!(push("more"), Err(Error::OutboxFull)));
        outbox.done("0");
        outbox.push("a".to_owned(), Draft::text("x"), "more".to_owned()).unwrap();
    }

    #[test]
    fn a_name_waits_once_whatever_the_chat() {
        let mut outbox = outbox(&[("a", "1")]);
        let again = outbox.push("b".to_owned(), Draft::text("x"), "1".to_owned());
        assert!(matches!(again, Err(Error::NameInUse)));
    }
}
