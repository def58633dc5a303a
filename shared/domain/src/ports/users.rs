//! Users: their stored documents, their connections and their profiles.

use super::StoreError;
use crate::budget::Spending;
#[cfg(doc)]
use crate::chat_user::MAX_CONNECTIONS;
use crate::chat_user::{ChatUser, Connection, Profile, UserChange};
use crate::ids::{ConnectionId, UserId};
use crate::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::future::Future;

/// Stores the ChatUser documents.
pub trait UserStore: Sync {
    /// The user, read with strong consistency; None if nothing is stored about them.
    fn user(&self, user: &UserId) -> impl Future<Output = Result<Option<ChatUser>, StoreError>> + Send;

    /// The user, read with strong consistency, without connections that are in another store;
    /// [`ChatUser::unknown`] if nothing is stored about them.
    fn own_document(&self, user: &UserId) -> impl Future<Output = Result<ChatUser, StoreError>> + Send;

    /// These users, in any order, without users about whom nothing is stored. May be a moment behind.
    fn users(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<ChatUser>, StoreError>> + Send;

    /// Like [`users`](Self::users), but without their connections.
    fn preferences(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<ChatUser>, StoreError>> + Send;

    /// Changes the user's document and returns the new one. None, and nothing changes, if the change budget is no
    /// longer as it was read. A change without a value only takes from the budget.
    fn change_user(
        &self,
        user: &UserId,
        change: &UserChange,
        spending: Spending,
    ) -> impl Future<Output = Result<Option<ChatUser>, StoreError>> + Send;
}

/// Stores which connections a user has. Registering the first connection and removing the last one set the user's
/// last-seen time; other calls may set it too.
pub trait Registry: Sync {
    /// Adds a connection and removes `replaced`, in one write, if the user then has at most [`MAX_CONNECTIONS`].
    /// Otherwise, or if one of `replaced` was removed already, nothing changes. Sets last seen to `now` if it is the
    /// user's only connection; otherwise it may.
    fn register(
        &self,
        user: &UserId,
        connection: &Connection,
        replaced: &[ConnectionId],
        now: Timestamp,
    ) -> impl Future<Output = Result<Registration, StoreError>> + Send;

    /// Removes a connection that its client or API Gateway closed. Returns the user's remaining connections. Sets
    /// last seen to `now` if none remains; otherwise it may.
    fn unregister(
        &self,
        user: &UserId,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send;

    /// Removes these connections, which turned out to be dead. Returns the user's remaining connections.
    fn forget(
        &self,
        user: &UserId,
        connections: &[ConnectionId],
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send;

    /// Adds an open connection again if it was opened before the registry last lost its data. None if nothing was
    /// lost, which is always so for a registry that loses nothing.
    fn reregister(
        &self,
        user: &UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Registration>, StoreError>> + Send;

    /// The connections of these users, in any order. A user without connections may be missing. May be a moment behind.
    fn connections(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<UserConnections>, StoreError>> + Send;

    /// Logs that the user opened a connection at `now`. Does nothing in a registry that keeps no such log.
    fn log_opening(&self, user: &UserId, now: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Who opened a connection from `since` to `now`, with strong consistency. None if that was logged more than `max`
    /// times, or if the registry keeps no such log. `since` is at most an hour before `now`.
    fn openings(
        &self,
        since: Timestamp,
        now: Timestamp,
        max: usize,
    ) -> impl Future<Output = Result<Option<Vec<UserId>>, StoreError>> + Send;
}

/// How registering a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// The connection is registered. Contains all connections of the user, this one included.
    Registered(Vec<Connection>),
    /// The user has too many connections, and this one is not registered. Contains the user's connections.
    Full(Vec<Connection>),
}

impl Registration {
    /// The result, by the user's connections after the write: the connection is among them or not.
    pub fn of(connection: &Connection, connections: Vec<Connection>) -> Self {
        match connections.iter().any(|other| other.id == connection.id) {
            true => Self::Registered(connections),
            false => Self::Full(connections),
        }
    }
}

/// A user with all their connections, dead ones included.
pub type UserConnections = (UserId, Vec<Connection>);

/// Stores connections outside the user documents: the real-time side of a [`Registry`]. Last-seen times stay in the
/// user documents.
pub trait ConnectionStore: Sync {
    /// Adds a connection and removes `replaced`, like [`Registry::register`]. Returns the user's connections after
    /// that.
    fn add(
        &self,
        user: &UserId,
        connection: &Connection,
        replaced: &[ConnectionId],
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send;

    /// Since when this store has kept every connection: the `now` of the first call after it was last empty.
    fn remembers_since(&self, now: Timestamp) -> impl Future<Output = Result<Timestamp, StoreError>> + Send;

    /// Removes these connections. Returns the user's remaining connections.
    fn remove(
        &self,
        user: &UserId,
        connections: &[ConnectionId],
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send;

    /// The connections of these users, in any order, in one round trip. A user without connections is missing.
    fn of(&self, users: &[UserId]) -> impl Future<Output = Result<Vec<UserConnections>, StoreError>> + Send;
}

/// The type of "no connection store": it has no values.
impl ConnectionStore for Infallible {
    async fn add(&self, _: &UserId, _: &Connection, _: &[ConnectionId]) -> Result<Vec<Connection>, StoreError> {
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

/// The Auth Service did not answer, or its answer was invalid.
#[derive(Debug, thiserror::Error)]
#[error("the Auth Service did not answer")]
pub struct DirectoryError(#[source] pub Box<dyn StdError + Send + Sync>);

/// Looks up users in the Auth Service.
pub trait Directory: Sync {
    /// The profiles of those users who exist. None if no Auth Service is configured, so that nothing is known about
    /// any user.
    fn profiles(
        &self,
        users: &[UserId],
    ) -> impl Future<Output = Result<Option<BTreeMap<UserId, Profile>>, DirectoryError>> + Send;
}

/// The directory when no Auth Service is configured.
impl Directory for () {
    async fn profiles(&self, _: &[UserId]) -> Result<Option<BTreeMap<UserId, Profile>>, DirectoryError> {
        Ok(None)
    }
}

/// The directory when an Auth Service may be configured.
impl<D: Directory> Directory for Option<D> {
    async fn profiles(&self, users: &[UserId]) -> Result<Option<BTreeMap<UserId, Profile>>, DirectoryError> {
        match self {
            Some(directory) => directory.profiles(users).await,
            None => Ok(None),
        }
    }
}
