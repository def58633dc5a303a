//! Users: what they say of themselves, where they are connected, and who they are.

use super::StoreError;
use crate::chat_user::{ChatUser, Connection, Mutes, Profile, UserChange};
use crate::ids::{ConnectionId, UserId};
use crate::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::Future;

/// Keeps what a user says of themselves.
pub trait UserStore: Sync {
    /// The user, strongly; None if nothing is stored of them.
    fn user(&self, user: &UserId) -> impl Future<Output = Result<Option<ChatUser>, StoreError>> + Send;

    /// The chats that the user muted, strongly.
    fn mutes(&self, user: &UserId) -> impl Future<Output = Result<Mutes, StoreError>> + Send;

    /// These users, in any order; one of whom nothing is known is not among them. May be a moment behind.
    fn users(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<ChatUser>, StoreError>> + Send;

    /// These users without their connections, in any order; one of whom nothing is known is not among them. May be a
    /// moment behind.
    fn preferences(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<ChatUser>, StoreError>> + Send;

    /// Changes what the user says of themselves, at least one thing; answers them as they are then.
    fn change_user(
        &self,
        user: &UserId,
        change: &UserChange,
    ) -> impl Future<Output = Result<ChatUser, StoreError>> + Send;

    /// Replaces the mutes, if they are as they were read; answers the user as they are then, or None if they are not.
    fn replace_mutes(
        &self,
        user: &UserId,
        before: &Mutes,
        after: &Mutes,
    ) -> impl Future<Output = Result<Option<ChatUser>, StoreError>> + Send;
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
    fn reregister(
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
pub trait ConnectionStore: Sync {
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
impl ConnectionStore for Infallible {
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
