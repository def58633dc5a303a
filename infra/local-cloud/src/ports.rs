//! The ports of both APIs. They are bound first, so that their numbers can be used in the template's parameters.

use std::{io, net::SocketAddr};

use axum::serve::{ListenerExt as _, TapIo};
use tokio::net::{TcpListener, TcpStream};

use crate::Error;

/// Listeners on 127.0.0.1 for the HTTP API and the WebSocket API.
#[derive(Debug)]
pub struct Ports {
    pub(crate) http: TcpListener,
    pub(crate) websocket: TcpListener,
    http_address: SocketAddr,
    websocket_address: SocketAddr,
}

impl Ports {
    /// Binds both ports. 0 means any free port.
    ///
    /// # Errors
    ///
    /// [`Error::PortTaken`] if another program listens on a port.
    pub async fn bind(http_port: u16, websocket_port: u16) -> Result<Self, Error> {
        let (http, http_address) = listen(http_port).await?;
        let (websocket, websocket_address) = listen(websocket_port).await?;
        Ok(Self { http, websocket, http_address, websocket_address })
    }

    /// The address of the HTTP API.
    #[must_use]
    pub fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// The address of the WebSocket API and of `@connections`.
    #[must_use]
    pub fn websocket_address(&self) -> SocketAddr {
        self.websocket_address
    }

    /// The base URL of the HTTP API, such as `http://127.0.0.1:3000`.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("http://{}", self.http_address)
    }

    /// The endpoint of the management API for a stage, such as `http://127.0.0.1:3001/dev`.
    #[must_use]
    pub fn connections_url(&self, stage: &str) -> String {
        format!("http://{}/{stage}", self.websocket_address)
    }
}

/// Binds a listener on 127.0.0.1. Returns its address, too.
pub(crate) async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), Error> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|source| listen_error(port, source))?;
    let address = listener.local_addr().map_err(|source| listen_error(port, source))?;
    Ok((listener, address))
}

/// The listener, whose connections send each write at once (`TCP_NODELAY`). Otherwise a write waits until the client has
/// acknowledged the one before it. A client that has nothing to send acknowledges after 40 ms: a second event to a
/// socket, and the end of a long answer, would come that much later.
pub(crate) fn without_delay(listener: TcpListener) -> TapIo<TcpListener, fn(&mut TcpStream)> {
    listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection may send with a delay");
        }
    })
}

pub(crate) fn listen_error(port: u16, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken { port },
        _ => Error::Listen { port, source },
    }
}

#[cfg(test)]
mod tests {
    use axum::serve::Listener as _;

    use super::*;

    #[tokio::test]
    async fn connections_send_each_write_at_once() {
        let (listener, address) = listen(0).await.unwrap();
        let mut listener = without_delay(listener);
        let _client = TcpStream::connect(address).await.unwrap();
        let (connection, _client_address) = listener.accept().await;
        assert!(connection.nodelay().unwrap());
    }
}
