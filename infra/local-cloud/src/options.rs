//! What the caller chooses, and what it is told.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    http::{HeaderValue, StatusCode},
};

use crate::{DynamoDb, Ports, S3};

/// How a local cloud is to be started.
pub struct Options {
    /// The SAM template.
    pub template: PathBuf,
    /// Values for the template's parameters, in the place of their defaults.
    pub parameters: BTreeMap<String, String>,
    /// Where the APIs listen.
    pub ports: Ports,
    /// Where the tables are.
    pub dynamodb: DynamoDb,
    /// Port of an embedded DynamoDB; 0 for any.
    pub dynamodb_port: u16,
    /// Where the buckets are.
    pub s3: S3,
    /// Port of S3; 0 for any.
    pub s3_port: u16,
    /// Port of the metrics; 0 for any.
    pub metrics_port: u16,
    /// Who runs the functions.
    pub lambda: Lambda,
    /// Quotas, those of AWS by default.
    pub limits: Limits,
    /// Environment for every function, on top of the template's.
    pub environment: BTreeMap<String, String>,
    /// Pages on the HTTP API's port, by path such as `/docs`. One that would take requests from a route of the
    /// template is not served, and [`Event::Warning`] says so.
    pub pages: BTreeMap<String, PageSource>,
    /// Is told of progress, warnings and what the functions log.
    pub output: Output,
}

impl Options {
    /// The template's own parameters, everything embedded, in memory, and nothing told.
    #[must_use]
    pub fn new(template: impl Into<PathBuf>, ports: Ports) -> Self {
        Self {
            template: template.into(),
            parameters: BTreeMap::new(),
            ports,
            dynamodb: DynamoDb::Memory,
            dynamodb_port: 0,
            s3: S3::default(),
            s3_port: 0,
            metrics_port: 0,
            lambda: Lambda::Build,
            limits: Limits::default(),
            environment: BTreeMap::new(),
            pages: BTreeMap::new(),
            output: Arc::new(|_| {}),
        }
    }
}

/// Who runs the functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lambda {
    /// They are built by cargo, the package of each `CodeUri`, and run as processes.
    Build,
    /// They are run as processes; the programs of this directory, under the names of `BuildProperties.Binary`, are
    /// built already.
    Prebuilt(PathBuf),
    /// They are run as processes of one program that serves every function and is built already. Each is started with
    /// these arguments and one more, the function's `BuildProperties.Binary`.
    OneProgram {
        /// The program.
        program: PathBuf,
        /// What is said before the function's name, such as a subcommand.
        arguments: Vec<String>,
    },
    /// The URL of a running `cargo lambda watch`.
    Endpoint(String),
}

/// Quotas of AWS (API Gateway and Lambda quotas), to be set shorter by tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A connection that is silent for so long is closed; 10 min.
    pub idle: Duration,
    /// A connection that is so old is closed; 2 h.
    pub life: Duration,
    /// A WebSocket route's function has so long to answer; 29 s.
    pub integration: Duration,
    /// Bytes in one frame; 32 KB.
    pub frame: usize,
    /// Bytes in one message; 128 KB.
    pub message: usize,
    /// Processes of one function. AWS has a quota for the account, 1000; one machine has less to give.
    pub processes: usize,
    /// An invocation that finds no process free waits so long before it is throttled. AWS throttles at once, but at the
    /// quota above.
    pub throttle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(10 * 60),
            life: Duration::from_secs(2 * 60 * 60),
            integration: Duration::from_secs(29),
            frame: 32 * 1024,
            message: 128 * 1024,
            processes: 10,
            throttle: Duration::from_secs(10),
        }
    }
}

/// Makes a page, anew for each request, so that a file that was edited shows at once. It may block.
pub type PageSource = Arc<dyn Fn() -> Page + Send + Sync>;

/// What is answered to GET and HEAD. It is a document: its `Content-Security-Policy` allows no script and nothing from
/// elsewhere, only styles in the page itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// 200, or what tells that it could not be made.
    pub status: StatusCode,
    /// Such as `text/html; charset=utf-8`.
    pub content_type: HeaderValue,
    /// The page itself.
    pub body: Bytes,
}

/// Takes events, from any thread, and must not block.
pub type Output = Arc<dyn Fn(Event) + Send + Sync>;

/// Something that a developer may want to see.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// cargo is at work.
    Building,
    /// A line of cargo's.
    BuildOutput(String),
    /// The functions are built.
    Built {
        /// How many.
        functions: usize,
    },
    /// A line that a function wrote; one of embedded metrics as `name=value`.
    Log {
        /// Logical id of the function.
        function: String,
        /// Without its line break.
        line: String,
    },
    /// An invocation came to an error: of the function, of its process or of the way to it.
    InvocationFailed {
        /// Logical id of the function.
        function: String,
        /// What happened.
        reason: String,
    },
    /// A function published to a topic.
    Published {
        /// The topic's name.
        topic: String,
        /// The attributes of the message, by name.
        attributes: BTreeMap<String, String>,
        /// What it says.
        message: String,
    },
    /// Something of the template that has no effect here.
    Warning(String),
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Building => out.write_str("building the functions"),
            Self::BuildOutput(line) => out.write_str(line),
            Self::Built { functions } => write!(out, "{functions} functions are built"),
            Self::Log { function, line } => write!(out, "{function} | {line}"),
            Self::InvocationFailed { function, reason } => write!(out, "{function} failed: {reason}"),
            Self::Published { topic, attributes, message } => {
                let attributes: Vec<_> = attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(out, "SNS {topic} | {} {message}", attributes.join(" "))
            }
            Self::Warning(text) => write!(out, "warning: {text}"),
        }
    }
}
