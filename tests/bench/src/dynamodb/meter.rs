//! Counts calls, the capacity that they report, and round trips.

use std::{collections::BTreeMap, time::Duration};

use local_cloud::dynamodb::{consumed_capacity, consumes_reads};

/// What the calls of some time add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Answered calls by operation, whatever the answer.
    pub calls: BTreeMap<String, u64>,
    /// The read capacity that answers reported. Answers that are errors report none.
    pub read_units: f64,
    /// The write capacity that answers reported.
    pub write_units: f64,
    /// Calls that were refused because another transaction held an item.
    pub conflicts: u64,
    /// Transactions and writes whose condition failed.
    pub failed_conditions: u64,
    /// The sum of the times from arrival to answer.
    pub call_time: Duration,
}

impl Counts {
    /// What was counted after `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let calls = self.calls.iter().map(|(operation, count)| (operation.clone(), count - earlier.of(operation)));
        Self {
            calls: calls.filter(|(_, count)| *count > 0).collect(),
            read_units: self.read_units - earlier.read_units,
            write_units: self.write_units - earlier.write_units,
            conflicts: self.conflicts - earlier.conflicts,
            failed_conditions: self.failed_conditions - earlier.failed_conditions,
            call_time: self.call_time.saturating_sub(earlier.call_time),
        }
    }

    /// The calls of one operation, such as `GetItem`.
    #[must_use]
    pub fn of(&self, operation: &str) -> u64 {
        self.calls.get(operation).copied().unwrap_or_default()
    }

    /// The transactions that write, with those that were cancelled.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.of("TransactWriteItems")
    }

    /// All calls.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.calls.values().sum()
    }

    /// All calls that read.
    #[must_use]
    pub fn reads(&self) -> u64 {
        ["BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"].iter().map(|name| self.of(name)).sum()
    }
}

/// A call in flight. The number is its place in the chain of calls that wait for each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    place: u64,
}

/// An answered call.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    pub(super) operation: String,
    pub(super) status: u16,
    pub(super) text: &'a str,
    pub(super) took: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) counts: Counts,
    /// The place of the latest answered call in the chain.
    answered_place: u64,
    /// The place of the last successful transaction.
    commit_place: u64,
}

impl Meter {
    pub(super) fn start_chain(&mut self) {
        (self.answered_place, self.commit_place) = (0, 0);
    }

    pub(super) fn round_trips_to_commit(&self) -> u64 {
        self.commit_place
    }

    /// A call that arrives may have waited for every call that was answered before.
    pub(super) fn arrived(&self) -> Call {
        Call { place: self.answered_place + 1 }
    }

    pub(super) fn answered(&mut self, call: Call, outcome: &Outcome<'_>) {
        let Outcome { operation, status, text, took } = outcome;
        *self.counts.calls.entry(operation.clone()).or_default() += 1;
        self.counts.call_time += *took;
        self.answered_place = self.answered_place.max(call.place);
        if *status == 200 {
            if operation == "TransactWriteItems" {
                self.commit_place = call.place;
            }
            self.add_capacity(operation, text);
        } else if text.contains("TransactionConflict") {
            self.counts.conflicts += 1;
        } else if text.contains("ConditionalCheckFailed") {
            self.counts.failed_conditions += 1;
        }
    }

    fn add_capacity(&mut self, operation: &str, text: &str) {
        let units: f64 = consumed_capacity(text.as_bytes()).iter().map(|capacity| capacity.capacity_units).sum();
        *(if consumes_reads(operation) { &mut self.counts.read_units } else { &mut self.counts.write_units }) += units;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(meter: &mut Meter, call: Call, operation: &str, status: u16, text: &str) {
        let took = Duration::from_millis(5);
        meter.answered(call, &Outcome { operation: operation.to_owned(), status, text, took });
    }

    #[test]
    fn capacity_and_errors_are_counted_apart() {
        let mut meter = Meter::default();
        let call = meter.arrived();
        let one = r#"{"Item":{},"ConsumedCapacity":{"TableName":"a","CapacityUnits":0.5}}"#;
        let each =
            r#"{"ConsumedCapacity":[{"TableName":"a","CapacityUnits":6},{"TableName":"b","CapacityUnits":2.0}]}"#;
        answer(&mut meter, call, "GetItem", 200, one);
        let before = meter.counts.clone();
        answer(&mut meter, call, "TransactWriteItems", 200, each);
        answer(&mut meter, call, "TransactWriteItems", 400, r#"{"Message":"[None, TransactionConflict]"}"#);
        answer(&mut meter, call, "TransactWriteItems", 400, r#"{"Message":"[None, ConditionalCheckFailed]"}"#);
        let counts = meter.counts.since(&before);
        assert_eq!(counts.calls, BTreeMap::from([("TransactWriteItems".to_owned(), 3)]));
        assert_eq!((counts.read_units, counts.write_units), (0.0, 8.0));
        assert_eq!((counts.conflicts, counts.failed_conditions), (1, 1));
        assert_eq!(counts.call_time, Duration::from_millis(15));
        assert_eq!((meter.counts.reads(), meter.counts.total(), meter.counts.read_units), (1, 4, 0.5));
    }

    #[test]
    fn calls_at_the_same_time_are_one_round_trip() {
        let mut meter = Meter::default();
        let first = meter.arrived();
        answer(&mut meter, first, "BatchGetItem", 200, "{}");
        let (commit, lookup) = (meter.arrived(), meter.arrived());
        answer(&mut meter, lookup, "BatchGetItem", 200, "{}");
        answer(&mut meter, commit, "TransactWriteItems", 200, "{}");
        assert_eq!(meter.round_trips_to_commit(), 2);
        meter.start_chain();
        assert_eq!(meter.round_trips_to_commit(), 0);
        let first = meter.arrived();
        answer(&mut meter, first, "TransactWriteItems", 200, "{}");
        assert_eq!(meter.round_trips_to_commit(), 1);
    }
}
