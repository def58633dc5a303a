//! Keys from the URL of a JWKS (RFC 7517).

use crate::http;
use crate::keys::{FetchError, FetchKeys, KeySet};
use jsonwebtoken::jwk::JwkSet;
use reqwest::{Client, Url};
use std::time::Duration;

/// The maximum duration of a fetch.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Fetches keys from the URL of a JWKS.
#[derive(Debug)]
pub struct JwksEndpoint {
    client: Client,
    url: Url,
}

impl JwksEndpoint {
    /// Creates a source for the JWKS at this URL: HTTPS, or HTTP on a loopback address.
    ///
    /// # Errors
    /// [`FetchError`] if the URL is not valid, or is neither HTTPS nor on loopback.
    pub fn new(url: &str) -> Result<Self, FetchError> {
        let url = http::parse_url(url).map_err(FetchError)?;
        Ok(Self { client: http::client().map_err(|error| FetchError(error.into()))?, url })
    }
}

impl FetchKeys for JwksEndpoint {
    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let request = self.client.get(self.url.clone()).timeout(TIMEOUT);
        let body = http::fetch(request).await.map_err(|error| FetchError(error.into()))?;
        let jwks: JwkSet = serde_json::from_slice(&body).map_err(|error| FetchError(error.into()))?;
        let keys = KeySet::of_jwks(&jwks);
        if keys.is_empty() {
            return Err(FetchError("the JWKS has no RS256, ES256 or EdDSA key".into()));
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::Server;
    use axum::http::StatusCode;
    use axum::response::IntoResponse as _;
    use error_text::error_chain;

    #[tokio::test]
    async fn keys_are_fetched_or_the_error_says_why_not() {
        let server = Server::start(|request| async move {
            // The public key of RFC 8037, appendix A.2.
            let key =
                r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "ed"}"#;
            match request.uri.path() {
                "/jwks" => format!(r#"{{"keys": [{key}]}}"#).into_response(),
                "/none" => r#"{"keys": []}"#.into_response(),
                _ => StatusCode::NOT_FOUND.into_response(),
            }
        })
        .await;
        let fetch = async |path| JwksEndpoint::new(&format!("{}{path}", server.url)).unwrap().fetch().await;
        assert!(fetch("/jwks").await.unwrap().find(Some("ed")).is_some());
        for (path, reason) in [("/none", "has no RS256, ES256 or EdDSA key"), ("/other", "404")] {
            let error = fetch(path).await.unwrap_err();
            assert!(error_chain(&error).contains(reason), "{}", error_chain(&error));
        }
    }

    #[test]
    fn url_must_be_https_or_on_loopback() {
        for good in
            ["https://auth.example/jwks", "http://127.0.0.1:1/jwks", "http://[::1]:1/jwks", "http://localhost/jwks"]
        {
            assert!(JwksEndpoint::new(good).is_ok(), "{good}");
        }
        for bad in ["http://auth.example/jwks", "http://127.0.0.1.evil.example/", "ftp://localhost/", "jwks", ""] {
            assert!(JwksEndpoint::new(bad).is_err(), "{bad}");
        }
    }
}
