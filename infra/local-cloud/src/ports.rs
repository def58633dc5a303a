//! The two ports of the local cloud, taken before anything else, so that their numbers can be used in the template.

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
    /// Takes both ports; 0 stands for any that is free.
    ///
    /// # Errors
    ///
    /// [`Error::PortTaken`] names the port that something else listens on.
    pub async fn bind(http_port: u16, websocket_port: u16) -> Result<Self, Error> {
        let (http, http_address) = listen(http_port).await?;
        let (websocket, websocket_address) = listen(websocket_port).await?;
        Ok(Self { http, websocket, http_address, websocket_address })
    }

    /// Where the HTTP API will be.
    #[must_use]
    pub fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// Where the WebSocket API and `@connections` will be.
    #[must_use]
    pub fn websocket_address(&self) -> SocketAddr {
        self.websocket_address
    }

    /// Such as `http://127.0.0.1:3000`.
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

/// A listener on 127.0.0.1, and where it is.
pub(crate) async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), Error> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|source| fault(port, source))?;
    let address = listener.local_addr().map_err(|source| fault(port, source))?;
    Ok((listener, address))
}

pub(crate) fn fault(port: u16, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::AddrInUse => Error::PortTaken { port },
        _ => Error::Listen { port, source },
    }
}
