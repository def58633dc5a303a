//! The credential for requests to the Auth Service: a bearer token (RFC 6750) in Secrets Manager.

use crate::cache::MIN_FETCH_INTERVAL;
use crate::http::Failure;
use crate::secret::Secret;
use aws_config::SdkConfig;
use domain::timestamp::Timestamp;
use error_text::error_chain;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;

/// A bearer token from Secrets Manager. It is read when it is first needed, and again after the Auth Service refuses
/// it.
#[derive(Debug)]
pub struct Credential {
    secret: Secret,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Token>,
    tried_at: Option<Timestamp>,
}

impl State {
    fn is_cooling_down(&self, now: Timestamp) -> bool {
        self.tried_at.is_some_and(|tried_at| now.since(tried_at) < MIN_FETCH_INTERVAL)
    }
}

impl Credential {
    /// Creates a credential whose token is the value of the secret with this ARN. `endpoint` replaces the region's own.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, arn: &str) -> Self {
        Self { secret: Secret::new(config, endpoint, arn), state: Mutex::default() }
    }

    /// The token. Only one fetch runs at a time. Concurrent callers wait for it and use its result.
    pub(crate) async fn token(&self, now: Timestamp) -> Result<Token, Failure> {
        let mut state = self.state.lock().await;
        match &state.token {
            Some(token) => Ok(token.clone()),
            // If the secret could not be read a moment ago, callers do not wait for it again.
            None if state.is_cooling_down(now) => Err("the credential could not be read a moment ago".into()),
            None => self.fetch(&mut state, now).await,
        }
    }

    /// A token other than the refused one, which may have been rotated. None if there is no other token, or if the
    /// secret was read a moment ago.
    pub(crate) async fn replacement(&self, refused: &Token, now: Timestamp) -> Option<Token> {
        let mut state = self.state.lock().await;
        if let Some(other) = state.token.as_ref().filter(|cached| *cached != refused) {
            return Some(other.clone());
        }
        // An Auth Service that refuses all requests does not cause a read of the secret for each of them.
        if state.is_cooling_down(now) {
            return None;
        }
        match self.fetch(&mut state, now).await {
            Ok(token) => Some(token).filter(|token| token != refused),
            Err(error) => {
                tracing::warn!(
                    error = error_chain(error.as_ref()),
                    "the Auth Service refused the credential, and the secret could not be read again"
                );
                None
            }
        }
    }

    async fn fetch(&self, state: &mut State, now: Timestamp) -> Result<Token, Failure> {
        state.tried_at = Some(now);
        let token = Token::new(&self.secret.value().await?)?;
        state.token = Some(token.clone());
        Ok(token)
    }
}

/// The value of an Authorization header. Its Debug output does not contain the token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(HeaderValue);

impl Token {
    /// Parses the value of the secret. White space around the token, such as a line break at the end, is removed.
    fn new(secret: &[u8]) -> Result<Self, Failure> {
        let token = secret.trim_ascii();
        if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
            return Err("the secret is not a bearer token: it must be visible ASCII characters without spaces".into());
        }
        let mut value = HeaderValue::from_bytes(&[b"Bearer ", token].concat())?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The header value, marked as sensitive.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_trimmed_and_never_printed() {
        let token = Token::new(b" s3cr3t.Token~+/=\n").unwrap();
        assert_eq!(token.header().as_bytes(), b"Bearer s3cr3t.Token~+/=");
        assert!(token.header().is_sensitive());
        assert!(!format!("{token:?} {:?}", token.header()).contains("s3cr3t"));
    }

    #[test]
    fn error_of_invalid_token_does_not_contain_it() {
        for bad in ["", " \n", "s3cr3t two", "s3cr3t\r\nx-admin: 1", "s3cr3t\u{e9}", "{\"token\": \"s3cr3t\"}"] {
            let error = Token::new(bad.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{bad}");
        }
    }
}
