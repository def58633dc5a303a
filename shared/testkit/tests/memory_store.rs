//! The in-memory store keeps the same contract as DynamoDB.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

testkit::contract_suite!(testkit::MemoryStore::default());

#[tokio::test]
async fn unread_counts_of_ten_thousand_operations_agree_with_a_recount() {
    testkit::unread_counts_agree_with_a_recount(testkit::MemoryStore::default(), 1, 10_000, 1).await;
}
