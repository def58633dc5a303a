//! Connecting, and connecting again.

use super::connection::Connection;
use super::live::Live;
use super::shared::{Ask, Shared};
use super::{Link, Options, Update};
use crate::{Error, error_chain, random};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What keeps a client connected, in a task of its own.
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    /// Ends when all handles are gone.
    pub(super) asked: mpsc::Receiver<Ask>,
    pub(super) options: Options,
}

/// Why a connection is not served any more.
pub(super) enum End {
    /// Nobody wants it.
    Over,
    /// It is lost.
    Lost(Error),
}

impl Session {
    /// Until all handles are gone.
    pub(super) async fn run(mut self) {
        let mut tries = 0;
        loop {
            self.link(Link::Connecting);
            let connecting = self.connecting();
            let Some(connected) = self.meanwhile(connecting).await else { return };
            let error = match connected {
                Ok(connection) => {
                    self.link(Link::Online);
                    let mut live = Live::new(&mut self, connection);
                    let end = live.serve().await;
                    if live.has_lasted() {
                        tries = 0;
                    }
                    let mut held = self.shared.lock();
                    held.state.disconnected();
                    held.outbox.disconnected();
                    drop(held);
                    match end {
                        End::Over => return,
                        End::Lost(error) => error,
                    }
                }
                Err(error) => error,
            };
            let retry_in = random::before_try(tries, self.options.first_wait, self.options.longest_wait);
            tries = tries.saturating_add(1);
            self.link(Link::Offline { reason: error_chain(&error), is_of_token: error.is_of_token(), retry_in });
            let waited = self.meanwhile(Box::pin(tokio::time::sleep(retry_in))).await;
            if waited.is_none() {
                return;
            }
        }
    }

    /// A new connection, with a token that is asked for.
    pub(super) fn connecting(&self) -> BoxFuture<'static, Result<Connection, Error>> {
        let (shared, options) = (self.shared.clone(), self.options.clone());
        Box::pin(async move {
            let token = shared.new_token().await?;
            Connection::open(&options.ws_url, token, options.life).await
        })
    }

    /// Waits for this; whoever asks meanwhile is told that there is no connection. None if all handles are gone.
    async fn meanwhile<T>(&mut self, mut wanted: BoxFuture<'static, T>) -> Option<T> {
        loop {
            tokio::select! {
                done = &mut wanted => return Some(done),
                ask = self.asked.recv() => {
                    let _ = ask?.reply.send(Err(Error::NotConnected));
                }
            }
        }
    }

    fn link(&self, link: Link) {
        self.shared.lock().link = link.clone();
        self.shared.say(Update::Connection(link));
    }
}
