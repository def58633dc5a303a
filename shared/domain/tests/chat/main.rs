//! Rules and use cases on the in-memory store, with a clock that stands still unless somebody waits.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

mod chats;
mod connections;
mod fan_out;
mod interleavings;
mod messages;
mod reading;
mod support;
