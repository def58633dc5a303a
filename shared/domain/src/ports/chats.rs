//! Chats, their logs and their members.

use super::{Consistency, StoreError};
use crate::change::{Change, Pointer};
use crate::chat::{Chat, Head};
use crate::ids::{AttachmentId, ChatId, Rev, SendId, Seq, UserId};
use crate::member::{Budget, Member};
use crate::message::Message;
use crate::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::future::Future;

/// A chat as one participant finds it. The chat document may be stale; the rest is not.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatSnapshot {
    /// The chat document, read eventually consistently.
    pub chat: Option<Chat>,
    /// The head, read strongly.
    pub head: Option<Head>,
    /// The item of the user who was asked for, read strongly: it decides whether they are a participant.
    pub member: Option<Member>,
    /// The message that was asked for, read strongly.
    pub message: Option<Message>,
}

/// Reads chats by key.
pub trait ReadChats: Sync {
    /// The chat document and the head, with a user's member item and a message (at 1 or above) where they are wanted, in
    /// one round trip.
    fn snapshot(
        &self,
        chat: &ChatId,
        user: Option<&UserId>,
        message: Option<Seq>,
    ) -> impl Future<Output = Result<ChatSnapshot, StoreError>> + Send;

    /// The head and the user's member item, both strongly, in one round trip.
    fn position(
        &self,
        chat: &ChatId,
        user: &UserId,
    ) -> impl Future<Output = Result<Option<(Head, Member)>, StoreError>> + Send;

    /// The chat document; strongly, where an earlier read was stale.
    fn chat(
        &self,
        chat: &ChatId,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Option<Chat>, StoreError>> + Send;

    /// Every participant's own item, strongly.
    fn members(&self, chat: &ChatId) -> impl Future<Output = Result<Vec<Member>, StoreError>> + Send;
}

/// Makes chats.
pub trait CreateChats: Sync {
    /// Stores a chat, its head and its members, all or nothing.
    fn create_chat(
        &self,
        chat: &Chat,
        head: &Head,
        members: &[Member],
    ) -> impl Future<Output = Result<Creation, StoreError>> + Send;
}

/// How the creation of a chat ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It is stored.
    Created,
    /// There is one of this id.
    Exists,
    /// Somebody else's transaction was in the way: try again.
    Conflict,
}

/// A message to be committed, and what it was decided upon.
#[derive(Debug, Clone)]
pub struct MessageCommit {
    /// The message; its place is the one after `head.last_seq`.
    pub message: Message,
    /// The head as it was read.
    pub head: Head,
    /// The sender's budget as it was read.
    pub budget_before: Option<Budget>,
    /// What is left of it after this message.
    pub budget_after: Budget,
    /// The memory that makes a repeat harmless, where the client named the message.
    pub send: Option<SendRecord>,
    /// The upload that it carries: not sent yet, and remembered as sent from then on until this time.
    pub upload: Option<(AttachmentId, Timestamp)>,
}

/// The memory of one named send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRecord {
    /// Its key.
    pub id: SendId,
    /// The hash of what was sent.
    pub body_hash: String,
    /// Until when it is kept.
    pub expires_at: Timestamp,
}

/// How the commit of a message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is stored, at its place.
    Committed,
    /// This name was used before.
    Repeated(PreviousSend),
    /// The head or the budget has moved, the upload was sent, or another transaction was in the way: read again.
    Conflict,
    /// The sender is not a participant any more.
    NotAMember,
}

/// What is remembered of a named send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousSend {
    /// The place of the message that it made.
    pub seq: Seq,
    /// The hash of what that said.
    pub body_hash: String,
}

/// Commits messages.
pub trait CommitMessages: Sync {
    /// What is remembered of this send at this time, strongly.
    fn earlier_send(
        &self,
        id: &SendId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<PreviousSend>, StoreError>> + Send;

    /// Head, message, the sender's member item, the send record and the upload, in one transaction.
    fn commit_message(&self, commit: &MessageCommit) -> impl Future<Output = Result<CommitOutcome, StoreError>> + Send;
}

/// Reads messages.
pub trait ReadMessages: Sync {
    /// One message by its place, strongly.
    fn message(&self, chat: &ChatId, seq: Seq) -> impl Future<Output = Result<Option<Message>, StoreError>> + Send;

    /// The messages from place `from` to place `to`, in order, strongly. A transaction that is being applied may be
    /// seen in part: there can be holes.
    fn messages(
        &self,
        chat: &ChatId,
        from: Seq,
        to: Seq,
    ) -> impl Future<Output = Result<Vec<Message>, StoreError>> + Send;

    /// The messages at these places, in any order, strongly.
    fn messages_at(&self, places: &[(ChatId, Seq)]) -> impl Future<Output = Result<Vec<Message>, StoreError>> + Send;
}

/// Commits changes to what is in a log already.
pub trait CommitChanges: Sync {
    /// What changes, the head and the pointer, in one transaction, if all is still as it was read.
    fn commit_change(&self, change: &Change) -> impl Future<Output = Result<ChangeOutcome, StoreError>> + Send;
}

/// How the commit of a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// It is stored.
    Committed,
    /// Something is not as it was read, or another transaction was in the way: read again.
    Conflict,
}

/// Reads what changed.
pub trait ReadChanges: Sync {
    /// The pointers of the changes from number `from` to number `to`, in order, strongly. Those whose time is over now
    /// are missing, and so may be that of a transaction that is being applied.
    fn pointers(
        &self,
        chat: &ChatId,
        from: Rev,
        to: Rev,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Pointer>, StoreError>> + Send;
}

/// Reads many chats of one user.
pub trait ReadInbox: Sync {
    /// The chats that the user is in. May be a moment behind: the member item decides.
    fn chats_of(&self, user: &UserId) -> impl Future<Output = Result<Vec<ChatId>, StoreError>> + Send;

    /// The heads of these chats, those that there are.
    fn heads(
        &self,
        chats: &[ChatId],
        consistency: Consistency,
    ) -> impl Future<Output = Result<BTreeMap<ChatId, Head>, StoreError>> + Send;

    /// The user's own item in each of these chats that they are in, strongly.
    fn memberships(
        &self,
        user: &UserId,
        chats: &[ChatId],
    ) -> impl Future<Output = Result<BTreeMap<ChatId, Member>, StoreError>> + Send;

    /// The documents of these chats, those that there are. May be a moment behind.
    fn chats(&self, chats: &[ChatId]) -> impl Future<Output = Result<BTreeMap<ChatId, Chat>, StoreError>> + Send;
}

/// Moves read positions.
pub trait MarkSeen: Sync {
    /// Moves the user's read position up to `seq`, if it is below.
    fn mark_seen(
        &self,
        chat: &ChatId,
        user: &UserId,
        seq: Seq,
        now: Timestamp,
    ) -> impl Future<Output = Result<SeenOutcome, StoreError>> + Send;
}

/// How marking as seen ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeenOutcome {
    /// The position moved.
    Moved,
    /// It was there or further already: this is the member as it is.
    AlreadyThere(Member),
    /// Not a participant any more.
    NotAMember,
    /// A transaction of the same participant, a send of theirs, was in the way: try again.
    Conflict,
}
