//! HTTP requests to the Auth Service: only over HTTPS or on loopback, without redirects, with a limit for the response.

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use rustls::{ClientConfig, RootCertStore};
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

/// Creates a client that uses no proxy and follows no redirects. It trusts Mozilla's root certificates, which are
/// compiled in, because reading the machine's takes most of the CPU of a start (docs/adr/0002). If SSL_CERT_FILE or
/// SSL_CERT_DIR is set, it trusts the roots there instead.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    // Installs the TLS provider that the AWS SDK uses. If one is already installed, it is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().redirect(Policy::none()).no_proxy();
    // reqwest's own way to the roots reads these variables.
    let has_certificate_variable = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if has_certificate_variable { builder.build() } else { builder.tls_backend_preconfigured(tls()).build() }
}

/// TLS that trusts Mozilla's roots. They are compiled in as data that needs no parsing.
fn tls() -> ClientConfig {
    ClientConfig::builder().with_root_certificates(mozilla_roots()).with_no_client_auth()
}

fn mozilla_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
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

#[cfg(test)]
mod tests {
    use super::*;
    use error_text::error_chain;
    use rcgen::generate_simple_self_signed;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, Stream};
    use std::io::Read as _;
    use std::net::TcpListener;
    use std::sync::Arc;

    #[test]
    fn roots_contain_those_of_common_issuers() {
        let roots = mozilla_roots();
        let subjects: Vec<_> = roots.roots.iter().map(|root| String::from_utf8_lossy(&root.subject)).collect();
        for name in ["Amazon Root CA 1", "DigiCert Global Root G2", "GTS Root R1", "ISRG Root X1"] {
            assert!(subjects.iter().any(|subject| subject.contains(name)), "{name}");
        }
    }

    #[tokio::test]
    async fn server_with_an_unknown_root_is_refused() {
        let own = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut session = ServerConnection::new(Arc::new(config)).unwrap();
            let _ = Stream::new(&mut session, &mut socket).read(&mut [0; 1024]);
        });
        let error = fetch(client().unwrap().get(url)).await.unwrap_err();
        let text = error_chain(&error);
        assert!(text.contains("UnknownIssuer") || text.contains("CaUsedAsEndEntity"), "{text}");
    }
}
