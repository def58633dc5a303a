//! The content of a template, as the local services need it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

/// A SAM template, read and resolved.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// The directory that `CodeUri` is relative to.
    pub directory: PathBuf,
    /// The functions, by logical id.
    pub functions: BTreeMap<String, Function>,
    /// The HTTP API, if the template has one.
    pub http_api: Option<HttpApi>,
    /// The WebSocket API, if the template has one.
    pub websocket_api: Option<WebSocketApi>,
    /// The tables, in the order of the template.
    pub tables: Vec<Table>,
    /// The buckets, in the order of the template.
    pub buckets: Vec<Bucket>,
    /// The violated assertions of `Rules`. A caller that starts the functions must check that this is empty.
    pub violations: Vec<String>,
    /// The parts of the template that are not supported, each with its line.
    pub warnings: Vec<String>,
}

/// `AWS::Serverless::Function`.
#[derive(Clone, Debug)]
pub struct Function {
    /// The key in the template.
    pub logical_id: String,
    /// The function's name on AWS.
    pub name: String,
    /// The directory of the cargo package: `CodeUri`.
    pub package: PathBuf,
    /// How cargo builds the function, or why it cannot.
    pub build: Build,
    /// `Environment.Variables`.
    pub environment: BTreeMap<String, String>,
    /// `LoggingConfig`.
    pub logging: Logging,
    /// In MB. 128 if the template has no value, as on AWS.
    pub memory: u64,
    /// 3 s if the template has no value, as on AWS.
    pub timeout: Duration,
    /// The most concurrent invocations: `ReservedConcurrentExecutions`.
    pub concurrency: Option<usize>,
}

impl Function {
    /// `BuildProperties.Binary`. None if the template does not set it, or if cargo cannot build the function.
    #[must_use]
    pub fn binary(&self) -> Option<&str> {
        match &self.build {
            Build::Cargo { binary } => binary.as_deref(),
            Build::Other(_) => None,
        }
    }
}

/// The logging configuration of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logging {
    /// `JSON` or `Text`.
    pub format: Option<String>,
    /// `ApplicationLogLevel`.
    pub level: Option<String>,
}

/// How a function's program is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Build {
    /// By cargo: the program with this name, or the package's only program.
    Cargo {
        /// `BuildProperties.Binary`.
        binary: Option<String>,
    },
    /// In an unsupported way. The text says which.
    Other(String),
}

/// `AWS::Serverless::HttpApi`, with the routes that functions' events add to it.
#[derive(Clone, Debug)]
pub struct HttpApi {
    /// The key in the template.
    pub logical_id: String,
    /// The value of `requestContext.apiId`.
    pub id: String,
    /// `$default` if the template has no value.
    pub stage: String,
    /// Every event has these.
    pub stage_variables: BTreeMap<String, String>,
    /// The routes, in the order of the template.
    pub routes: Vec<HttpRoute>,
    /// The authorizers by name.
    pub authorizers: BTreeMap<String, HttpAuthorizer>,
    /// `CorsConfiguration`.
    pub cors: Option<Cors>,
}

/// One route of an HTTP API.
#[derive(Clone, Debug)]
pub struct HttpRoute {
    /// The method in upper case, or `ANY`. None for `$default`.
    pub method: Option<String>,
    /// The path, with `{name}` and `{name+}`. None for `$default`.
    pub path: Option<String>,
    /// Logical id of the function.
    pub function: String,
    /// A name in [`HttpApi::authorizers`].
    pub authorizer: Option<String>,
    /// `TimeoutInMillis`. 30 s if the template has no value.
    pub timeout: Duration,
}

/// A Lambda authorizer of an HTTP API: payload format 2.0 with simple responses.
#[derive(Clone, Debug)]
pub struct HttpAuthorizer {
    /// Logical id of the function.
    pub function: String,
    /// Such as `$request.header.Authorization`.
    pub identity_sources: Vec<String>,
    /// How long an answer is cached by identity. Zero means no cache.
    pub ttl: Duration,
}

/// `CorsConfiguration` of an HTTP API, or a rule of it of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// `AllowOrigins`.
    pub origins: Vec<String>,
    /// `AllowMethods`.
    pub methods: Vec<String>,
    /// `AllowHeaders`.
    pub headers: Vec<String>,
    /// `ExposeHeaders`.
    pub expose: Vec<String>,
    /// `AllowCredentials`.
    pub credentials: bool,
    /// `MaxAge` in seconds.
    pub max_age: Option<u64>,
}

/// `AWS::Serverless::WebSocketApi`.
#[derive(Clone, Debug)]
pub struct WebSocketApi {
    /// The key in the template.
    pub logical_id: String,
    /// The value of `requestContext.apiId`.
    pub id: String,
    /// `default` if the template has no value, as in SAM.
    pub stage: String,
    /// Every event has these.
    pub stage_variables: BTreeMap<String, String>,
    /// The path of properties to the route key: `["action"]` for `$request.body.action`.
    pub selection: Vec<String>,
    /// The routes by route key.
    pub routes: BTreeMap<String, WebSocketRoute>,
    /// Invoked once per connection.
    pub authorizer: Option<WebSocketAuthorizer>,
}

/// One route of a WebSocket API.
#[derive(Clone, Debug)]
pub struct WebSocketRoute {
    /// Logical id of the function.
    pub function: String,
    /// `IntegrationTimeout`. None if the template has no value.
    pub timeout: Option<Duration>,
    /// Whether the route has a `RouteResponseSelectionExpression`.
    pub selects_response: bool,
    /// Whether the function's answer is sent to the client: the route has an `AWS::ApiGatewayV2::RouteResponse`.
    pub replies: bool,
}

/// The REQUEST authorizer of a WebSocket API.
#[derive(Clone, Debug)]
pub struct WebSocketAuthorizer {
    /// Logical id of the function.
    pub function: String,
    /// Such as `route.request.header.Authorization`.
    pub identity_sources: Vec<String>,
}

/// `AWS::DynamoDB::Table`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The key in the template.
    pub logical_id: String,
    /// `TableName`, or a name made of the stack's name and the logical id.
    pub name: String,
    /// Attribute names and their types (`S`, `N`, `B`).
    pub attributes: BTreeMap<String, String>,
    /// The table's own key.
    pub key: Key,
    /// Global secondary indexes.
    pub global_indexes: Vec<Index>,
    /// Local secondary indexes.
    pub local_indexes: Vec<Index>,
    /// The attribute of `TimeToLiveSpecification`. None if TTL is not enabled.
    pub ttl: Option<String>,
}

/// `AWS::S3::Bucket`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The key in the template.
    pub logical_id: String,
    /// `BucketName`, or a name made of the stack's name and the logical id.
    pub name: String,
    /// `CorsConfiguration.CorsRules`, in the order of the template. The first rule that allows a request applies.
    pub cors: Vec<Cors>,
}

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The partition key's attribute.
    pub partition: String,
    /// The sort key's attribute.
    pub sort: Option<String>,
}

/// A secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// `IndexName`.
    pub name: String,
    /// `KeySchema`.
    pub key: Key,
    /// `ALL`, `KEYS_ONLY` or `INCLUDE`.
    pub projection: String,
    /// The attributes of `INCLUDE`.
    pub included: BTreeSet<String>,
}
