//! A client of both APIs. It misses no event and repeats none, also after a lost connection.
//!
//! - [`Client`] is for applications. It keeps a connection and connects again with full jitter. It asks for what it
//!   missed, sends each message under one id until it is stored, and reports what happens, in order and once.
//! - [`State`] is what the client holds: a pure reducer of events and answers, with the rules of docs/API.md.
//!   [`outbox`] is what the client has to send.
//! - [`call`] has every request as a function. [`documents`], [`events`] and [`problem`] have the types of answers,
//!   replies and events, as docs/openapi.yaml and docs/asyncapi.yaml describe them.
//! - [`wire`] is one request and one connection at a time, in JSON. Tests use it to send what this client would not
//!   send.
//!
//! ```no_run
//! use client::draft::{Draft, NewChat};
//! use client::{Client, Options, StaticToken, Update};
//! use std::sync::Arc;
//!
//! # async fn example(token: String) -> Result<(), client::Error> {
//! let options = Options::new("http://127.0.0.1:3000", "ws://127.0.0.1:3001/live");
//! let (client, mut updates) = Client::start(options, Arc::new(StaticToken(token))).await?;
//! let chat = client.create_chat(&NewChat::private("bob")).await?;
//! client.send(&chat.chat_id, Draft::text("Hello Bob"))?;
//! while let Some(update) = updates.next().await {
//!     if let Update::Event(event) = update {
//!         println!("{event:?}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

pub mod call;
pub mod documents;
pub mod draft;
mod error;
pub mod events;
pub mod outbox;
pub mod problem;
mod random;
mod session;
mod state;
mod token;
mod transfer;
pub mod wire;

pub use error::Error;
pub use error_text::error_chain;
pub use session::{Client, ConnectionStatus, Options, Task, Update, Updates};
pub use state::{CatchUpRequest, ChatState, MAX_NAMED_USERS, MAX_VISIBLE_CHATS, PendingSync, Person, State};
pub use token::{StaticToken, TokenSource};
pub use transfer::sha256;
