//! In-memory store and bucket, recording push, fixed clock, the use cases over them, the contract suite that every store
//! must pass, and how what a client holds is compared with what is listed.
//!
//! The fakes are as strict as the real thing, and stricter where an embedded engine is kinder than DynamoDB:
//! [`MemoryStore`] can raise transaction conflicts, lose a reply after a commit, and show a transaction half.

// What only tests call may panic: that is how a test fails.
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
mod redis_server;
mod rng;

pub use app::{TestApp, app};
pub use env::TestEnv;
pub use memory_bucket::MemoryBucket;
pub use memory_store::{Faults, MemoryStore};
pub use recording_push::RecordingPush;
pub use redis_server::RedisServer;
