//! The ports of both APIs. They are bound first, so that their numbers can be used in the template's parameters.

use std::{io, net::SocketAddr};

use tokio::net::TcpListener;

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

pub(crate) fn listen_error(port: u16, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken { port },
        _ => Error::Listen { port, source },
    }
}
