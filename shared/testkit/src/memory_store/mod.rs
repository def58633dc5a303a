//! All storage ports in memory. The store is as strict as DynamoDB and can inject faults.

mod blocks;
mod changes;
mod chats;
mod limits;
mod messages;
mod queue;
mod settings;
mod uploads;
mod users;

pub use queue::CallCounts;

use crate::rng::Rng;
use domain::attachment::Upload;
use domain::block::Block;
use domain::change::Pointer;
use domain::chat::{Chat, Head};
use domain::chat_user::ChatUser;
use domain::deletions::{OlderOwnDeletions, TombstoneBlock};
use domain::former_member::FormerMember;
use domain::ids::{AttachmentId, ChatId, Rev, Seq, UserId};
use domain::member::Member;
use domain::member_settings::ListedChats;
use domain::message::Message;
use domain::ports::{PreviousSend, StoreError};
use domain::queue::Ticket;
use domain::timestamp::Timestamp;
use domain::user_limits::UserLimits;
use queue::{CallRecorder, lost_reply};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// The faults to inject. Each number is a probability in percent, unless it says otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// A transaction is refused because of a conflict with another one.
    pub conflict: u8,
    /// A transaction is applied, but its response is lost.
    pub lost_reply: u8,
    /// A read that follows a transaction misses its message, its pointer or the former member by key, or shows the
    /// message or the former member in their earlier state, although the head is already visible.
    pub half_read: u8,
    /// An eventually consistent read shows a chat or a head before its last change, or not at all if it is new.
    pub stale_chat: u8,
    /// A call waits up to this many milliseconds before and again after it takes effect.
    pub latency_ms: u64,
    /// How many milliseconds a transaction of a message or a change holds the head of its chat. Meanwhile, other such
    /// transactions of the chat conflict with it.
    pub in_flight_ms: u64,
}

#[derive(Debug, Default)]
struct State {
    chats: BTreeMap<ChatId, Chat>,
    /// The chats before their last change.
    stale_chats: BTreeMap<ChatId, Chat>,
    heads: BTreeMap<ChatId, Head>,
    /// The heads before their last change.
    stale_heads: BTreeMap<ChatId, Head>,
    messages: BTreeMap<(ChatId, Seq), Message>,
    members: BTreeMap<(ChatId, UserId), Member>,
    /// What is kept of former members.
    past: BTreeMap<(ChatId, UserId), FormerMember>,
    tombstone_blocks: BTreeMap<(ChatId, u64), TombstoneBlock>,
    older_own_deletions: BTreeMap<(ChatId, UserId), OlderOwnDeletions>,
    /// Each record of a send with its expiry.
    sends: BTreeMap<String, (PreviousSend, Timestamp)>,
    uploads: BTreeMap<AttachmentId, Upload>,
    users: BTreeMap<UserId, ChatUser>,
    limits: BTreeMap<UserId, UserLimits>,
    listed_chats: BTreeMap<UserId, ListedChats>,
    /// By who blocks and who is blocked.
    blocks: BTreeMap<(UserId, UserId), Block>,
    /// Each pointer with its expiry.
    pointers: BTreeMap<(ChatId, Rev), (Pointer, Timestamp)>,
    /// Messages that a read may still show in this earlier state; None for a new message, which the read then misses.
    unsettled: BTreeMap<(ChatId, Seq), Option<Message>>,
    /// What is kept of former members, as a read may still show it after their last departure; None if it then misses
    /// them.
    unsettled_past: BTreeMap<(ChatId, UserId), Option<FormerMember>>,
    /// The last pointer of a chat, which a read may still miss.
    unsettled_pointers: BTreeMap<ChatId, Rev>,
    /// When all connections were lost, if that happened.
    lost_at: Option<Timestamp>,
    /// Who opened a connection, and when.
    openings: Vec<(Timestamp, UserId)>,
    openings_fail: bool,
    lookups_fail: bool,
    openings_delay: Duration,
    /// The last ticket of each chat.
    tickets: BTreeMap<ChatId, Ticket>,
    /// The chats whose heads a transaction holds.
    in_flight: BTreeSet<ChatId>,
    tickets_fail: bool,
    faults: Faults,
}

/// All storage ports in memory, by default without faults.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
    rng: Rng,
    calls: CallRecorder,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_faults(0, Faults::default())
    }
}

impl State {
    fn put_head(&mut self, chat: &ChatId, head: Head) {
        if let Some(before) = self.heads.insert(chat.clone(), head) {
            self.stale_heads.insert(chat.clone(), before);
        }
    }
}

impl MemoryStore {
    /// Creates a store that injects faults. The same seed gives the same faults.
    pub fn with_faults(seed: u64, faults: Faults) -> Self {
        let state = Mutex::new(State { faults, ..State::default() });
        Self { state, rng: Rng::new(seed), calls: CallRecorder::default() }
    }

    /// Replaces the faults.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// Replaces the head of a chat.
    pub fn put_head(&self, chat: &ChatId, head: Head) {
        self.lock().put_head(chat, head);
    }

    /// All stored messages of a chat. Faults do not apply.
    pub fn stored_messages(&self, chat: &ChatId) -> Vec<Message> {
        self.lock()
            .messages
            .range((chat.clone(), Seq(0))..=(chat.clone(), Seq(u64::MAX)))
            .map(|(_, m)| m.clone())
            .collect()
    }

    /// The stored member item. Faults do not apply.
    pub fn stored_member(&self, chat: &ChatId, user: &UserId) -> Option<Member> {
        self.lock().members.get(&(chat.clone(), user.clone())).cloned()
    }

    /// The stored head. Faults do not apply.
    pub fn stored_head(&self, chat: &ChatId) -> Option<Head> {
        self.lock().heads.get(chat).cloned()
    }

    /// The calls that were made so far.
    pub fn calls(&self) -> CallCounts {
        self.calls.get()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the lock")
    }

    async fn latency(&self) {
        let max_ms = self.lock().faults.latency_ms;
        if max_ms == 0 {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(Duration::from_millis(self.rng.next() % (max_ms + 1))).await;
        }
    }

    /// Applies a transaction, with the faults `conflict` and `lost_reply`.
    async fn transact<T>(&self, conflict: T, apply: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        self.latency().await;
        let outcome = {
            let mut state = self.lock();
            if self.rng.percent(state.faults.conflict) {
                Ok(conflict)
            } else {
                let outcome = apply(&mut state);
                if self.rng.percent(state.faults.lost_reply) {
                    Err(lost_reply("TransactWriteItems"))
                } else {
                    Ok(outcome)
                }
            }
        };
        self.latency().await;
        outcome
    }

    /// Runs one atomic read or write, between two waits.
    async fn read<T>(&self, read: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        self.latency().await;
        let value = read(&mut self.lock());
        self.latency().await;
        Ok(value)
    }
}
