//! All storage ports in memory, as strict as DynamoDB, with faults that can be asked for.

use crate::rng::Rng;
use domain::change::{Change, Changed, POINTER_LIFE, Pointer};
use domain::chat::{Chat, Head};
use domain::chat_user::{ChatUser, Connection, Mutes, Nickname};
use domain::ids::{ChatId, ConnectionId, Rev, SendId, Seq, UserId};
use domain::member::Member;
use domain::message::Message;
use domain::ports::{
    ChangeOutcome, ChatSnapshot, CommitChanges, CommitMessages, CommitOutcome, Consistency, CreateChats, Creation,
    EarlierSend, KeepUsers, MarkSeen, MessageCommit, ReadChanges, ReadChats, ReadInbox, ReadMessages, Registry,
    SeenOutcome, SendRecord, StoreError,
};
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
    /// Each with the moment at which its time is over.
    pointers: BTreeMap<(ChatId, Rev), (Pointer, Timestamp)>,
    /// Messages that a read may still show as they were before; not at all if they are new.
    unsettled: BTreeMap<(ChatId, Seq), Option<Message>>,
    /// The last pointer of a chat, which a read may still not show.
    unsettled_pointers: BTreeMap<ChatId, Rev>,
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
    async fn snapshot(
        &self,
        chat: &ChatId,
        user: Option<&UserId>,
        message: Option<Seq>,
    ) -> Result<ChatSnapshot, StoreError> {
        let document = self.chat(chat, Consistency::Eventual).await?;
        self.read(|state| ChatSnapshot {
            chat: document,
            head: state.heads.get(chat).copied(),
            member: user.and_then(|user| state.members.get(&(chat.clone(), user.clone()))).cloned(),
            message: message.and_then(|seq| state.messages.get(&(chat.clone(), seq)).cloned()),
        })
        .await
    }

    async fn position(&self, chat: &ChatId, user: &UserId) -> Result<Option<(Head, Member)>, StoreError> {
        let ChatSnapshot { head, member, .. } = self.snapshot(chat, Some(user), None).await?;
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
            state.put_unsettled(message);
            if let Some(send) = send {
                state.sends.insert(send.id.as_str().to_owned(), (message.seq, send.clone()));
            }
            CommitOutcome::Committed
        })
        .await
    }
}

impl CommitChanges for MemoryStore {
    async fn commit_change(&self, change: &Change) -> Result<ChangeOutcome, StoreError> {
        self.transact(ChangeOutcome::Conflict, |state| {
            if !state.allows(change) {
                return ChangeOutcome::Conflict;
            }
            let chat = &change.chat;
            // The change before is settled: this transaction saw it.
            state.unsettled.retain(|(of, _), before| of != chat || before.is_none());
            state.heads.insert(
                chat.clone(),
                // A send may have come between.
                Head {
                    last_seq: state.heads[chat].last_seq,
                    last_message_at: state.heads[chat].last_message_at,
                    ..change.head_after()
                },
            );
            let over = change.at.plus(POINTER_LIFE);
            state.pointers.insert((chat.clone(), change.rev()), (change.pointer(), over));
            state.unsettled_pointers.insert(chat.clone(), change.rev());
            match &change.what {
                Changed::Message { after, .. } => state.put_unsettled(after),
                Changed::Chat { after, joined, left, .. } => {
                    if let Some(before) = state.chats.insert(chat.clone(), after.clone()) {
                        state.stale_chats.insert(chat.clone(), before);
                    }
                    for member in joined {
                        state.members.insert((chat.clone(), member.user.clone()), member.clone());
                    }
                    if let Some(user) = left {
                        state.members.remove(&(chat.clone(), user.clone()));
                    }
                }
                Changed::Cleared(member) => {
                    if let Some(stored) = state.members.get_mut(&(chat.clone(), member.user.clone())) {
                        stored.cleared_seq = member.cleared_seq;
                    }
                }
            }
            ChangeOutcome::Committed
        })
        .await
    }
}

impl State {
    /// Whether all is as the change was decided upon.
    fn allows(&self, change: &Change) -> bool {
        let Some(head) = self.heads.get(&change.chat) else { return false };
        let as_read = head.last_rev == change.head.last_rev && head.members_rev == change.head.members_rev;
        let is_member = |user: &UserId| self.members.contains_key(&(change.chat.clone(), user.clone()));
        as_read
            && match &change.what {
                Changed::Message { after, before } => {
                    self.messages.get(&(change.chat.clone(), after.seq)).is_some_and(|stored| stored.rev == *before)
                }
                Changed::Chat { before, joined, left, .. } => {
                    let chat = self.chats.get(&change.chat);
                    (joined.is_empty() || head.last_seq == change.head.last_seq)
                        && chat.is_some_and(|chat| chat.members_rev == *before)
                        && joined.iter().all(|member| !is_member(&member.user))
                        && left.iter().all(is_member)
                }
                Changed::Cleared(member) => is_member(&member.user),
            }
    }

