//! Where a client gets its token, and what the client reads in it.

use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use std::time::{Duration, SystemTime};

/// Gives tokens of one user: asked before each connection, so also when the one before runs out.
pub trait Tokens: Send + Sync {
    /// A token that is good now.
    fn token(&self) -> BoxFuture<'_, Result<String, Error>>;
}

/// A token, unless it takes longer than this.
pub(crate) async fn ask(tokens: &dyn Tokens, patience: Duration) -> Result<String, Error> {
    tokio::time::timeout(patience, tokens.token()).await.unwrap_or(Err(Error::NoAnswer))
}

/// One token, for as long as it is good.
#[derive(Clone)]
pub struct OneToken(pub String);

impl std::fmt::Debug for OneToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneToken")
    }
}

impl Tokens for OneToken {
    fn token(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// What a client reads in its own token. Whether it is genuine, the server says.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Claims {
    /// The user.
    pub(crate) sub: String,
    exp: u64,
}

impl Claims {
    /// # Errors
    /// It is no JWT with a user and an end.
    pub(crate) fn of(token: &str) -> Result<Self, Error> {
        let read = || {
            let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
            serde_json::from_slice(&payload).ok()
        };
        read().ok_or_else(|| Error::Token("it is no JWT with sub and exp".to_owned()))
    }

    /// For how long it is good.
    #[allow(clippy::disallowed_methods)] // a client has the machine's clock
    pub(crate) fn left(&self) -> Duration {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Duration::from_secs(self.exp).saturating_sub(now)
    }
}
