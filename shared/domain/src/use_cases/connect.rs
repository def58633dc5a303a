//! A WebSocket connection comes and goes.

use super::App;
use super::fan_out::warn_about;
use crate::chat_user::{Connection, Status, is_alone, is_online, surplus};
use crate::event::Presence;
use crate::ids::{ConnectionId, UserId};
use crate::meter::PushReport;
use crate::ports::{Env, Push, ReadInbox, Registry, StoreError};
use crate::timestamp::Timestamp;
use futures_util::future::join_all;

/// A connection that is registered.
#[derive(Debug)]
pub struct ConnectOutcome {
    /// How many older connections of the user were closed to make room.
    pub closed: usize,
    /// What became of telling the user's partners, if this is the first device.
    pub pushed: PushReport,
}

/// A connection that is removed.
#[derive(Debug)]
pub struct DisconnectOutcome {
    /// What became of telling the user's partners, if this was the last device.
    pub pushed: PushReport,
}

/// Why a connection is not registered.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The token had expired, or the connection is older than any can be.
    #[error("the connection is not live")]
    Expired,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: ReadInbox + Registry, P: Push, E: Env> App<S, P, E> {
    /// Registers a connection. Dead ones go, and of more than 20 the oldest: they are forgotten and closed. If it is the
    /// only live one, the user's partners are told.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(&self, user: &UserId, connection: &Connection) -> Result<ConnectOutcome, ConnectError> {
        let now = self.env.now();
        if !connection.is_live(now) {
            return Err(ConnectError::Expired);
        }
        let connections = self.store.register(user, connection, now).await?;
        let here = self.is_here(user, now);
        let surplus: Vec<ConnectionId> = surplus(&connections, now).into_iter().map(|gone| gone.id).collect();
        if !surplus.is_empty() {
            if let Err(error) = self.store.forget(user, &surplus).await {
                warn_about(&error);
            }
            // One that does not close is forgotten all the same: API Gateway closes it in its time.
            join_all(surplus.iter().map(|id| self.push.close(id))).await;
        }
        let pushed = match is_alone(&connection.id, &connections, now) {
            true => self.push_presence(here).await,
            false => PushReport::default(),
        };
        Ok(ConnectOutcome { closed: surplus.len(), pushed })
    }

    /// Removes a connection that is closed. If it was the last live one, the user's partners are told.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn disconnect(&self, user: &UserId, connection: &ConnectionId) -> Result<DisconnectOutcome, StoreError> {
        let now = self.env.now();
        // As of before the registry was asked: a connection that is registered after it is later.
        let gone = Presence { user_id: user.clone(), status: Status::Offline, last_seen: Some(now), at: now };
        let left = self.store.unregister(user, connection, now).await?;
        let pushed = match is_online(&left, now) {
            true => PushReport::default(),
            false => self.push_presence(gone).await,
        };
        Ok(DisconnectOutcome { pushed })
    }

    /// Who asks what they missed over a connection is there: it is noted again if it was lost, so that its user is told of
    /// events again. Failing to is logged, and no error. Other frames do not do that: often one is the last before a
    /// close, and would note again what the close removed.
    pub(super) async fn register_connection(&self, user: &UserId, connection: Option<&Connection>) {
        let Some(connection) = connection else { return };
        let now = self.env.now();
        match self.store.reregister(user, connection, now).await {
            Ok(Some(connections)) if is_alone(&connection.id, &connections, now) => {
                let here = self.is_here(user, now);
                self.push_presence(here).await;
            }
            Ok(_) => {}
            Err(error) => warn_about(&error),
        }
    }

    /// As of now, after the registry has answered: whatever was removed before is earlier.
    fn is_here(&self, user: &UserId, since: Timestamp) -> Presence {
        Presence { user_id: user.clone(), status: Status::Online, last_seen: Some(since), at: self.env.now() }
    }
}
