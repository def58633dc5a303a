//! `cargo run -- chat`: a client for the terminal and for scripts.

mod command;
mod draw;
mod files;
mod lines;
mod link;
mod names;
mod terminal;
mod text;
mod view;

use crate::{Error, root_cause};
use client::wire::{ClientError, HttpClient};
use client::{Client, ConnectionStatus, Options, TokenSource, Update, Updates};
use futures_util::future::BoxFuture;
use serde_json::json;
use std::sync::Arc;

pub use lines::run as run_lines;
pub use terminal::run as run_terminal;

/// An error as text for the user: the API's own text if the system answered with a problem.
fn error_text(error: &client::Error) -> String {
    error.problem().map_or_else(|| crate::error_chain(error), |problem| problem.detail.clone())
}

/// Gets tokens from the stand-in Auth Service, a new one each time.
#[derive(Debug, Clone)]
pub struct StandIn {
    /// The base URL of the stand-in.
    pub auth_url: String,
    /// The user that the tokens are for.
    pub user: String,
}

impl StandIn {
    /// # Errors
    /// Nothing answers at the address, or another program, or the answer has no token.
    pub async fn request_token(&self) -> Result<String, Error> {
        let auth = HttpClient::new(&self.auth_url, None)?;
        let url = || self.auth_url.clone();
        let answer = auth.post("/token", &json!({"userId": self.user})).await;
        let (status, answer) = answer.map_err(|error| match error {
            ClientError::Json(error) => Error::NotAuthService { url: url(), reason: error.to_string() },
            error => Error::NotRunning { url: url(), option: "--auth-url", reason: root_cause(&error) },
        })?;
        answer["token"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Error::NotAuthService { url: url(), reason: format!("it answers {status} without a token") })
    }
}

impl TokenSource for StandIn {
    fn token(&self) -> BoxFuture<'_, Result<String, client::Error>> {
        Box::pin(async { self.request_token().await.map_err(|error| client::Error::Token(crate::error_chain(&error))) })
    }
}

/// Starts a client and waits until it is connected.
///
/// # Errors
/// The first attempt to connect fails, or the system rejects the token. It does not retry, because waiting would hide a
/// wrong address or token.
pub async fn start(options: Options, tokens: Arc<dyn TokenSource>) -> Result<(Client, Updates), Error> {
    let url = options.ws_url.clone();
    let (client, mut updates) = Client::start(options, tokens).await?;
    loop {
        match updates.next().await {
            Some(Update::Connection(ConnectionStatus::Online)) => return Ok((client, updates)),
            Some(Update::Connection(ConnectionStatus::Offline { reason, is_token_error, .. })) => {
                return Err(if is_token_error {
                    Error::TokenRejected(reason)
                } else {
                    Error::NotConnected { url, reason }
                });
            }
            _ => {}
        }
    }
}
