//! The real binaries, over real sockets.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

mod conversation;
mod idempotency;
mod input;
mod logs;
mod sockets;
mod strangers;
mod tokens;
