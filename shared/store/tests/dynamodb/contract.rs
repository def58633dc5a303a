//! DynamoDB keeps the contract that the in-memory store keeps: a real engine, through the real SDK, over HTTP. And so it does
//! with live connections in a real Redis.

mod alone {
    testkit::contract_suite!(crate::support::store().await.0);
}

mod with_redis {
    testkit::contract_suite!(crate::support::store_with_redis().await.0);
}
