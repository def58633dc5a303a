//! Traces: what the reducer and the outbox of the Rust client did, step by step. Each client library replays the files of
//! `clients/traces` and must do the same.
//!
//! A file has one JSON object per line. `new` begins a trace. Every other line is a step: the method with its arguments,
//! what it returned, the events that resulted, and which facts of the state it changed. docs/ARCHITECTURE.md, "Testing", says
//! how to record them.

#![warn(missing_docs)]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

mod facts;
mod outbox;
mod recording;
mod replay;
mod state;

pub use outbox::TracedOutbox;
pub use replay::{Replayed, replay};
pub use state::{NOW, Traced};

use std::path::PathBuf;

/// The folder of the traces.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
