//! Requests to the Auth Service: never in the clear, never elsewhere than configured, never more than fits.

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use std::error::Error as StdError;
use std::net::IpAddr;

/// The largest answer that is read.
const MAX_RESPONSE_BYTES: usize = 256 * 1024;

/// Whatever went wrong, for the log.
pub(crate) type Failure = Box<dyn StdError + Send + Sync>;

/// Why a request has no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// It could not be sent, or its answer not be received: no connection, a broken one, no time left.
    #[error("the request failed")]
    Transport(#[source] reqwest::Error),
    /// The answer is not a success.
    #[error("the answer was {0}")]
    Status(StatusCode),
    /// The answer is too large.
    #[error("the answer has more than {MAX_RESPONSE_BYTES} bytes")]
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

    /// The same, where the address is nothing for a log.
    pub(crate) fn without_url(self) -> Self {
        match self {
            Self::Transport(error) => Self::Transport(error.without_url()),
            other => other,
        }
    }
}

/// An address that may be asked: see [`is_private`].
pub(crate) fn address(text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text)?;
    if !is_private(&url) {
        return Err("the address must be https, or http on a loopback address".into());
    }
    Ok(url)
}

/// Whether nobody on the way can read or change what is sent: HTTPS, or HTTP on a loopback address.
pub(crate) fn is_private(url: &Url) -> bool {
    let is_loopback = url.host_str().is_some_and(|host| {
        host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    });
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

/// A client that goes straight to the address that it is given, and follows no answer elsewhere.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    // The provider that the AWS SDK uses; one that is installed already is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).no_proxy().build()
}

/// The body of the answer to this request, which says itself how long it may take.
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
