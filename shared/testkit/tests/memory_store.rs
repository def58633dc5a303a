//! The in-memory store keeps the same contract as DynamoDB.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

testkit::contract_suite!(testkit::MemoryStore::default());
