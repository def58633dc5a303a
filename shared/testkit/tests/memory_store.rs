//! The in-memory store keeps the contract that DynamoDB keeps.

testkit::contract_suite!(testkit::MemoryStore::default());
