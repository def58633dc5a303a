//! Registers and removes WebSocket connections.

use super::App;
use super::close_connection::{close_connection, closing_code};
use super::fan_out::warn_about;
use crate::chat_user::{Connection, Status, is_online, is_only_connection, make_room};
use crate::event::Presence;
use crate::ids::{ConnectionId, UserId};
use crate::meter::PushReport;
use crate::ports::{Env, Push, ReadInbox, Registration, Registry, StoreError};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use futures_util::future::{join, join_all};

/// The results of registering a connection.
#[derive(Debug)]
pub struct ConnectOutcome {
    /// The number of the user's connections that were closed because there were too many.
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
    /// The user has [`MAX_CONNECTIONS`](crate::chat_user::MAX_CONNECTIONS), and all of them may still be opening.
    #[error("too many connections")]
    TooManyConnections,
    /// Until the deadline, other handshakes of the user took each place that was made.
    #[error("gave up after conflicts with other handshakes")]
    Busy,
    /// A read or write failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: ReadInbox + Registry, P: Push, E: Env> App<S, P, E> {
    /// Registers a connection. If the user has too many, the dead ones and then the oldest are removed in the same
    /// write, and closed. If it is the user's only live connection, pushes `presence.updated` to the user's partners.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(&self, user: &UserId, connection: &Connection) -> Result<ConnectOutcome, ConnectError> {
        let now = self.env.now();
        if !connection.is_live(now) {
            return Err(ConnectError::Expired);
        }
        let (connections, replaced) = self.register(user, connection, now).await?;
        let online = self.online_presence(user, now);
        // A failure to close has no effect: the connection is removed, and API Gateway closes it after two hours.
        let closings = join_all(replaced.iter().map(|connection| {
            close_connection(&self.push, &self.env, &connection.id, None, closing_code(connection, now))
        }));
        // The entry has a time after the registration: whoever reads it finds the connection. And it is stored before the
        // handshake ends: a client that syncs then misses no event.
        let (logged, _) = join(self.store.log_opening(user, self.env.now()), closings).await;
        if let Err(error) = logged {
            // The client tries again. Until then, nobody is to take this connection for a live one.
            if let Err(error) = self.store.unregister(user, &connection.id, now).await {
                warn_about(&error);
            }
            return Err(error.into());
        }
        let pushed = match is_only_connection(&connection.id, &connections, now) {
            true => self.push_presence(online).await,
            false => PushReport::default(),
        };
        Ok(ConnectOutcome { closed: replaced.len(), pushed })
    }

    /// Registers a connection, and makes room for it if there are too many. Returns all connections of the user, and
    /// those that were removed.
    async fn register(
        &self,
        user: &UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<(Vec<Connection>, Vec<Connection>), ConnectError> {
        let mut replaced: Vec<Connection> = Vec::new();
        let mut retry = Retry::new(&self.env);
        loop {
            let ids: Vec<ConnectionId> = replaced.iter().map(|connection| connection.id.clone()).collect();
            match self.store.register(user, connection, &ids, now).await? {
                Registration::Registered(connections) => return Ok((connections, replaced)),
                Registration::Full(connections) => {
                    // The first time, the room is not made yet. After that, another handshake took it.
                    if !replaced.is_empty() && !retry.again().await {
                        return Err(ConnectError::Busy);
                    }
                    replaced = make_room(&connections, now).ok_or(ConnectError::TooManyConnections)?;
                }
            }
        }
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
            Ok(Some(Registration::Registered(connections)))
                if is_only_connection(&connection.id, &connections, now) =>
            {
                let online = self.online_presence(user, now);
                self.push_presence(online).await;
            }
            Ok(Some(Registration::Full(_))) => {
                tracing::warn!("a connection that the registry lost found no room, so it gets no events");
            }
            Ok(Some(Registration::Registered(_)) | None) => {}
            Err(error) => warn_about(&error),
        }
    }

    /// The presence of a user who is online. `at` is taken after the registry answered: an earlier removal must have
    /// an earlier `at`.
    fn online_presence(&self, user: &UserId, since: Timestamp) -> Presence {
        Presence { user_id: user.clone(), status: Status::Online, last_seen: Some(since), at: self.env.now() }
    }
}
