//! HTTP requests to the Auth Service: only over HTTPS or on loopback, without redirects, with a limit for the response.

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use std::error::Error as StdError;
use std::net::IpAddr;

/// The maximum size of a response body.
const MAX_RESPONSE_BYTES: usize = 256 * 1024;

/// An error for the log.
pub(crate) type Failure = Box<dyn StdError + Send + Sync>;

/// Why a request has no usable response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The request could not be sent, or the response could not be received: no connection, a broken one, or a
    /// time-out.
    #[error("the request failed")]
    Transport(#[source] reqwest::Error),
    /// The status is not 2xx.
    #[error("the response has the status {0}")]
    Status(StatusCode),
    /// The response body is too large.
    #[error("the response has more than {MAX_RESPONSE_BYTES} bytes")]
    TooLarge,
}

impl HttpError {
    /// Whether the same request may succeed in a moment.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Transport(error) => !error.is_builder(),
            Self::Status(status) => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => false,
        }
    }

    /// Removes the URL from the error, so that the log does not contain it.
    pub(crate) fn without_url(self) -> Self {
        match self {
            Self::Transport(error) => Self::Transport(error.without_url()),
            other => other,
        }
    }
}

/// Parses a URL and checks it with [`is_private`].
pub(crate) fn parse_url(text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text)?;
    if !is_private(&url) {
        return Err("the URL must be https, or http on a loopback address".into());
    }
    Ok(url)
}

/// Whether nobody on the network can read or change a request to this URL: HTTPS, or HTTP on a loopback address.
pub(crate) fn is_private(url: &Url) -> bool {
    let is_loopback = url.host_str().is_some_and(|host| {
        host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    });
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

/// Creates a client that uses no proxy and follows no redirects.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    // Installs the TLS provider that the AWS SDK uses. If one is already installed, it is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).no_proxy().build()
}

/// Sends a request and returns the response body. The request contains its own time-out.
pub(crate) async fn fetch(request: RequestBuilder) -> Result<Vec<u8>, HttpError> {
    let mut response = request.send().await.map_err(HttpError::Transport)?;
    if !response.status().is_success() {
        return Err(HttpError::Status(response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(HttpError::Transport)? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
