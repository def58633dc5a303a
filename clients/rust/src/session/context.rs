//! What connecting and serving a connection both need.

use super::Options;
use super::connection::Connection;
use super::shared::{Shared, SocketRequest};
use crate::Error;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What connecting and serving a connection both need.
pub(super) struct Context {
    pub(super) shared: Arc<Shared>,
    /// Requests of the client's handles. The channel is closed when all handles are dropped.
    pub(super) socket_requests: mpsc::Receiver<SocketRequest>,
    pub(super) options: Options,
}

impl Context {
    /// Opens a connection with a new token.
    pub(super) fn connect(&self) -> BoxFuture<'static, Result<Connection, Error>> {
        let (shared, options) = (self.shared.clone(), self.options.clone());
        Box::pin(async move {
            let token = shared.new_token().await?;
            Connection::open(&options.ws_url, token, options.max_connection_age).await
        })
    }
}
