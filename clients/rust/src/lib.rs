//! A client of both APIs that misses nothing and repeats nothing.
//!
//! - [`Client`] is what an application uses: it keeps a connection, connects again with full jitter, asks for what it
//!   missed, sends each message under one name until it is stored, and tells what happens in order and once.
//! - [`State`] is what it holds: a pure reducer of events and answers, with the rules of docs/API.md. [`outbox`] is what
//!   it has to send.
//! - [`call`] has every request by name, [`documents`], [`events`] and [`problem`] every type that is answered or pushed,
//!   as docs/openapi.yaml and docs/asyncapi.yaml describe them.
//! - [`wire`] is one request and one connection at a time, in JSON: what tests use to say what no client would.
//!
//! ```no_run
//! use client::draft::{Draft, NewChat};
//! use client::{Client, OneToken, Options, Update};
//! use std::sync::Arc;
//!
//! # async fn example(token: String) -> Result<(), client::Error> {
//! let options = Options::new("http://127.0.0.1:3000", "ws://127.0.0.1:3001/live");
//! let (client, mut updates) = Client::start(options, Arc::new(OneToken(token))).await?;
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
pub use session::{Client, Link, Options, Task, Update, Updates};
pub use state::{Asked, Held, MAX_OPEN_CHATS, Person, Question, State};
pub use token::{OneToken, Tokens};
pub use transfer::sha256;
