//! Test doubles: in-memory store and bucket, recording push channel, fixed clock, and the use cases over them. Also the
//! contract suite that every store must pass, and the comparison of a client's state with a fresh listing.
//!
//! The doubles are as strict as the real services, and stricter where a local engine is more lenient than DynamoDB.
//! [`MemoryStore`] can raise transaction conflicts, lose a response after a commit, and show only a part of a
//! transaction.

// Only tests use this crate. A panic is how a test fails.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod app;
pub mod contract;
mod env;
pub mod fixtures;
pub mod listing;
mod memory_bucket;
mod memory_store;
pub mod ops;
mod recording_push;
mod recount;
mod redis_server;
mod rng;

pub use app::{TestApp, app};
pub use env::TestEnv;
pub use memory_bucket::MemoryBucket;
pub use memory_store::{CallCounts, Faults, MemoryStore};
pub use recording_push::RecordingPush;
pub use recount::unread_counts_agree_with_a_recount;
pub use redis_server::RedisServer;
