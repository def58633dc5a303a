//! Tests of the store on a real DynamoDB engine, through the real SDK, over HTTP.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

mod budgets;
mod budgets_of_attachments;
mod budgets_of_blocks;
mod budgets_of_changes;
mod budgets_of_names;
mod budgets_of_queues;
mod budgets_of_views;
mod contract;
mod earlier_items;
mod item_sizes;
mod item_versions;
mod support;
mod unread_counts;
