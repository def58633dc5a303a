//! What the Auth Service knows us by: a bearer token (RFC 6750), kept in Secrets Manager.

use crate::cache::MIN_FETCH_INTERVAL;
use crate::http::Failure;
use crate::secret::Secret;
use aws_config::SdkConfig;
use domain::timestamp::Timestamp;
use error_text::error_chain;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;

/// A bearer token that is read from Secrets Manager when it is first needed, and again when it is refused.
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
        self.tried_at.is_some_and(|tried| now.since(tried) < MIN_FETCH_INTERVAL)
    }
}

impl Credential {
    /// The secret of this ARN; its value is the token. `endpoint` replaces the region's own.
    pub fn new(config: &SdkConfig, endpoint: Option<&str>, arn: &str) -> Self {
        Self { secret: Secret::new(config, endpoint, arn), state: Mutex::default() }
    }

    /// The token. One fetch at a time: whoever comes while it is under way waits for it and finds what it brought.
    pub(crate) async fn token(&self, now: Timestamp) -> Result<Token, Failure> {
        let mut state = self.state.lock().await;
        match &state.token {
            Some(token) => Ok(token.clone()),
            // Nobody waits again for a secret that could not be read a moment ago.
            None if state.is_cooling_down(now) => Err("the credential could not be read a moment ago".into()),
            None => self.fetch(&mut state, now).await,
        }
    }

    /// Another token than this one, which was refused: it may have been rotated. None if there is no other, or if the
    /// secret was read a moment ago.
    pub(crate) async fn replacement(&self, refused: &Token, now: Timestamp) -> Option<Token> {
        let mut state = self.state.lock().await;
        if let Some(other) = state.token.as_ref().filter(|kept| *kept != refused) {
            return Some(other.clone());
        }
        // An Auth Service that refuses everybody is no reason to read the secret for every request.
        if state.is_cooling_down(now) {
            return None;
        }
        match self.fetch(&mut state, now).await {
            Ok(token) => Some(token).filter(|token| token != refused),
            Err(error) => {
                tracing::warn!(error = error_chain(error.as_ref()), "the credential that was refused is kept");
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

/// The value of an Authorization header. Nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(HeaderValue);

impl Token {
    /// The bearer token that a secret holds; white space around it, such as a last line's end, is not part of it.
    fn new(secret: &[u8]) -> Result<Self, Failure> {
        let token = secret.trim_ascii();
        if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
            return Err("the secret is no bearer token: visible ASCII characters, no spaces".into());
        }
        let mut value = HeaderValue::from_bytes(&[b"Bearer ", token].concat())?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// For the Authorization header; marked as sensitive.
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
    fn a_token_is_sent_without_white_space_around_it_and_printed_by_nothing() {
        let token = Token::new(b" s3cr3t.Token~+/=\n").unwrap();
        assert_eq!(token.header().as_bytes(), b"Bearer s3cr3t.Token~+/=");
        assert!(token.header().is_sensitive());
        assert!(!format!("{token:?} {:?}", token.header()).contains("s3cr3t"));
    }

    #[test]
    fn what_is_no_token_is_refused_and_not_repeated() {
        for bad in ["", " \n", "s3cr3t two", "s3cr3t\r\nx-admin: 1", "s3cr3t\u{e9}", "{\"token\": \"s3cr3t\"}"] {
            let error = Token::new(bad.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{bad}");
        }
    }
}
