//! Chats, their messages and their members.

use super::{Consistency, StoreError, WriteQueue};
use crate::budget::Spending;
use crate::change::{Change, Pointer};
use crate::chat::{Chat, Head};
use crate::deletions::{OlderOwnDeletions, TombstoneBlock};
use crate::former_member::FormerMember;
use crate::ids::{AttachmentId, ChatId, Rev, SendId, Seq, UserId};
use crate::member::Member;
use crate::member_settings::MemberSettings;
use crate::message::Message;
use crate::queue::QueueState;
use crate::timestamp::Timestamp;
use crate::user_limits::LimitsChange;
use std::collections::BTreeMap;
use std::future::Future;

/// The items of a chat that one round trip reads. Only the chat document may be stale.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatSnapshot {
    /// The chat document, read with eventual consistency.
    pub chat: Option<Chat>,
    /// The head, read with strong consistency.
    pub head: Option<Head>,
    /// The member item of the requested user, read with strong consistency. It decides whether they are a participant.
    pub member: Option<Member>,
    /// The requested message, read with strong consistency.
    pub message: Option<Message>,
}

/// Reads one chat.
pub trait ReadChats: Sync {
    /// The chat document and the head, and if requested a user's member item and a message (seq 1 or above), in one
    /// round trip.
    fn snapshot(
        &self,
        chat: &ChatId,
        user: Option<&UserId>,
        message: Option<Seq>,
    ) -> impl Future<Output = Result<ChatSnapshot, StoreError>> + Send;

    /// The head and the user's member item, both with strong consistency, in one round trip. None if either is missing.
    fn position(
        &self,
        chat: &ChatId,
        user: &UserId,
    ) -> impl Future<Output = Result<Option<(Head, Member)>, StoreError>> + Send;

    /// The chat document. Strong consistency is for the case that an earlier read was stale.
    fn chat(
        &self,
        chat: &ChatId,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Option<Chat>, StoreError>> + Send;

    /// All member items of the chat, sorted by user, with strong consistency.
    fn members(&self, chat: &ChatId) -> impl Future<Output = Result<Vec<Member>, StoreError>> + Send;
}

/// The order of former members by how far they have read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadingOrder {
    /// Those who have read least come first. They were probably there when the message was sent.
    LeastFirst,
    /// Those who have read most come first.
    MostFirst,
}

/// Reads what is kept of users who were in a chat.
pub trait ReadFormerMembers: Sync {
    /// What is kept of these users, with strong consistency, in any order, without users who never left the chat.
    fn former_members(
        &self,
        chat: &ChatId,
        users: &[UserId],
    ) -> impl Future<Output = Result<Vec<FormerMember>, StoreError>> + Send;

    /// The former members who have read message `from` or a later one, with strong consistency, at most `max`.
    fn former_readers(
        &self,
        chat: &ChatId,
        from: Seq,
        order: ReadingOrder,
        max: usize,
    ) -> impl Future<Output = Result<Vec<FormerMember>, StoreError>> + Send;
}

/// Creates chats.
pub trait CreateChats: Sync {
    /// Stores a chat, its head, its members and what its creator used of their limits in one transaction. Stores no
    /// private chat if one of the two blocks the other one.
    fn create_chat(
        &self,
        chat: &Chat,
        head: &Head,
        members: &[Member],
        limits: &LimitsChange,
    ) -> impl Future<Output = Result<Creation, StoreError>> + Send;
}

/// How the creation of a chat ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// The chat is stored.
    Created,
    /// There is a chat with this id already.
    Exists,
    /// One of the two users of a private chat blocks the other one.
    Blocked {
        /// Whether the creator blocks.
        by_creator: bool,
    },
    /// The creator's limits changed since they were read, or another transaction conflicted: read them again.
    Conflict,
}

/// A message to commit, and the state that was read before.
#[derive(Debug, Clone)]
pub struct MessageCommit {
    /// The message; its seq is the one after `head.last_seq`.
    pub message: Message,
    /// The head as it was read.
    pub head: Head,
    /// What the message takes from the sender's budget.
    pub spending: Spending,
    /// The record that makes a repeat store nothing; None without a client message id.
    pub send: Option<SendRecord>,
    /// The attached upload, which must not be sent yet, and until when its record as sent is kept.
    pub upload: Option<(AttachmentId, Timestamp)>,
    /// What the head says of the queue after the commit; None if that stays as it is.
    pub queue: Option<QueueState>,
}

impl MessageCommit {
    /// Whether the message replies to another one. Then nothing of the chat may have changed since the read: the sender
    /// sees the other message when this one is stored.
    #[must_use]
    pub fn is_reply(&self) -> bool {
        self.message.live_body().is_some_and(|body| body.reply_to.is_some())
    }
}

/// The record of one send with a client message id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRecord {
    /// The key of the record.
    pub id: SendId,
    /// The hash of the request's body.
    pub body_hash: String,
    /// When the record expires.
    pub expires_at: Timestamp,
}

/// What was in the way of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // it is used up at once
pub enum Conflict {
    /// The head has changed since it was read, and with it at most what changes only together with the head. Contains
    /// the head as it is now.
    HeadChanged(Head),
    /// Another transaction was writing the head at the same time.
    InProgress,
    /// Something else has changed since it was read, such as the budget or the upload, or the store throttled the
    /// commit: everything has to be read again.
    Outdated,
}

/// How the commit of a message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // it is used up at once
pub enum CommitOutcome {
    /// The message is stored.
    Committed,
    /// An earlier send has the same client message id.
    Repeated(PreviousSend),
    /// Nothing is stored.
    Conflict(Conflict),
    /// The sender is no longer a participant.
    NotAMember,
}