    /// Stores a message that a read may not show for a while.
    fn put_unsettled(&mut self, message: &Message) {
        let place = (message.chat.clone(), message.seq);
        let before = self.messages.insert(place.clone(), message.clone());
        self.unsettled.insert(place, before);
    }

    /// A message as a read finds it. What one read has shown, every later one shows.
    fn message(&mut self, rng: &Rng, place: &(ChatId, Seq)) -> Option<Message> {
        match self.unsettled.get(place) {
            Some(before) if rng.percent(self.faults.half_read) => before.clone(),
            _ => {
                self.unsettled.remove(place);
                self.messages.get(place).cloned()
            }
        }
    }
}

impl ReadChanges for MemoryStore {
    async fn pointers(&self, chat: &ChatId, from: Rev, to: Rev, now: Timestamp) -> Result<Vec<Pointer>, StoreError> {
        self.read(|state| {
            let hides = |state: &State, rev: Rev| {
                state.unsettled_pointers.get(chat) == Some(&rev) && self.rng.percent(state.faults.half_read)
            };
            let range = state.pointers.range((chat.clone(), from)..=(chat.clone(), to));
            let found: Vec<_> = range
                .filter(|((_, rev), (_, over))| *over > now && !hides(state, *rev))
                .map(|(_, (pointer, _))| pointer.clone())
                .collect();
            if found.last().is_some_and(|last| state.unsettled_pointers.get(chat) == Some(&last.rev)) {
                state.unsettled_pointers.remove(chat);
            }
            found
        })
        .await
    }
}

impl ReadInbox for MemoryStore {
    async fn chats_of(&self, user: &UserId) -> Result<Vec<ChatId>, StoreError> {
        self.read(|state| {
            state.members.keys().filter(|(_, member)| member == user).map(|(chat, _)| chat.clone()).collect()
        })
        .await
    }

    async fn heads(&self, chats: &[ChatId], _: Consistency) -> Result<BTreeMap<ChatId, Head>, StoreError> {
        self.read(|state| chats.iter().filter_map(|chat| Some((chat.clone(), *state.heads.get(chat)?))).collect()).await
    }

    async fn memberships(&self, user: &UserId, chats: &[ChatId]) -> Result<BTreeMap<ChatId, Member>, StoreError> {
        self.read(|state| {
            let member = |chat: &ChatId| state.members.get(&(chat.clone(), user.clone())).cloned();
            chats.iter().filter_map(|chat| Some((chat.clone(), member(chat)?))).collect()
        })
        .await
    }

    async fn chats(&self, chats: &[ChatId]) -> Result<BTreeMap<ChatId, Chat>, StoreError> {
        let mut found = BTreeMap::new();
        for id in chats {
            found.extend(self.chat(id, Consistency::Eventual).await?.map(|chat| (id.clone(), chat)));
        }
        Ok(found)
    }
}

impl KeepUsers for MemoryStore {
    async fn user(&self, user: &UserId) -> Result<Option<ChatUser>, StoreError> {
        self.read(|state| state.users.get(user).cloned()).await
    }

    async fn set_nickname(&self, user: &UserId, nickname: &Nickname) -> Result<ChatUser, StoreError> {
        self.read(|state| {
            let entry = state.users.entry(user.clone()).or_insert_with(|| ChatUser::unknown(user.clone()));
            entry.nickname = Some(nickname.clone());
            entry.clone()
        })
        .await
    }

    async fn replace_mutes(
        &self,
        user: &UserId,
        before: &Mutes,
        after: &Mutes,
    ) -> Result<Option<ChatUser>, StoreError> {
        self.transact(None, |state| {
            let entry = state.users.entry(user.clone()).or_insert_with(|| ChatUser::unknown(user.clone()));
            if entry.muted_chats != *before {
                return None;
            }
            entry.muted_chats.clone_from(after);
            Some(entry.clone())
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
            let places: Vec<_> = state
                .messages
                .range((chat.clone(), from)..=(chat.clone(), to))
                .map(|(place, _)| place.clone())
                .collect();
            places.iter().filter_map(|place| state.message(&self.rng, place)).collect()
        })
        .await
    }

    async fn messages_at(&self, places: &[(ChatId, Seq)]) -> Result<Vec<Message>, StoreError> {
        self.read(|state| places.iter().filter_map(|place| state.message(&self.rng, place)).collect()).await
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
