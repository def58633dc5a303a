//! The capacity that DynamoDB's answers report. They report it if a call asks with `ReturnConsumedCapacity`.

use serde::Deserialize;

/// What a call consumed of one table.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
pub struct ConsumedCapacity {
    /// The table.
    pub table_name: String,
    /// The read or write units, with those of indexes.
    pub capacity_units: f64,
}

/// The part of an answer about capacity.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    consumed_capacity: Consumed,
}

/// The capacity of one table, or of each table of a batch or a transaction.
#[derive(Deserialize)]
#[serde(untagged)]
enum Consumed {
    One(ConsumedCapacity),
    Each(Vec<ConsumedCapacity>),
}

/// The capacity that an answer reports, by table. Empty if it reports none.
#[must_use]
pub fn consumed_capacity(answer: &[u8]) -> Vec<ConsumedCapacity> {
    match serde_json::from_slice(answer) {
        Ok(Answer { consumed_capacity: Consumed::One(capacity) }) => vec![capacity],
        Ok(Answer { consumed_capacity: Consumed::Each(capacities) }) => capacities,
        Err(_) => Vec::new(),
    }
}

/// Whether an operation such as `GetItem` consumes read units, and not write units.
#[must_use]
pub fn consumes_reads(operation: &str) -> bool {
    ["Get", "BatchGet", "Query", "Scan", "TransactGet"].iter().any(|read| operation.starts_with(read))
}
