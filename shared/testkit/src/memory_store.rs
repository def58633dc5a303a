//! All storage ports in memory, as strict as DynamoDB, with faults that can be asked for.

use crate::rng::Rng;
use domain::chat::{Chat, Head};
use domain::chat_user::{ChatUser, Connection};
use domain::ids::{ChatId, ConnectionId, SendId, Seq, UserId};
use domain::member::Member;
use domain::message::Message;
use domain::ports::{
    ChatSnapshot, CommitMessages, CommitOutcome, Consistency, CreateChats, Creation, EarlierSend, MarkSeen,
    MessageCommit, ReadChats, ReadMessages, Registry, SeenOutcome, SendRecord, StoreError,
};
use domain::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// What goes wrong, each in this many of a hundred calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// A transaction is refused because another is in the way.
    pub conflict: u8,
    /// A transaction is applied, but its answer does not arrive.
    pub lost_reply: u8,
    /// A query does not show the message of a transaction whose head is visible already.
    pub half_read: u8,
    /// An eventually consistent read of a chat shows it as it was before its last change, or not at all if it is new.
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
    messages: BTreeMap<(ChatId, Seq), Message>,
    members: BTreeMap<(ChatId, UserId), Member>,
    sends: BTreeMap<String, (Seq, SendRecord)>,
    users: BTreeMap<UserId, ChatUser>,
    /// Messages that a query may still not show.
    unsettled: BTreeSet<(ChatId, Seq)>,
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

impl MemoryStore {
    /// A store in which things go wrong, reproducibly.
    pub fn with_faults(seed: u64, faults: Faults) -> Self {
        Self { state: Mutex::new(State { faults, ..State::default() }), rng: Rng::new(seed) }
    }

    /// From now on this goes wrong.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// Replaces a chat document without its head, as a read that is behind or ahead would see it.
    pub fn put_chat(&self, chat: Chat) {
        let mut state = self.lock();
        if let Some(before) = state.chats.insert(chat.id.clone(), chat) {
            state.stale_chats.insert(before.id.clone(), before);
        }
    }

    /// Replaces a head.
    pub fn put_head(&self, chat: &ChatId, head: Head) {
        self.lock().heads.insert(chat.clone(), head);
    }

    /// Replaces a member item; `None` removes it.
    pub fn put_member(&self, chat: &ChatId, user: &UserId, member: Option<Member>) {
        let key = (chat.clone(), user.clone());
        match member {
            Some(member) => self.lock().members.insert(key, member),
            None => self.lock().members.remove(&key),
        };
    }

