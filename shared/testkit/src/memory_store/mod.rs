//! All storage ports in memory, as strict as DynamoDB, with faults that can be asked for.

mod changes;
mod chats;
mod messages;
mod uploads;
mod users;

use crate::rng::Rng;
use domain::attachment::Upload;
use domain::change::Pointer;
use domain::chat::{Chat, Head};
use domain::chat_user::ChatUser;
use domain::ids::{AttachmentId, ChatId, Rev, Seq, UserId};
use domain::member::Member;
use domain::message::Message;
use domain::ports::{SendRecord, StoreError};
use domain::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// What goes wrong, each in this many of a hundred calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// A transaction is refused because another is in the way.
    pub conflict: u8,
    /// A transaction is applied, but its answer does not arrive.
    pub lost_reply: u8,
    /// A read does not show the message or the pointer of a transaction whose head is visible already, or shows the
    /// message as it was before.
    pub half_read: u8,
    /// An eventually consistent read of a chat or a head shows it as it was before its last change, or not at all if it is
    /// new.
    pub stale_chat: u8,
    /// A call takes up to this many milliseconds, before and after it takes effect.
    pub latency_ms: u64,
}

#[derive(Debug, Default)]
struct State {
    chats: BTreeMap<ChatId, Chat>,
    /// The chats as they were before their last change.
    stale_chats: BTreeMap<ChatId, Chat>,
    heads: BTreeMap<ChatId, Head>,
    /// The heads as they were before their last change.
    stale_heads: BTreeMap<ChatId, Head>,
    messages: BTreeMap<(ChatId, Seq), Message>,
    members: BTreeMap<(ChatId, UserId), Member>,
    sends: BTreeMap<String, (Seq, SendRecord)>,
    uploads: BTreeMap<AttachmentId, Upload>,
    users: BTreeMap<UserId, ChatUser>,
    /// Each with the moment at which its time is over.
    pointers: BTreeMap<(ChatId, Rev), (Pointer, Timestamp)>,
    /// Messages that a read may still show as they were before; not at all if they are new.
    unsettled: BTreeMap<(ChatId, Seq), Option<Message>>,
    /// The last pointer of a chat, which a read may still not show.
    unsettled_pointers: BTreeMap<ChatId, Rev>,
    /// When all connections were lost, if they were.
    lost_at: Option<Timestamp>,
    faults: Faults,
}

/// All storage ports in memory.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
    rng: Rng,
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
    /// A store in which things go wrong, reproducibly.
    pub fn with_faults(seed: u64, faults: Faults) -> Self {
        Self { state: Mutex::new(State { faults, ..State::default() }), rng: Rng::new(seed) }
    }

    /// From now on this goes wrong.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// Replaces a head.
    pub fn put_head(&self, chat: &ChatId, head: Head) {
        self.lock().put_head(chat, head);
    }

    /// Every message of a chat as it is stored, whatever goes wrong.
    pub fn stored_messages(&self, chat: &ChatId) -> Vec<Message> {
        self.lock()
            .messages
            .range((chat.clone(), Seq(0))..=(chat.clone(), Seq(u64::MAX)))
            .map(|(_, m)| m.clone())
            .collect()
    }

    /// A member item as it is stored, whatever goes wrong.
    pub fn stored_member(&self, chat: &ChatId, user: &UserId) -> Option<Member> {
        self.lock().members.get(&(chat.clone(), user.clone())).cloned()
    }

    /// A head as it is stored, whatever goes wrong.
    pub fn stored_head(&self, chat: &ChatId) -> Option<Head> {
        self.lock().heads.get(chat).copied()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the lock")
    }

    async fn latency(&self) {
        let most = self.lock().faults.latency_ms;
        if most == 0 {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(Duration::from_millis(self.rng.next() % (most + 1))).await;
        }
    }

    /// Applies a transaction, or not, as the faults say.
    async fn transact<T>(&self, conflict: T, apply: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        self.latency().await;
        let outcome = {
            let mut state = self.lock();
            if self.rng.percent(state.faults.conflict) {
                Ok(conflict)
            } else {
                let outcome = apply(&mut state);
                if self.rng.percent(state.faults.lost_reply) {
                    Err(StoreError::Unavailable {
                        operation: "TransactWriteItems",
                        source: "the reply was lost".into(),
                    })
                } else {
                    Ok(outcome)
                }
            }
        };
        self.latency().await;
        outcome
    }

    /// Reads at one moment, between two latencies.
    async fn read<T>(&self, read: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        self.latency().await;
        let value = read(&mut self.lock());
        self.latency().await;
        Ok(value)
    }
}
