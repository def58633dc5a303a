//! The options of a local cloud, and the events that it reports.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode},
};

use crate::{DynamoDb, Ports, S3};

/// The options of [`LocalCloud::start`](crate::LocalCloud::start).
pub struct Options {
    /// The file of the SAM template.
    pub template: PathBuf,
    /// Values of the template's parameters. A parameter without a value here has its default.
    pub parameters: BTreeMap<String, String>,
    /// The listeners of both APIs.
    pub ports: Ports,
    /// Where the tables are stored.
    pub dynamodb: DynamoDb,
    /// Port of an embedded DynamoDB. 0 means any free port.
    pub dynamodb_port: u16,
    /// Where the buckets are stored.
    pub s3: S3,
    /// Port of S3. 0 means any free port.
    pub s3_port: u16,
    /// Port of the metrics. 0 means any free port.
    pub metrics_port: u16,
    /// How the functions run.
    pub lambda: Lambda,
    /// Quotas. The default is AWS's quotas.
    pub limits: Limits,
    /// Environment variables for every function, in addition to the template's. They win over those.
    pub environment: BTreeMap<String, String>,
    /// Pages on the HTTP API's port, by path such as `/docs`. A page that would hide a route of the template is not
    /// served, and causes an [`Event::Warning`].
    pub pages: BTreeMap<String, PageSource>,
    /// Files on the HTTP API's port, such as those of a web client. None if there are none.
    pub site: Option<Site>,
    /// Receives progress, warnings and the functions' log lines.
    pub output: Output,
}

impl Options {
    /// Default parameters, embedded services without kept data, any free ports, and no output.
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
            site: None,
            output: Arc::new(|_| {}),
        }
    }
}

/// How the functions run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lambda {
    /// Cargo builds the package of each `CodeUri`, and each function runs as processes of its program.
    Build,
    /// Each function runs as processes of a program in this directory. The file's name is `BuildProperties.Binary`.
    Prebuilt(PathBuf),
    /// Each function runs as processes of one program that contains every function. A process is started with these
    /// arguments and the function's `BuildProperties.Binary` after them.
    OneProgram {
        /// The executable file.
        program: PathBuf,
        /// The arguments before the function's name, such as a subcommand.
        arguments: Vec<String>,
    },
    /// A running `cargo lambda watch` at this URL runs the functions.
    Endpoint(String),
}

/// Quotas of AWS (API Gateway and Lambda quotas). Tests may set shorter ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A connection without traffic for this time is closed. 10 min on AWS.
    pub idle: Duration,
    /// A connection of this age is closed. 2 h on AWS.
    pub life: Duration,
    /// How long the function of a WebSocket route may take. 29 s on AWS.
    pub integration: Duration,
    /// The most bytes of a frame. 32 KB on AWS.
    pub frame: usize,
    /// The most bytes of a message. 128 KB on AWS.
    pub message: usize,
    /// The most processes of one function; 10 by default. AWS has a quota of 1000 for the account, too many for one
    /// machine.
    pub processes: usize,
    /// How long an invocation waits for a free process before it is throttled; 10 s by default. AWS throttles at once,
    /// but only at its larger quota.
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

/// Creates a page. It is called for each request, so that an edited file is visible at once. It may block.
pub type PageSource = Arc<dyn Fn() -> Page + Send + Sync>;

/// Finds the page at a path, such as `/web/app.css`, or None if there is no such page. The path is as the request has it:
/// still percent-encoded, without the query. It is asked for each GET and HEAD whose path has no route in the template and
/// no page in [`Options::pages`]. It may block.
pub type Site = Arc<dyn Fn(&Addresses, &str) -> Option<Page> + Send + Sync>;

/// The addresses of a running local cloud that a web page calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The base URL of the HTTP API, such as `http://127.0.0.1:3000`.
    pub http_url: String,
    /// The URL of the WebSocket API with its stage, such as `ws://127.0.0.1:3001/dev`.
    pub websocket_url: String,
    /// The URL of S3 for path-style requests, such as `http://127.0.0.1:3004`.
    pub s3_endpoint: String,
}

/// The answer to GET and HEAD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// 200, or an error status if the page cannot be created.
    pub status: StatusCode,
    /// The `Content-Type`, such as `text/html; charset=utf-8`.
    pub content_type: HeaderValue,
    /// What a browser may load for it.
    pub policy: PagePolicy,
    /// More headers. They replace the ones that every page has, such as `Cache-Control: no-store`.
    pub headers: HeaderMap,
    /// The content of the page.
    pub body: Bytes,
}

/// What a browser may load for a [`Page`], as its `Content-Security-Policy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PagePolicy {
    /// Nothing: only styles in the page itself, no scripts, no requests.
    Static,
    /// Scripts, styles and images of its own origin, which is the HTTP API's. The scripts may send requests to that
    /// origin.
    OwnOrigin,
    /// What this policy allows.
    Custom(HeaderValue),
}

/// Receives events from any thread. It must not block.
pub type Output = Arc<dyn Fn(Event) + Send + Sync>;

/// An event that a developer may want to see.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Cargo starts to build the functions.
    Building,
    /// A line of cargo's output.
    BuildOutput(String),
    /// The build has succeeded.
    Built {
        /// The number of functions.
        functions: usize,
    },
    /// A log line of a function. A line of embedded metrics is shown as `name=value` pairs.
    Log {
        /// Logical id of the function.
        function: String,
        /// The text without the line break.
        line: String,
    },
    /// An invocation has failed: in the function, in its process, or on the way to it.
    InvocationFailed {
        /// Logical id of the function.
        function: String,
        /// The error's text.
        reason: String,
    },
    /// A function published to a topic.
    Published {
        /// The topic's name.
        topic: String,
        /// The attributes of the message, by name.
        attributes: BTreeMap<String, String>,
        /// The body of the message.
        message: String,
    },
    /// A part of the template that has no effect in the local cloud.
    Warning(String),
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Building => out.write_str("building the functions"),
            Self::BuildOutput(line) => out.write_str(line),
            Self::Built { functions } => write!(out, "built {functions} functions"),
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
