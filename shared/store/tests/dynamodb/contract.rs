//! DynamoDB keeps the contract that the in-memory store keeps: a real engine, through the real SDK, over HTTP.

testkit::contract_suite!(crate::support::store().await.0);