/// The outcome of an earlier send with a client message id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousSend {
    /// The seq of the stored message.
    pub seq: Seq,
    /// The hash of that request's body.
    pub body_hash: String,
    /// Whether a repeat was pushed.
    pub is_pushed_again: bool,
}

/// Commits messages.
pub trait CommitMessages: WriteQueue {
    /// The record of an earlier send, read with strong consistency; None if there is none or it has expired at `now`.
    fn earlier_send(
        &self,
        id: &SendId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<PreviousSend>, StoreError>> + Send;

    /// Notes that a repeat of a send is pushed. False if that was noted before, or if there is no such record.
    fn claim_second_push(&self, id: &SendId) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Writes the head, the message, the sender's member item, the send record and the upload in one transaction.
    fn commit_message(&self, commit: &MessageCommit) -> impl Future<Output = Result<CommitOutcome, StoreError>> + Send;
}

/// Reads messages.
pub trait ReadMessages: Sync {
    /// One message, read with strong consistency.
    fn message(&self, chat: &ChatId, seq: Seq) -> impl Future<Output = Result<Option<Message>, StoreError>> + Send;

    /// The messages from seq `from` to seq `to`, in order, with strong consistency. There can be gaps, because a
    /// transaction that is being applied may be visible in part.
    fn messages(
        &self,
        chat: &ChatId,
        from: Seq,
        to: Seq,
    ) -> impl Future<Output = Result<Vec<Message>, StoreError>> + Send;

    /// The messages with these seqs, in any order, with strong consistency.
    fn messages_at(&self, seqs: &[(ChatId, Seq)]) -> impl Future<Output = Result<Vec<Message>, StoreError>> + Send;
}

/// Reads the deletions that do not fit into the head and the member item. The pointers tell which of them are newer than
/// a head.
pub trait ReadDeletions: ReadChanges {
    /// The blocks of older tombstones from number `from` to number `to`, in order, with strong consistency. A block
    /// without tombstones is missing.
    fn tombstone_blocks(
        &self,
        chat: &ChatId,
        from: u64,
        to: u64,
    ) -> impl Future<Output = Result<Vec<TombstoneBlock>, StoreError>> + Send;

    /// The user's older own deletions in the chat, with strong consistency; None if there are none.
    fn older_own_deletions(
        &self,
        chat: &ChatId,
        user: &UserId,
    ) -> impl Future<Output = Result<Option<OlderOwnDeletions>, StoreError>> + Send;
}

/// Commits changes of existing chats and messages.
pub trait CommitChanges: WriteQueue {
    /// Writes the change, the head and the pointer in one transaction, unless something changed since the read.
    fn commit_change(&self, change: &Change) -> impl Future<Output = Result<ChangeOutcome, StoreError>> + Send;
}

/// How the commit of a change ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // it is used up at once
pub enum ChangeOutcome {
    /// The change is stored.
    Committed,
    /// Nothing is stored.
    Conflict(Conflict),
}

/// Reads the pointers of changes.
pub trait ReadChanges: Sync {
    /// The pointers from rev `from` to rev `to`, in order, with strong consistency. Pointers that have expired at
    /// `now` are missing. The pointer of a transaction that is being applied may be missing too.
    fn pointers(
        &self,
        chat: &ChatId,
        from: Rev,
        to: Rev,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Pointer>, StoreError>> + Send;
}

/// Reads items of many chats.
pub trait ReadInbox: Sync {
    /// The user's chats with what the user set for them, from an index that may be a moment behind.
    fn indexed_chats(
        &self,
        user: &UserId,
    ) -> impl Future<Output = Result<Vec<(ChatId, MemberSettings)>, StoreError>> + Send;

    /// The ids of the user's chats, from an index that may be a moment behind: the member items decide.
    fn chats_of(&self, user: &UserId) -> impl Future<Output = Result<Vec<ChatId>, StoreError>> + Send {
        async { Ok(self.indexed_chats(user).await?.into_iter().map(|(chat, _)| chat).collect()) }
    }

    /// The heads of these chats, without chats that do not exist.
    fn heads(
        &self,
        chats: &[ChatId],
        consistency: Consistency,
    ) -> impl Future<Output = Result<BTreeMap<ChatId, Head>, StoreError>> + Send;

    /// The user's member items in these chats, without chats that the user is not in. Only with strong consistency they
    /// decide whether the user is in a chat.
    fn memberships(
        &self,
        user: &UserId,
        chats: &[ChatId],
        consistency: Consistency,
    ) -> impl Future<Output = Result<BTreeMap<ChatId, Member>, StoreError>> + Send;

    /// The documents of these chats, without chats that do not exist. May be a moment behind.
    fn chats(&self, chats: &[ChatId]) -> impl Future<Output = Result<BTreeMap<ChatId, Chat>, StoreError>> + Send;
}

/// Moves read positions.
pub trait MarkSeen: Sync {
    /// Moves the user's read position to `seq` if it is lower. Then the chat is no longer marked as unread.
    fn mark_seen(
        &self,
        chat: &ChatId,
        user: &UserId,
        seq: Seq,
        now: Timestamp,
    ) -> impl Future<Output = Result<SeenOutcome, StoreError>> + Send;

    /// The user no longer marks the chat as unread; the read position stays. The outcome is never
    /// [`Advanced`](SeenOutcome::Advanced): it contains the member item after that.
    fn unmark(&self, chat: &ChatId, user: &UserId) -> impl Future<Output = Result<SeenOutcome, StoreError>> + Send;
}

/// How moving a read position ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // it is used up at once
pub enum SeenOutcome {
    /// The position moved.
    Advanced,
    /// The position was at `seq` or higher already. Contains the current member item.
    Unchanged(Member),
    /// The user is no longer a participant.
    NotAMember,
    /// Conflict with a transaction of the same participant, namely a send: retry.
    Conflict,
}
