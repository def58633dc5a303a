//! What a template describes, in the terms of the services that serve it here.

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
    /// The tables.
    pub tables: Vec<Table>,
    /// The buckets.
    pub buckets: Vec<Bucket>,
    /// What its `Rules` say of the parameters. It is for whoever starts the functions to heed them.
    pub violations: Vec<String>,
    /// What the template asks for and nothing here does, each told with its line.
    pub warnings: Vec<String>,
}

/// `AWS::Serverless::Function`.
#[derive(Clone, Debug)]
pub struct Function {
    /// The key in the template.
    pub logical_id: String,
    /// The name that AWS would know it by.
    pub name: String,
    /// The package that cargo builds it from.
    pub package: PathBuf,
    /// How it is built, or what stands in the way of that.
    pub build: Build,
    /// `Environment.Variables`.
    pub environment: BTreeMap<String, String>,
    /// `LoggingConfig`.
    pub logging: Logging,
    /// In MB; 128 where the template says nothing, as on AWS.
    pub memory: u64,
    /// 3 s where the template says nothing, as on AWS.
    pub timeout: Duration,
    /// At most so many at once, if the template reserves a number.
    pub concurrency: Option<usize>,
}

/// What a function is told of how to log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logging {
    /// `JSON` or `Text`.
    pub format: Option<String>,
    /// `ApplicationLogLevel`.
    pub level: Option<String>,
}

/// How a function's program comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Build {
    /// By cargo: the program of this name, or the package's only one.
    Cargo {
        /// `BuildProperties.Binary`.
        binary: Option<String>,
    },
    /// In a way that is not known here.
    Other(String),
}

/// `AWS::Serverless::HttpApi`, with the routes that functions' events add to it.
#[derive(Clone, Debug)]
pub struct HttpApi {
    /// The key in the template.
    pub logical_id: String,
    /// As in `requestContext.apiId`.
    pub id: String,
    /// `$default` where the template says nothing.
    pub stage: String,
    /// Passed to functions in each event.
    pub stage_variables: BTreeMap<String, String>,
    /// In the order of the template.
    pub routes: Vec<HttpRoute>,
    /// By name.
    pub authorizers: BTreeMap<String, HttpAuthorizer>,
    /// `CorsConfiguration`.
    pub cors: Option<Cors>,
}

/// One route of an HTTP API.
#[derive(Clone, Debug)]
pub struct HttpRoute {
    /// Upper case, or `ANY`; `None` for `$default`.
    pub method: Option<String>,
    /// With `{name}` and `{name+}`; `None` for `$default`.
    pub path: Option<String>,
    /// Logical id of the function.
    pub function: String,
    /// A name in [`HttpApi::authorizers`].
    pub authorizer: Option<String>,
    /// `TimeoutInMillis`; 30 s where the template says nothing.
    pub timeout: Duration,
}

/// A Lambda authorizer of an HTTP API: payload format 2.0 with simple responses.
#[derive(Clone, Debug)]
pub struct HttpAuthorizer {
    /// Logical id of the function.
    pub function: String,
    /// `$request.header.Authorization` and its like.
    pub identity_sources: Vec<String>,
    /// How long an answer is kept per identity; zero for not at all.
    pub ttl: Duration,
}

/// `CorsConfiguration` of an HTTP API, or a rule of a bucket's.
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
    /// As in `requestContext.apiId`.
    pub id: String,
    /// `default` where the template says nothing, as SAM has it.
    pub stage: String,
    /// Passed to functions in each event.
    pub stage_variables: BTreeMap<String, String>,
    /// The properties that lead to the route key: `$request.body.action` is `["action"]`.
    pub selection: Vec<String>,
    /// By route key.
    pub routes: BTreeMap<String, WebSocketRoute>,
    /// Asked once per connection.
    pub authorizer: Option<WebSocketAuthorizer>,
}

/// One route of a WebSocket API.
#[derive(Clone, Debug)]
pub struct WebSocketRoute {
    /// Logical id of the function.
    pub function: String,
    /// `IntegrationTimeout`, if the template has it.
    pub timeout: Option<Duration>,
    /// Whether the route has a `RouteResponseSelectionExpression`.
    pub selects_response: bool,
    /// Whether the answer is sent to the client: the template has an `AWS::ApiGatewayV2::RouteResponse` for it.
    pub replies: bool,
}

/// The REQUEST authorizer of a WebSocket API.
#[derive(Clone, Debug)]
pub struct WebSocketAuthorizer {
    /// Logical id of the function.
    pub function: String,
    /// `route.request.header.Authorization` and its like.
    pub identity_sources: Vec<String>,
}

/// `AWS::DynamoDB::Table`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The key in the template.
    pub logical_id: String,
    /// `TableName`, or one made of the stack's name and the logical id.
    pub name: String,
    /// Attribute names and their types (`S`, `N`, `B`).
    pub attributes: BTreeMap<String, String>,
    /// The table's own key.
    pub key: Key,
    /// Global secondary indexes.
    pub global_indexes: Vec<Index>,
    /// Local secondary indexes.
    pub local_indexes: Vec<Index>,
    /// The attribute of `TimeToLiveSpecification`, where that is enabled.
    pub ttl: Option<String>,
}

/// `AWS::S3::Bucket`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The key in the template.
    pub logical_id: String,
    /// `BucketName`, or one made of the stack's name and the logical id.
    pub name: String,
    /// `CorsConfiguration.CorsRules`, in their order.
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
