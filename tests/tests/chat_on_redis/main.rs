//! The tests of `chat` with live connections in Redis, and tests of an outage of Redis.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

#[path = "../chat/abuse.rs"]
mod abuse;
#[path = "../chat/client_library.rs"]
mod client_library;
#[path = "../chat/contract.rs"]
mod contract;
#[path = "../chat/convergence.rs"]
mod convergence;
#[path = "../chat/conversation.rs"]
mod conversation;
#[path = "../chat/groups.rs"]
mod groups;
#[path = "../chat/idempotency.rs"]
mod idempotency;
#[path = "../chat/input.rs"]
mod input;
#[path = "../chat/logs.rs"]
mod logs;
#[path = "../chat/metrics.rs"]
mod metrics;
#[path = "../chat/notifications.rs"]
mod notifications;
mod outage;
#[path = "../chat/presence.rs"]
mod presence;
#[path = "../chat/sockets.rs"]
mod sockets;
#[path = "../chat/strangers.rs"]
mod strangers;
#[path = "../chat/sync.rs"]
mod sync;
#[path = "../chat/tokens.rs"]
mod tokens;

use dev::cloud::Setup;
use end_to_end::System;

/// The system that the tests share.
fn system() -> &'static System {
    System::shared_on_redis()
}

/// A separate system for a test.
fn start(change: impl FnOnce(&mut Setup) + Send + 'static) -> System {
    System::start_on_redis(change)
}
