//! What is served of the counts, and read by whoever shows them. All are totals since the start, but for what is said
//! to be of this moment.

use serde::{Deserialize, Serialize};

/// Everything that was counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snapshot {
    /// When the local cloud was started, in milliseconds since 1970. Another number is another local cloud.
    pub started_at: u64,
    /// How long it has been running.
    pub uptime_ms: u64,
    /// Who runs the functions.
    pub runner: Runner,
    /// Every function of the template, by name.
    pub functions: Vec<FunctionCounts>,
    /// The HTTP API.
    pub http: HttpCounts,
    /// The WebSocket API.
    pub websocket: WebSocketCounts,
    /// What the embedded DynamoDB told whoever asked for consumed capacity, by table; None if DynamoDB is elsewhere.
    pub tables: Option<Vec<TableCounts>>,
    /// What the functions printed in CloudWatch's embedded metric format, by namespace and name.
    pub metrics: Vec<MetricCounts>,
}

/// Who runs the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Runner {
    /// The local cloud, as processes of its own.
    Processes,
    /// A `cargo lambda watch`, which prints what they print: their metrics are not seen here.
    Endpoint,
}

/// One function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FunctionCounts {
    /// Its logical id.
    pub name: String,
    /// Invocations that have ended, with an error or without. Those that were throttled are not among them, as on AWS.
    pub invocations: u64,
    /// Those that ended with an error.
    pub errors: Errors,
    /// Invocations that found no process free in time.
    pub throttles: u64,
    /// Invocations that are under way in this moment, or wait for a process.
    pub in_flight: u64,
    /// How long the last ones took, without the start of a process; None before the first.
    pub duration: Option<Milliseconds>,
    /// Its processes; None if somebody else runs it.
    pub processes: Option<Processes>,
}

/// Invocations that ended with an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Errors {
    /// The function answered one.
    pub answered: u64,
    /// Its process ended, or did not start.
    pub crashed: u64,
    /// It took longer than its time-out.
    pub timed_out: u64,
    /// There is no program to run, or nothing answers at the endpoint.
    pub unreachable: u64,
}

impl Errors {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.answered + self.crashed + self.timed_out + self.unreachable
    }
}

/// How long the last invocations took, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Milliseconds {
    /// Half of them took no longer.
    pub p50: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
    /// How many these are of: the last 1000 at most.
    pub of: u64,
}

/// The processes of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Processes {
    /// Those alive in this moment.
    pub alive: u64,
    /// Those that were ever started: the cold starts.
    pub started: u64,
}

/// The HTTP API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpCounts {
    /// Requests by the status that they were answered with.
    pub requests: Statuses,
}

/// The WebSocket API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebSocketCounts {
    /// Connections that are open in this moment.
    pub connections: u64,
    /// Handshakes by the status that they were answered with: 1xx are the connections that came about.
    pub handshakes: Statuses,
    /// Text frames that clients sent.
    pub frames: u64,
    /// What was posted to connections through `@connections`.
    pub posts: Posts,
}

/// Answers by the class of their status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statuses {
    /// 101 is a WebSocket that is open.
    #[serde(rename = "1xx")]
    pub informational: u64,
    /// Success.
    #[serde(rename = "2xx")]
    pub success: u64,
    /// To be found elsewhere.
    #[serde(rename = "3xx")]
    pub redirection: u64,
    /// The client's mistake.
    #[serde(rename = "4xx")]
    pub client_error: u64,
    /// The server's.
    #[serde(rename = "5xx")]
    pub server_error: u64,
}

impl Statuses {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.informational + self.success + self.redirection + self.client_error + self.server_error
    }
}

/// What became of the messages posted to connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Posts {
    /// Taken for sending.
    pub delivered: u64,
    /// The connection is not there (410).
    pub gone: u64,
    /// The client reads too slowly (429).
    pub throttled: u64,
    /// Unsigned, or too large.
    pub refused: u64,
}

/// One table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TableCounts {
    /// Its name.
    pub name: String,
    /// Calls that asked what they consumed and were told.
    pub calls: u64,
    /// The capacity that reads consumed.
    pub read_units: f64,
    /// The capacity that writes consumed.
    pub write_units: f64,
}

/// One metric of the functions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricCounts {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its unit as last told, such as `Count` or `Milliseconds`.
    pub unit: Option<String>,
    /// How many values there were.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The largest of them.
    pub max: f64,
}
