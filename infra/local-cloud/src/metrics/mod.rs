//! The metrics of a running local cloud: invocations, requests, connections, and the metrics that its functions print.
//!
//! They are served as a [`Snapshot`] in JSON. It has only names and numbers, and no content of requests.

mod apis;
mod document;
mod durations;
mod function;
mod serve;
mod snapshot;
mod sums;
mod tables;

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Instant};

use crate::{ids, template::Template};
pub(crate) use apis::{HttpMeter, WebSocketMeter};
pub(crate) use function::{End, FunctionMeter, Invocation};
pub(crate) use serve::serve;
pub use snapshot::{
    Errors, FunctionCounts, HttpCounts, MetricCounts, Milliseconds, Posts, Processes, Runner, Snapshot, Statuses,
    TableCounts, WebSocketCounts,
};
use sums::Sums;
pub(crate) use tables::TableMeter;

/// All counts. Any thread may update them.
pub(crate) struct Metrics {
    started: Instant,
    started_at: u64,
    runner: Runner,
    functions: BTreeMap<String, Arc<FunctionMeter>>,
    pub(crate) http: HttpMeter,
    pub(crate) websocket: WebSocketMeter,
    /// None if DynamoDB is not embedded.
    tables: Option<Arc<TableMeter>>,
    sums: Sums,
}

impl Metrics {
    /// All counts are zero.
    pub(crate) fn new(template: &Template, runner: Runner, tables: Option<Arc<TableMeter>>) -> Self {
        Self {
            started: Instant::now(),
            started_at: ids::now_millis(),
            runner,
            functions: template.functions.keys().map(|id| (id.clone(), Arc::default())).collect(),
            http: HttpMeter::default(),
            websocket: WebSocketMeter::default(),
            tables,
            sums: Sums::default(),
        }
    }

    /// The counts of a function. For a function that the template does not have, a new meter that is not in the
    /// snapshot.
    pub(crate) fn function(&self, logical_id: &str) -> Arc<FunctionMeter> {
        self.functions.get(logical_id).cloned().unwrap_or_default()
    }

    /// Takes a log line of a function and returns the line to print. A document of metrics is added to the sums and
    /// formatted for people. Other lines are returned unchanged.
    pub(crate) fn line<'a>(&self, line: &'a str) -> Cow<'a, str> {
        match document::read(line) {
            Some(document) => {
                self.sums.add(document.metrics);
                Cow::Owned(document.text)
            }
            None => Cow::Borrowed(line),
        }
    }

    /// The current counts.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            started_at: self.started_at,
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            runner: self.runner,
            functions: self.functions.iter().map(|(name, meter)| meter.counts(name, self.runner)).collect(),
            http: self.http.counts(),
            websocket: self.websocket.counts(),
            tables: self.tables.as_ref().map(|tables| tables.counts()),
            metrics: self.sums.counts(),
        }
    }
}
