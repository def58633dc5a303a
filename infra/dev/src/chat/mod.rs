//! `cargo run -- chat`: a client for the terminal, and for scripts.

mod command;
mod draw;
mod files;
mod lines;
mod names;
mod terminal;
mod view;

use crate::Error;
use client::wire::HttpClient;
use client::{Client, Link, Options, Tokens, Update, Updates};
use futures_util::future::BoxFuture;
use serde_json::json;
use std::sync::Arc;

pub use lines::converse as in_lines;
pub use terminal::show as in_terminal;

/// What is said of a failure: of a refusal what the system says of it.
fn in_words(error: &client::Error) -> String {
    error.problem().map_or_else(|| crate::error_chain(error), |problem| problem.detail.clone())
}

/// Tokens of the stand-in Auth Service, a new one each time.
#[derive(Debug, Clone)]
pub struct StandIn {
    /// Where it is.
    pub auth_url: String,
    /// Whose tokens.
    pub user: String,
}

impl StandIn {
    /// A token.
    ///
    /// # Errors
    /// It does not answer, or answers no token.
    pub async fn ask(&self) -> Result<String, Error> {
        let auth = HttpClient::new(&self.auth_url, None)?;
        let (_, answer) = auth.post("/token", &json!({"userId": self.user})).await?;
        let token = answer["token"].as_str().map(str::to_owned);
        token.ok_or_else(|| Error::Step { step: "get a token", reason: format!("the Auth Service answered {answer}") })
    }
}

impl Tokens for StandIn {
    fn token(&self) -> BoxFuture<'_, Result<String, client::Error>> {
        Box::pin(async { self.ask().await.map_err(|error| client::Error::Token(crate::error_chain(&error))) })
    }
}

/// Starts a client. A system that is not there, or does not accept the token, is told at once: it would not be by waiting.
///
/// # Errors
/// That.
pub async fn start(options: Options, tokens: Arc<dyn Tokens>) -> Result<(Client, Updates), Error> {
    let place = options.ws_url.clone();
    let (client, mut updates) = Client::start(options, tokens).await?;
    loop {
        match updates.next().await {
            Some(Update::Connection(Link::Online)) => return Ok((client, updates)),
            Some(Update::Connection(Link::Offline { reason, is_of_token, .. })) => {
                return Err(if is_of_token { Error::NotAccepted(reason) } else { Error::NoChat { place, reason } });
            }
            _ => {}
        }
    }
}
