//! Tests of rules and use cases on the in-memory store, with a clock that advances only when a task waits.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

mod attachments;
mod avatars;
mod blocks;
mod changes;
mod chats;
mod clearing;
mod closed_groups;
mod connections;
mod custom;
mod deletions;
mod details;
mod edits;
mod fan_out;
mod former_members;
mod groups;
mod hot_chats;
mod inbox;
mod interleavings;
mod joining_and_leaving;
mod leaving_the_queue;
mod limits;
mod messages;
mod mutes;
mod names;
mod notifications;
mod own_views;
mod presence;
mod profiles;
mod reactions;
mod reading;
mod replies_and_mentions;
mod support;
mod sync;
mod sync_frames;
mod typing;
mod unread_counts;
