//! The queue of requests that write to one chat, and transactions that are in flight.

use super::{MemoryStore, State};
use domain::chat::Head;
use domain::ids::ChatId;
use domain::ports::{Conflict, StoreError, WriteQueue};
use domain::queue::{QueueState, Ticket};
use domain::timestamp::Timestamp;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

/// The calls that writing to chats has made so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallCounts {
    /// Transactions of messages and changes, also those that conflicted.
    pub transactions: u32,
    /// Tickets that were taken.
    pub tickets: u32,
    /// Turns that were passed on, also in vain.
    pub passed_on: u32,
    /// Reads of a head alone.
    pub head_reads: u32,
    /// Reads of a chat with what belongs to it.
    pub snapshots: u32,
    /// Lookups of connections.
    pub lookups: u32,
    /// The users whose connections were looked up.
    pub looked_up: u32,
}

/// Counts calls. They are not part of what is stored, so the debug text of a store does not have them.
#[derive(Default)]
pub(super) struct CallRecorder(Mutex<CallCounts>);

impl CallRecorder {
    pub(super) fn count(&self, count: impl FnOnce(&mut CallCounts)) {
        count(&mut self.0.lock().expect("no test panics while it holds the lock"));
    }

    pub(super) fn get(&self) -> CallCounts {
        *self.0.lock().expect("no test panics while it holds the lock")
    }
}

impl fmt::Debug for CallRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallRecorder")
    }
}

impl WriteQueue for MemoryStore {
    async fn take_ticket(&self, chat: &ChatId, served: Ticket, _: Timestamp) -> Result<Ticket, StoreError> {
        let taken = self
            .read(|state| {
                if state.tickets_fail {
                    return None;
                }
                self.calls.count(|calls| calls.tickets += 1);
                let last = state.tickets.entry(chat.clone()).or_insert(served);
                last.0 += 1;
                (!self.rng.percent(state.faults.lost_reply)).then_some(*last)
            })
            .await?;
        taken.ok_or_else(|| lost_reply("UpdateItem"))
    }

    async fn pass_on(&self, chat: &ChatId, ticket: Ticket) -> Result<(), StoreError> {
        let is_passed_on = self
            .read(|state| {
                self.calls.count(|calls| calls.passed_on += 1);
                if state.tickets_fail || state.in_flight.contains(chat) {
                    return false;
                }
                if let Some(head) = state.heads.get(chat).filter(|head| head.queue.served < ticket).cloned() {
                    let queue = QueueState { served: ticket, ..head.queue };
                    state.put_head(chat, Head { queue, ..head });
                }
                !self.rng.percent(state.faults.lost_reply)
            })
            .await?;
        if is_passed_on { Ok(()) } else { Err(lost_reply("UpdateItem")) }
    }

    async fn head(&self, chat: &ChatId) -> Result<Option<Head>, StoreError> {
        self.read(|state| {
            self.calls.count(|calls| calls.head_reads += 1);
            state.heads.get(chat).cloned()
        })
        .await
    }
}

/// A transaction that holds the head of a chat, until it is dropped.
struct InFlight<'a> {
    store: &'a MemoryStore,
    chat: &'a ChatId,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.store.lock().in_flight.remove(self.chat);
    }
}

impl MemoryStore {
    /// From now on, nobody gets a ticket or passes one on.
    pub fn fail_tickets(&self) {
        self.lock().tickets_fail = true;
    }

    /// Applies a transaction of a message or a change, with the faults `conflict` and `lost_reply`. While it is in
    /// flight, other ones of the same chat conflict with it.
    pub(super) async fn transact_on_head<T>(
        &self,
        chat: &ChatId,
        conflict: impl FnOnce(Conflict) -> T,
        apply: impl FnOnce(&mut State) -> T,
    ) -> Result<T, StoreError> {
        self.latency().await;
        let (is_refused, is_in_progress, in_flight_ms) = {
            let mut state = self.lock();
            self.calls.count(|calls| calls.transactions += 1);
            let is_refused = self.rng.percent(state.faults.conflict);
            (is_refused, !is_refused && !state.in_flight.insert(chat.clone()), state.faults.in_flight_ms)
        };
        let outcome = if is_refused {
            Ok(conflict(if self.rng.percent(50) { Conflict::InProgress } else { Conflict::Outdated }))
        } else if is_in_progress {
            Ok(conflict(Conflict::InProgress))
        } else {
            let _in_flight = InFlight { store: self, chat };
            if in_flight_ms > 0 {
                tokio::time::sleep(Duration::from_millis(in_flight_ms)).await;
            }
            let mut state = self.lock();
            let outcome = apply(&mut state);
            if self.rng.percent(state.faults.lost_reply) { Err(lost_reply("TransactWriteItems")) } else { Ok(outcome) }
        };
        self.latency().await;
        outcome
    }
}

/// The call took effect, but its response is lost.
pub(super) fn lost_reply(operation: &'static str) -> StoreError {
    StoreError::Unavailable { operation, source: "the reply was lost".into() }
}
