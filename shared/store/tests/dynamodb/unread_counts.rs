//! Unread counts on the engine.

use crate::support::OwnTables;

async fn recount(operations: u64) {
    let own = OwnTables::new().await;
    testkit::unread_counts_agree_with_a_recount(own.store(), 2, operations, 4).await;
}

#[tokio::test]
async fn unread_counts_of_random_operations_agree_with_a_recount() {
    recount(800).await;
}

/// As many as on the memory store.
#[tokio::test]
#[ignore = "takes minutes: cargo xtask verify"]
async fn unread_counts_of_ten_thousand_operations_agree_with_a_recount() {
    recount(10_000).await;
}
