//! A WebSocket connection comes and goes.

use super::App;
use super::fan_out::warn_about;
use crate::chat_user::{Connection, surplus};
use crate::ids::{ConnectionId, UserId};
use crate::ports::{Env, Push, Registry, StoreError};
use futures_util::future::join_all;

/// A connection that is registered.
#[derive(Debug)]
pub struct Connected {
    /// How many older connections of the user were closed to make room.
    pub closed: usize,
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

impl<S: Registry, P: Push, E: Env, D: Sync> App<S, P, E, D> {
    /// Registers a connection. Dead ones go, and of more than 20 the oldest: they are forgotten and closed.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(&self, user: &UserId, connection: &Connection) -> Result<Connected, ConnectError> {
        let now = self.env.now();
        if !connection.is_live(now) {
            return Err(ConnectError::Expired);
        }
        let connections = self.store.register(user, connection).await?;
        let surplus: Vec<ConnectionId> = surplus(&connections, now).into_iter().map(|gone| gone.id).collect();
        if !surplus.is_empty() {
            if let Err(error) = self.store.forget(user, &surplus).await {
                warn_about(&error);
            }
            // One that does not close is forgotten all the same: API Gateway closes it in its time.
            join_all(surplus.iter().map(|id| self.push.close(id))).await;
        }
        Ok(Connected { closed: surplus.len() })
    }
}

impl<S: Registry, P: Sync, E: Env, D: Sync> App<S, P, E, D> {
    /// Removes a connection that is closed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn disconnect(&self, user: &UserId, connection: &ConnectionId) -> Result<(), StoreError> {
        self.store.unregister(user, connection, self.env.now()).await
    }
}
