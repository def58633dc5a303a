//! Rules and use cases on the in-memory store, with a clock that stands still unless somebody waits.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

mod chats;
mod clearing;
mod connections;
mod edits;
mod fan_out;
mod groups;
mod inbox;
mod interleavings;
mod messages;
mod mutes;
mod profiles;
mod reading;
mod replies_and_mentions;
mod support;
mod sync;
mod typing;
