//! A JWKS address (RFC 7517).

use crate::keys::{FetchError, FetchKeys, KeySet};
use jsonwebtoken::jwk::JwkSet;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use std::net::IpAddr;
use std::time::Duration;

/// The longest that a fetch may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The largest JWKS that is read.
const MOST_BYTES: usize = 256 * 1024;

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
        let url = Url::parse(url).map_err(|error| FetchError(error.into()))?;
        let is_loopback = url.host_str().is_some_and(|host| {
            host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        });
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
            return Err(FetchError("a JWKS address must be https, or http on a loopback address".into()));
        }
        // The provider that the AWS SDK uses; one that is installed already is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(TIMEOUT).redirect(Policy::none()).no_proxy().build();
        Ok(Self { client: client.map_err(|error| FetchError(error.into()))?, url })
    }

    async fn download(&self) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let mut response = self.client.get(self.url.clone()).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(format!("the JWKS has more than {MOST_BYTES} bytes").into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl FetchKeys for JwksEndpoint {
    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let body = self.download().await.map_err(FetchError)?;
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
