//! The real binaries, over real sockets.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

mod convergence;
mod conversation;
mod groups;
mod idempotency;
mod input;
mod logs;
mod sockets;
mod strangers;
mod sync;
mod tokens;
