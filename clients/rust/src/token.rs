//! Where a client gets its token, and what the client reads in it.

use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use std::time::{Duration, SystemTime};

/// Gives the tokens of one user. The client asks for a token before each connection, also before the present token
/// expires, and when the HTTP API refuses the present one.
pub trait TokenSource: Send + Sync {
    /// A token that is valid now.
    fn token(&self) -> BoxFuture<'_, Result<String, Error>>;
}

/// Gets a token.
///
/// # Errors
/// The source fails, or [`Error::NoAnswer`] if it takes longer than `timeout`.
pub(crate) async fn fetch(tokens: &dyn TokenSource, timeout: Duration) -> Result<String, Error> {
    tokio::time::timeout(timeout, tokens.token()).await.unwrap_or(Err(Error::NoAnswer))
}

/// A source that always gives the same token. When it expires, the client cannot connect again.
#[derive(Clone)]
pub struct StaticToken(pub String);

/// Without the token.
impl std::fmt::Debug for StaticToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StaticToken")
    }
}

impl TokenSource for StaticToken {
    fn token(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// What a client reads in its own token. It does not verify the token: the server does.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Claims {
    /// The user's id.
    pub(crate) sub: String,
    exp: u64,
}

impl Claims {
    /// # Errors
    /// [`Error::Token`] if it is no JWT with `sub` and `exp`.
    pub(crate) fn of(token: &str) -> Result<Self, Error> {
        let read = || {
            let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
            serde_json::from_slice(&payload).ok()
        };
        read().ok_or_else(|| Error::Token("it is no JWT with sub and exp".to_owned()))
    }

    /// How long the token is still valid by this machine's clock; zero if it has expired.
    #[allow(clippy::disallowed_methods)] // a client has the machine's clock
    pub(crate) fn time_left(&self) -> Duration {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Duration::from_secs(self.exp).saturating_sub(now)
    }
}
