//! The capacity that calls to DynamoDB consume, by table.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::snapshot::TableCounts;
use crate::dynamodb::{ConsumedCapacity, consumed_capacity, consumes_reads};

/// The consumed capacity by table.
#[derive(Debug, Default)]
pub(crate) struct TableMeter {
    tables: Mutex<BTreeMap<String, TableCounts>>,
}

impl TableMeter {
    /// Adds the capacity in the answer to an operation such as `GetItem`. Ignores answers without capacity.
    pub(crate) fn answered(&self, operation: &str, answer: &[u8]) {
        let is_read = consumes_reads(operation);
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        for ConsumedCapacity { table_name, capacity_units } in consumed_capacity(answer) {
            let table = tables.entry(table_name).or_default();
            table.calls += 1;
            *(if is_read { &mut table.read_units } else { &mut table.write_units }) += capacity_units;
        }
    }

    pub(super) fn counts(&self) -> Vec<TableCounts> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.iter().map(|(name, counts)| TableCounts { name: name.clone(), ..counts.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_is_summed_by_table_and_kind() {
        let meter = TableMeter::default();
        let one =
            br#"{"Item":{},"ConsumedCapacity":{"TableName":"b","CapacityUnits":0.5,"Table":{"CapacityUnits":0.5}}}"#;
        let each =
            br#"{"ConsumedCapacity":[{"TableName":"a","CapacityUnits":4},{"TableName":"b","CapacityUnits":2.0}]}"#;
        for read in ["GetItem", "Query", "Scan"] {
            meter.answered(read, one);
        }
        meter.answered("BatchGetItem", each);
        meter.answered("TransactGetItems", each);
        for write in ["PutItem", "UpdateItem", "DeleteItem"] {
            meter.answered(write, one);
        }
        meter.answered("BatchWriteItem", each);
        meter.answered("TransactWriteItems", each);
        let counts = |name: &str, calls, read_units, write_units| TableCounts {
            name: name.to_owned(),
            calls,
            read_units,
            write_units,
        };
        assert_eq!(meter.counts(), [counts("a", 4, 8.0, 8.0), counts("b", 10, 5.5, 5.5)]);
    }

    #[test]
    fn answer_without_capacity_is_not_counted() {
        let meter = TableMeter::default();
        for answer in [&b"{}"[..], b"", b"[]", br#"{"ConsumedCapacity":null}"#, br#"{"ConsumedCapacity":{}}"#] {
            meter.answered("GetItem", answer);
        }
        assert_eq!(meter.counts(), []);
    }
}
