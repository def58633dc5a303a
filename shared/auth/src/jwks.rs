//! A JWKS address (RFC 7517).

use crate::http;
use crate::keys::{FetchError, FetchKeys, KeySet};
use jsonwebtoken::jwk::JwkSet;
use reqwest::{Client, Url};
use std::time::Duration;

/// The longest that a fetch may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Fetches keys from a JWKS address.
#[derive(Debug)]
pub struct JwksEndpoint {
    client: Client,
    url: Url,
}

impl JwksEndpoint {
    /// The JWKS at this address: HTTPS, or HTTP on a loopback address.
    ///
    /// # Errors
    /// [`FetchError`]: the address is none, or would be fetched in the clear.
    pub fn new(url: &str) -> Result<Self, FetchError> {
        let url = http::address(url).map_err(FetchError)?;
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
    async fn keys_are_fetched_or_it_is_said_why_not() {
        let server = Server::start(|asked| async move {
            // The public key of RFC 8037, appendix A.2.
            let key =
                r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "ed"}"#;
            match asked.uri.path() {
                "/jwks" => format!(r#"{{"keys": [{key}]}}"#).into_response(),
                "/none" => r#"{"keys": []}"#.into_response(),
                _ => StatusCode::NOT_FOUND.into_response(),
            }
        })
        .await;
        let fetch = async |path| JwksEndpoint::new(&format!("{}{path}", server.url)).unwrap().fetch().await;
        assert!(fetch("/jwks").await.unwrap().find(Some("ed")).is_some());
        for (path, says) in [("/none", "has no RS256, ES256 or EdDSA key"), ("/other", "404")] {
            let error = fetch(path).await.unwrap_err();
            assert!(error_chain(&error).contains(says), "{}", error_chain(&error));
        }
    }

    #[test]
    fn keys_are_not_fetched_in_the_clear() {
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
