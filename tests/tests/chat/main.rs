//! The real handlers, over real sockets.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

mod abuse;
mod attachments;
mod blocks;
mod client_library;
mod contract;
mod convergence;
mod conversation;
mod custom;
mod groups;
mod idempotency;
mod input;
mod logs;
mod metrics;
mod names;
mod notifications;
mod own_views;
mod presence;
mod sockets;
mod strangers;
mod sync;
mod tokens;

use dev::cloud::Setup;
use end_to_end::System;

/// The system that the tests share.
fn system() -> &'static System {
    System::shared()
}

/// A separate system for a test.
fn start(change: impl FnOnce(&mut Setup) + Send + 'static) -> System {
    System::start(change)
}
