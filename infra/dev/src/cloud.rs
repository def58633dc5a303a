//! Starts this product in the local cloud: sets the parameters of template.yaml and the places of the data.

use crate::Error;
use crate::auth_service::{AUDIENCE, AuthService, jwks_url};
use crate::reference;
use local_cloud::{DynamoDb, Lambda, Limits, LocalCloud, Options, Output, Ports, S3, Template};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The stage of the WebSocket API: the value of template.yaml's parameter StageName in the local cloud.
const STAGE: &str = "live";

/// The origins that CORS allows by default: every page of this machine, on any port.
const LOOPBACK_ORIGINS: &str =
    "http://localhost:*,https://localhost:*,http://127.0.0.1:*,https://127.0.0.1:*,http://[::1]:*,https://[::1]:*";

/// The ports on 127.0.0.1. 0 means any free port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PortNumbers {
    /// The HTTP API.
    pub http: u16,
    /// The WebSocket API.
    pub websocket: u16,
    /// The stand-in Auth Service.
    pub auth: u16,
    /// DynamoDB.
    pub dynamodb: u16,
    /// S3.
    pub s3: u16,
    /// The metrics that `top` shows.
    pub metrics: u16,
}

impl PortNumbers {
    /// The ports that `cargo run` uses by default.
    pub const DEFAULT: Self = Self { http: 3000, websocket: 3001, auth: 3002, s3: 3004, metrics: 3005, dynamodb: 8000 };
}

/// The configuration of [`Cloud::start`].
pub struct Setup {
    /// The SAM template's file.
    pub template: PathBuf,
    pub ports: PortNumbers,
    /// Where the tables are stored.
    pub dynamodb: DynamoDb,
    /// Where the bucket's objects are stored.
    pub s3: S3,
    /// How the functions run.
    pub lambda: Lambda,
    /// AWS's quotas by default. A test may set shorter ones.
    pub limits: Limits,
    /// Environment variables for every function, in addition to the template's.
    pub environment: BTreeMap<String, String>,
    /// Template parameters, in addition to the ones that [`Cloud::start`] sets. They win over those.
    pub parameters: BTreeMap<String, String>,
    /// Receives the local cloud's events: warnings, log lines, published notifications.
    pub output: Output,
}

/// The subcommand of `lambda-chat` that serves one function. Its argument is the function's name.
pub const FUNCTION: &str = "function";

/// Runs each function as a process of this `lambda-chat` executable, which contains all functions.
pub fn served_by(lambda_chat: impl Into<PathBuf>) -> Lambda {
    Lambda::OneProgram { program: lambda_chat.into(), arguments: vec![FUNCTION.to_owned()] }
}

/// Runs each function as a process of the current executable, which must be `lambda-chat`.
///
/// # Errors
/// The operating system does not know the path of the current executable.
pub fn served_by_this_program() -> Result<Lambda, Error> {
    let failed = |source| Error::Io { what: "cannot find the file of this program".to_owned(), source };
    std::env::current_exe().map(served_by).map_err(failed)
}

impl Setup {
    /// Keeps no data, and uses any free ports.
    pub fn new(lambda: Lambda, output: Output) -> Self {
        Self {
            template: template(),
            ports: PortNumbers::default(),
            dynamodb: DynamoDb::Memory,
            s3: S3::Temporary,
            lambda,
            limits: Limits::default(),
            environment: BTreeMap::new(),
            parameters: BTreeMap::new(),
            output,
        }
    }
}

/// The path of the workspace's template.yaml.
pub fn template() -> PathBuf {
    workspace().join("template.yaml")
}

/// The path of the workspace's root directory.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The running system.
pub struct Cloud {
    /// Both APIs, the functions and the tables.
    pub local: LocalCloud,
    /// The stand-in Auth Service.
    pub auth: AuthService,
}

impl Cloud {
    /// Starts the stand-in Auth Service and the local cloud.
    ///
    /// # Errors
    /// A port is in use, or the template is invalid.
    pub async fn start(setup: Setup) -> Result<Self, Error> {
        let numbers = setup.ports;
        let ports =
            Ports::bind(numbers.http, numbers.websocket).await.map_err(|source| with_port_option(source, numbers))?;
        let auth = AuthService::start(numbers.auth, None).await?;
        let mut parameters = parameters(&ports.connections_url(STAGE), &auth.url());
        if setup.parameters.contains_key("AuthJwksUrl") {
            // Another issuer does not write the audience of the stand-in.
            parameters.remove("AuthAudience");
        }
        parameters.extend(setup.parameters);
        let mut options = Options::new(setup.template, ports);
        options.parameters = parameters;
        options.dynamodb = setup.dynamodb;
        options.dynamodb_port = numbers.dynamodb;
        options.s3 = setup.s3;
        options.s3_port = numbers.s3;
        options.metrics_port = numbers.metrics;
        options.lambda = setup.lambda;
        options.limits = setup.limits;
        options.environment = setup.environment;
        options.pages = reference::pages(&workspace(), &auth);
        options.output = setup.output;
        let local = LocalCloud::start(options).await.map_err(|source| with_port_option(source, numbers))?;
        Ok(Self { local, auth })
    }

    /// Stops the local cloud and waits for its functions to end. The Auth Service ends with the program.
    pub async fn shutdown(self) {
        self.local.shutdown().await;
    }
}

/// The environment variables that `cargo lambda watch` needs, so that its functions find this local cloud. They are the
/// variables of all functions in the template, and the ones that Lambda itself sets.
///
/// # Errors
/// The template is invalid.
pub fn watch_environment(ports: PortNumbers) -> Result<BTreeMap<String, String>, Error> {
    let at = |port: u16| format!("http://127.0.0.1:{port}");
    let parameters = parameters(&format!("{}/{STAGE}", at(ports.websocket)), &at(ports.auth));
    let template = Template::load(&template(), &parameters).map_err(local_cloud::Error::from)?;
    let mut variables: BTreeMap<_, _> = template.functions.into_values().flat_map(|f| f.environment).collect();
    let lambda_variables = [
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", at(ports.dynamodb)),
        ("AWS_ENDPOINT_URL_S3", at(ports.s3)),
    ];
    variables.extend(lambda_variables.map(|(name, value)| (name.to_owned(), value)));
    Ok(variables)
}

fn parameters(connections_endpoint: &str, auth_url: &str) -> BTreeMap<String, String> {
    let parameters = [
        ("StageName", STAGE.to_owned()),
        ("ConnectionsEndpoint", connections_endpoint.to_owned()),
        ("AuthJwksUrl", jwks_url(auth_url)),
        ("AuthAudience", AUDIENCE.to_owned()),
        ("AuthServiceUrl", auth_url.to_owned()),
        ("CorsOrigins", LOOPBACK_ORIGINS.to_owned()),
    ];
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn with_port_option(source: local_cloud::Error, ports: PortNumbers) -> Error {
    let option = match &source {
        local_cloud::Error::PortTaken { port } if *port == ports.http => "--http-port",
        local_cloud::Error::PortTaken { port } if *port == ports.websocket => "--ws-port",
        local_cloud::Error::PortTaken { port } if *port == ports.metrics => "--metrics-port",
        local_cloud::Error::PortTaken { port } if *port == ports.s3 => "--s3-port",
        local_cloud::Error::PortTaken { .. } => "--dynamodb-port",
        _ => return Error::Cloud(source),
    };
    Error::Port { option, source }
}
