//! The format of `GET /metrics`. All counts are totals since the start, except for those that are documented as
//! current.

use serde::{Deserialize, Serialize};

/// The counts of a local cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snapshot {
    /// When the local cloud was started, in milliseconds since 1970. A different value means a restart.
    pub started_at: u64,
    /// The time since the start, in milliseconds.
    pub uptime_ms: u64,
    /// What runs the functions.
    pub runner: Runner,
    /// Every function of the template, by name.
    pub functions: Vec<FunctionCounts>,
    /// The HTTP API.
    pub http: HttpCounts,
    /// The WebSocket API.
    pub websocket: WebSocketCounts,
    /// The capacity that calls consumed, by table. Only calls with `ReturnConsumedCapacity` count. None if DynamoDB is
    /// not embedded.
    pub tables: Option<Vec<TableCounts>>,
    /// The metrics that functions printed in CloudWatch's embedded metric format, by namespace and name.
    pub metrics: Vec<MetricCounts>,
}

/// What runs the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Runner {
    /// The local cloud, in its own processes.
    Processes,
    /// A `cargo lambda watch`. It prints the functions' output, so their metrics are unknown here.
    Endpoint,
}

/// The counts of one function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FunctionCounts {
    /// The function's logical id.
    pub name: String,
    /// Ended invocations, with and without errors. Throttled ones are not included, as on AWS.
    pub invocations: u64,
    /// Ended invocations with an error.
    pub errors: Errors,
    /// Invocations for which no process was free in time.
    pub throttles: u64,
    /// Current: invocations that are running or wait for a process.
    pub in_flight: u64,
    /// Durations of the last invocations, without the start of a process. None before the first.
    pub duration: Option<Milliseconds>,
    /// The function's processes. None if `cargo lambda watch` runs it.
    pub processes: Option<Processes>,
}

/// Ended invocations with an error, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Errors {
    /// The function answered with an error.
    pub answered: u64,
    /// The process ended before its answer, or did not start.
    pub crashed: u64,
    /// The function took longer than its timeout.
    pub timed_out: u64,
    /// The program cannot be run, or nothing answers at the endpoint.
    pub unreachable: u64,
}

impl Errors {
    /// The sum over all causes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.answered + self.crashed + self.timed_out + self.unreachable
    }
}

/// Durations of the last invocations, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Milliseconds {
    /// Half of the invocations took at most this long.
    pub p50: f64,
    /// 99 % of the invocations took at most this long.
    pub p99: f64,
    /// The longest duration.
    pub max: f64,
    /// How many invocations these numbers cover: the last 1000 at most.
    pub of: u64,
}

/// The processes of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Processes {
    /// Current: running processes.
    pub alive: u64,
    /// Started processes, which is the number of cold starts.
    pub started: u64,
}

/// The HTTP API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpCounts {
    /// Requests by the status of their answer.
    pub requests: Statuses,
}

/// The WebSocket API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebSocketCounts {
    /// Current: open connections.
    pub connections: u64,
    /// Handshakes by the status of their answer. 1xx are the successful ones.
    pub handshakes: Statuses,
    /// Text frames that clients sent.
    pub frames: u64,
    /// Posts to connections through `@connections`.
    pub posts: Posts,
}

/// Answers by the class of their status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statuses {
    /// 101 is a successful WebSocket handshake.
    #[serde(rename = "1xx")]
    pub informational: u64,
    /// Successful requests.
    #[serde(rename = "2xx")]
    pub success: u64,
    /// Redirections.
    #[serde(rename = "3xx")]
    pub redirection: u64,
    /// Errors of the client.
    #[serde(rename = "4xx")]
    pub client_error: u64,
    /// Errors of the server.
    #[serde(rename = "5xx")]
    pub server_error: u64,
}

impl Statuses {
    /// The sum over all statuses.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.informational + self.success + self.redirection + self.client_error + self.server_error
    }
}

/// Posts to connections, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Posts {
    /// The message was queued for the client (200).
    pub delivered: u64,
    /// The connection does not exist any more (410).
    pub gone: u64,
    /// The client reads too slowly (429).
    pub throttled: u64,
    /// The request was not signed (403), or the message was too large (413).
    pub refused: u64,
}

/// The consumed capacity of one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TableCounts {
    /// The table's name.
    pub name: String,
    /// Calls whose answer has the consumed capacity.
    pub calls: u64,
    /// Read capacity units that were consumed.
    pub read_units: f64,
    /// Write capacity units that were consumed.
    pub write_units: f64,
}

/// The sum of one metric of the functions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricCounts {
    /// The namespace in CloudWatch.
    pub namespace: String,
    /// The metric's name.
    pub name: String,
    /// The unit of the last value that had one, such as `Count` or `Milliseconds`.
    pub unit: Option<String>,
    /// The number of values.
    pub count: u64,
    /// The sum of the values.
    pub sum: f64,
    /// The largest value.
    pub max: f64,
}
