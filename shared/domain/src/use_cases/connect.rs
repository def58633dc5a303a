//! Registers and removes WebSocket connections.

use super::App;
use super::fan_out::warn_about;
use crate::chat_user::{Connection, Status, is_online, is_only_connection, surplus_connections};
use crate::event::Presence;
use crate::ids::{ConnectionId, UserId};
use crate::meter::PushReport;
use crate::ports::{Env, Push, ReadInbox, Registry, StoreError};
use crate::timestamp::Timestamp;
use futures_util::future::join_all;

/// The results of registering a connection.
#[derive(Debug)]
pub struct ConnectOutcome {
    /// The number of the user's dead and surplus_connections connections that were closed.
    pub closed: usize,
    /// The results of pushing `presence.updated`, if this is the user's only live connection.
    pub pushed: PushReport,
}

/// The results of removing a connection.
#[derive(Debug)]
pub struct DisconnectOutcome {
    /// The results of pushing `presence.updated`, if this was the user's last live connection.
    pub pushed: PushReport,
}

/// Why a connection is not registered.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The token has expired, or the connection is older than
    /// [`MAX_CONNECTION_AGE`](crate::chat_user::MAX_CONNECTION_AGE).
    #[error("the connection has expired")]
    Expired,
    /// A read or write failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: ReadInbox + Registry, P: Push, E: Env> App<S, P, E> {
    /// Registers a connection. Removes and closes the user's dead connections, and the oldest of more than 20. If it
    /// is the user's only live connection, pushes `presence.updated` to the user's partners.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(&self, user: &UserId, connection: &Connection) -> Result<ConnectOutcome, ConnectError> {
        let now = self.env.now();
        if !connection.is_live(now) {
            return Err(ConnectError::Expired);
        }
        let connections = self.store.register(user, connection, now).await?;
        let online = self.online_presence(user, now);
        let surplus_connections: Vec<ConnectionId> =
            surplus_connections(&connections, now).into_iter().map(|connection| connection.id).collect();
        if !surplus_connections.is_empty() {
            if let Err(error) = self.store.forget(user, &surplus_connections).await {
                warn_about(&error);
            }
            // Ignore failures to close: the connection is removed already, and API Gateway closes it after two hours.
            join_all(surplus_connections.iter().map(|id| self.push.close(id))).await;
        }
        let pushed = match is_only_connection(&connection.id, &connections, now) {
            true => self.push_presence(online).await,
            false => PushReport::default(),
        };
        Ok(ConnectOutcome { closed: surplus_connections.len(), pushed })
    }

    /// Removes a closed connection. If it was the user's last live connection, pushes `presence.updated` to the
    /// user's partners.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn disconnect(&self, user: &UserId, connection: &ConnectionId) -> Result<DisconnectOutcome, StoreError> {
        let now = self.env.now();
        // `at` is taken before the registry is asked: a connection that is registered later must get a later `at`.
        let offline = Presence { user_id: user.clone(), status: Status::Offline, last_seen: Some(now), at: now };
        let remaining = self.store.unregister(user, connection, now).await?;
        let pushed = match is_online(&remaining, now) {
            true => PushReport::default(),
            false => self.push_presence(offline).await,
        };
        Ok(DisconnectOutcome { pushed })
    }

    /// Registers the connection of a sync again if the registry lost it, so that its user gets events again. A
    /// failure is logged and does not fail the sync. Only a sync does this: another frame is often the last one
    /// before a close, and would restore the entry that the close removes.
    pub(super) async fn restore_connection(&self, user: &UserId, connection: Option<&Connection>) {
        let Some(connection) = connection else { return };
        let now = self.env.now();
        match self.store.reregister(user, connection, now).await {
            Ok(Some(connections)) if is_only_connection(&connection.id, &connections, now) => {
                let online = self.online_presence(user, now);
                self.push_presence(online).await;
            }
            Ok(_) => {}
            Err(error) => warn_about(&error),
        }
    }

    /// The presence of a user who is online. `at` is taken after the registry answered: an earlier removal must have
    /// an earlier `at`.
    fn online_presence(&self, user: &UserId, since: Timestamp) -> Presence {
        Presence { user_id: user.clone(), status: Status::Online, last_seen: Some(since), at: self.env.now() }
    }
}
