//! What the use cases need of the world: one trait per need. The IAM statement of a function in
//! `template.yaml` mirrors the traits that its use case asks for.

use crate::change::{Change, Pointer};
use crate::chat::{Chat, Head};
use crate::chat_user::{ChatUser, Connection, Mutes, Profile};
use crate::ids::{ChatId, ConnectionId, Rev, SendId, Seq, UserId};
use crate::member::{Budget, Member};
use crate::message::Message;
use crate::names::Nickname;
use crate::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::Future;
use std::time::Duration;

/// Why a store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be reached, or refused for now: the same call may succeed later.
    #[error("{operation} did not succeed for now")]
    Unavailable {
        /// The operation, e.g. `TransactWriteItems`.
        operation: &'static str,
        /// What the client library said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// It refused the call as such (permission, missing table, malformed request): trying again will not help.
    #[error("{operation} was refused")]
    Refused {
        /// The operation.
        operation: &'static str,
        /// What the client library said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// An item is not what it must be.
    #[error("inconsistent item in {table}: {key}: {attribute}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The item's key, readable.
        key: String,
        /// What is missing or wrong.
        attribute: String,
    },
}

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

/// Whether a read must see every write that was acknowledged before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// It must.
    Strong,
    /// It may be a moment behind, at half the price.
    Eventual,
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
    Repeated(EarlierSend),
    /// The head or the budget has moved, or another transaction was in the way: read again.
    Conflict,
    /// The sender is not a participant any more.
    NotAMember,
}

/// What is remembered of a named send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierSend {
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
    ) -> impl Future<Output = Result<Option<EarlierSend>, StoreError>> + Send;

    /// Head, message, the sender's member item and the send record, in one transaction.
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

/// Keeps what a user says of themselves.
pub trait KeepUsers: Sync {
    /// The user, strongly; None if nothing is stored of them.
    fn user(&self, user: &UserId) -> impl Future<Output = Result<Option<ChatUser>, StoreError>> + Send;

    /// The chats that the user muted, strongly.
    fn mutes(&self, user: &UserId) -> impl Future<Output = Result<Mutes, StoreError>> + Send;

    /// These users, in any order; one of whom nothing is known is not among them. May be a moment behind.
    fn users(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<ChatUser>, StoreError>> + Send;

    /// Sets the nickname; answers the user as they are then.
    fn set_nickname(
        &self,
        user: &UserId,
        nickname: &Nickname,
    ) -> impl Future<Output = Result<ChatUser, StoreError>> + Send;

    /// Replaces the mutes, if they are as they were read; answers the user as they are then, or None if they are not.
    fn replace_mutes(
        &self,
        user: &UserId,
        before: &Mutes,
        after: &Mutes,
    ) -> impl Future<Output = Result<Option<ChatUser>, StoreError>> + Send;
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

/// Knows which connections a user has.
pub trait Registry: Sync {
    /// Adds a connection; answers all that the user has now, this one included. The user was last seen now, if it is
    /// their only one; if not, it may be noted or not.
    fn register(
        &self,
        user: &UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send;

    /// Removes a connection that its client or API Gateway closed; answers those that the user has left. They were last
    /// seen now, if none is left; if not, it may be noted or not.
    fn unregister(
        &self,
        user: &UserId,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send;

    /// Removes exactly these connections, which turned out to be dead; answers those that the user has left.
    fn forget(
        &self,
        user: &UserId,
        connections: &[ConnectionId],
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send;

    /// Notes a connection again that turned out to be open, if it was opened before the registry's memory begins. Then
    /// answers all that the user has now; None if there was nothing to do, as always where nothing is ever lost.
    fn note_again(
        &self,
        user: &UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Vec<Connection>>, StoreError>> + Send;

    /// The connections of these users, in any order; one who has none may be missing. May be a moment behind.
    fn connections(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<UserConnections>, StoreError>> + Send;
}

/// A user and their connections, dead ones included.
pub type UserConnections = (UserId, Vec<Connection>);

/// Keeps live connections in a place of their own, for a store that has none for them: the real-time side of a
/// [`Registry`]. Who was last seen when stays with the user.
pub trait KeepConnections: Sync {
    /// Adds a connection; answers all that the user has now, this one included.
    fn add(
        &self,
        user: &UserId,
        connection: &Connection,
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send;

    /// Since when this place remembers: the time of the first question, which is asked with the present time, since it
    /// was last empty.
    fn remembers_since(&self, now: Timestamp) -> impl Future<Output = Result<Timestamp, StoreError>> + Send;

    /// Removes these connections; answers those that the user has left.
    fn remove(
        &self,
        user: &UserId,
        connections: &[ConnectionId],
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send;

    /// The connections of these users, in any order, in one round trip; one who has none is missing.
    fn of(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<UserConnections>, StoreError>> + Send;
}

/// There is no such place: this can be named, and never made.
impl KeepConnections for Infallible {
    async fn add(&self, _: &UserId, _: &Connection) -> Result<Vec<Connection>, StoreError> {
        match *self {}
    }

    async fn remembers_since(&self, _: Timestamp) -> Result<Timestamp, StoreError> {
        match *self {}
    }

    async fn remove(&self, _: &UserId, _: &[ConnectionId]) -> Result<Vec<Connection>, StoreError> {
        match *self {}
    }

    async fn of(&self, _: &[UserId]) -> Result<Vec<UserConnections>, StoreError> {
        match *self {}
    }
}

/// The Auth Service did not say who a user is.
#[derive(Debug, thiserror::Error)]
#[error("the Auth Service did not answer")]
pub struct DirectoryError(#[source] pub Box<dyn StdError + Send + Sync>);

/// Knows who the users are: the Auth Service.
pub trait Directory: Sync {
    /// The profiles of those of these users who exist; None if no Auth Service is configured, so that nothing is known
    /// of anybody.
    fn profiles(
        &self,
        users: &[UserId],
    ) -> impl Future<Output = Result<Option<BTreeMap<UserId, Profile>>, DirectoryError>> + Send;
}

/// No Auth Service is configured.
impl Directory for () {
    async fn profiles(&self, _: &[UserId]) -> Result<Option<BTreeMap<UserId, Profile>>, DirectoryError> {
        Ok(None)
    }
}

/// One may be configured.
impl<D: Directory> Directory for Option<D> {
    async fn profiles(&self, users: &[UserId]) -> Result<Option<BTreeMap<UserId, Profile>>, DirectoryError> {
        match self {
            Some(directory) => directory.profiles(users).await,
            None => Ok(None),
        }
    }
}

/// Why a post did not reach a connection.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The connection is not there (410).
    #[error("the connection is gone")]
    Gone,
    /// Too many posts for now (429, 503): the connection may well be there.
    #[error("throttled")]
    Throttled,
    /// Anything else.
    #[error("the post failed")]
    Failed(#[source] Box<dyn StdError + Send + Sync>),
}

/// Posts frames to connections.
pub trait Push: Sync {
    /// Sends one text frame.
    fn post(&self, connection: &ConnectionId, frame: &str) -> impl Future<Output = Result<(), PushError>> + Send;

    /// Closes a connection.
    fn close(&self, connection: &ConnectionId) -> impl Future<Output = Result<(), PushError>> + Send;
}

/// Time and randomness.
pub trait Env: Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Fills `bytes` with randomness that nobody can guess.
    fn randomness(&self, bytes: &mut [u8]);

    /// Waits.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;
}