    /// Replaces a message.
    pub fn put_message(&self, message: Message) {
        self.lock().messages.insert((message.chat.clone(), message.seq), message);
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

impl ReadChats for MemoryStore {
    async fn snapshot(&self, chat: &ChatId, user: &UserId) -> Result<ChatSnapshot, StoreError> {
        let document = self.chat(chat, Consistency::Eventual).await?;
        self.read(|state| ChatSnapshot {
            chat: document,
            head: state.heads.get(chat).copied(),
            member: state.members.get(&(chat.clone(), user.clone())).cloned(),
        })
        .await
    }

    async fn position(&self, chat: &ChatId, user: &UserId) -> Result<Option<(Head, Member)>, StoreError> {
        let ChatSnapshot { head, member, .. } = self.snapshot(chat, user).await?;
        Ok(head.zip(member))
    }

    async fn chat(&self, chat: &ChatId, consistency: Consistency) -> Result<Option<Chat>, StoreError> {
        self.read(|state| match consistency {
            Consistency::Eventual if self.rng.percent(state.faults.stale_chat) => state.stale_chats.get(chat).cloned(),
            _ => state.chats.get(chat).cloned(),
        })
        .await
    }

    async fn members(&self, chat: &ChatId) -> Result<Vec<Member>, StoreError> {
        self.read(|state| state.members.iter().filter(|((of, _), _)| of == chat).map(|(_, m)| m.clone()).collect())
            .await
    }
}

impl CreateChats for MemoryStore {
    async fn create_chat(&self, chat: &Chat, head: &Head, members: &[Member]) -> Result<Creation, StoreError> {
        self.transact(Creation::Conflict, |state| {
            if state.chats.contains_key(&chat.id) {
                return Creation::Exists;
            }
            state.chats.insert(chat.id.clone(), chat.clone());
            state.heads.insert(chat.id.clone(), *head);
            for member in members {
                state.members.insert((chat.id.clone(), member.user.clone()), member.clone());
            }
            Creation::Created
        })
        .await
    }
}

impl CommitMessages for MemoryStore {
    async fn earlier_send(&self, id: &SendId, now: Timestamp) -> Result<Option<EarlierSend>, StoreError> {
        self.read(|state| {
            let found = state.sends.get(id.as_str()).filter(|(_, record)| record.expires_at > now);
            found.map(|(seq, record)| EarlierSend { seq: *seq, body_hash: record.body_hash.clone() })
        })
        .await
    }

    async fn commit_message(&self, commit: &MessageCommit) -> Result<CommitOutcome, StoreError> {
        let MessageCommit { message, head, budget_before, budget_after, send } = commit;
        self.transact(CommitOutcome::Conflict, |state| {
            let remembered = send.as_ref().and_then(|send| state.sends.get(send.id.as_str()));
            if let Some((seq, record)) = remembered.filter(|(_, record)| record.expires_at > message.created_at) {
                return CommitOutcome::Repeated(EarlierSend { seq: *seq, body_hash: record.body_hash.clone() });
            }
            let key = (message.chat.clone(), message.sender.clone());
            let Some(member) = state.members.get_mut(&key) else {
                return CommitOutcome::NotAMember;
            };
            let Some(stored) = state.heads.get_mut(&message.chat) else {
                return CommitOutcome::Conflict;
            };
            let as_read = stored.last_seq == head.last_seq && stored.members_rev == head.members_rev;
            if !as_read || member.budget != *budget_before || message.seq != head.last_seq.next() {
                return CommitOutcome::Conflict;
            }
            stored.last_seq = message.seq;
            stored.last_message_at = Some(message.created_at);
            member.read_seq = message.seq;
            member.read_at = Some(message.created_at);
            member.budget = Some(*budget_after);
            let place = (message.chat.clone(), message.seq);
            state.messages.insert(place.clone(), message.clone());
            state.unsettled.insert(place);
            if let Some(send) = send {
                state.sends.insert(send.id.as_str().to_owned(), (message.seq, send.clone()));
            }
            CommitOutcome::Committed
        })
        .await
    }
}

impl ReadMessages for MemoryStore {
    async fn message(&self, chat: &ChatId, seq: Seq) -> Result<Option<Message>, StoreError> {
        self.read(|state| state.messages.get(&(chat.clone(), seq)).cloned()).await
    }

    async fn messages(&self, chat: &ChatId, from: Seq, to: Seq) -> Result<Vec<Message>, StoreError> {
        self.read(|state| {
            let percent = state.faults.half_read;
            // What one query has shown, every later one shows.
            let hidden: BTreeSet<_> = state.unsettled.iter().filter(|_| self.rng.percent(percent)).cloned().collect();
            state.unsettled.retain(|place| hidden.contains(place));
            let range = state.messages.range((chat.clone(), from)..=(chat.clone(), to));
            range.filter(|(place, _)| !hidden.contains(place)).map(|(_, message)| message.clone()).collect()
        })
        .await
    }
}

impl MarkSeen for MemoryStore {
    async fn mark_seen(
        &self,
        chat: &ChatId,
        user: &UserId,
        seq: Seq,
        now: Timestamp,
    ) -> Result<SeenOutcome, StoreError> {
        self.read(|state| match state.members.get_mut(&(chat.clone(), user.clone())) {
            _ if self.rng.percent(state.faults.conflict) => SeenOutcome::Conflict,
            None => SeenOutcome::NotAMember,
            Some(member) if member.read_seq >= seq => SeenOutcome::AlreadyThere(member.clone()),
            Some(member) => {
                member.read_seq = seq;
                member.read_at = Some(now);
                SeenOutcome::Moved
            }
        })
        .await
    }
}

impl Registry for MemoryStore {
    async fn register(&self, user: &UserId, connection: &Connection) -> Result<Vec<Connection>, StoreError> {
        self.read(|state| {
            let entry = state.users.entry(user.clone()).or_insert_with(|| ChatUser::unknown(user.clone()));
            entry.connections.retain(|other| other.id != connection.id);
            entry.connections.push(connection.clone());
            entry.last_seen = Some(connection.connected_at);
            entry.connections.clone()
        })
        .await
    }

    async fn unregister(&self, user: &UserId, connection: &ConnectionId, now: Timestamp) -> Result<(), StoreError> {
        self.read(|state| {
            if let Some(entry) = state.users.get_mut(user) {
                entry.connections.retain(|other| &other.id != connection);
                entry.last_seen = Some(now);
            }
        })
        .await
    }

    async fn forget(&self, user: &UserId, connections: &[ConnectionId]) -> Result<(), StoreError> {
        self.read(|state| {
            if let Some(entry) = state.users.get_mut(user) {
                entry.connections.retain(|other| !connections.contains(&other.id));
            }
        })
        .await
    }

    async fn users(&self, users: &[UserId]) -> Result<Vec<ChatUser>, StoreError> {
        self.read(|state| users.iter().filter_map(|user| state.users.get(user)).cloned().collect()).await
    }
}
