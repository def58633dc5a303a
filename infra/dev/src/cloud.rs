//! Starts this product in the local cloud: sets the parameters of template.yaml and the places of the data.

use crate::Error;
use crate::auth_service::{AUDIENCE, AuthService, jwks_url};
use crate::{reference, web};
use local_cloud::{DynamoDb, Lambda, Limits, LocalCloud, Options, Output, Ports, S3, Template};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The stage of the WebSocket API: the value of template.yaml's parameter StageName in the local cloud.
const STAGE: &str = "live";

/// The origins that CORS allows by default: every page of this machine, on any port.
const LOOPBACK_ORIGINS: &str =
    "http://localhost:*,https://localhost:*,http://127.0.0.1:*,https://127.0.0.1:*,http://[::1]:*,https://[::1]:*";

/// The template's parameter with the address of a Redis or Valkey.
const REDIS_PARAMETER: &str = "RealtimeRedisUrl";
/// How long the start waits for the answer of a Redis.
const REDIS_TIMEOUT: Duration = Duration::from_secs(2);

/// The first port that `cargo run` uses by default.
pub const DEFAULT_PORT_BASE: u16 = 3000;
/// The largest port base: the last port is 65535.
pub const MAX_PORT_BASE: u16 = u16::MAX - 5;

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
    pub const DEFAULT: Self = Self::from_base(DEFAULT_PORT_BASE);

    /// Six ports in a row: `base`, which is at most [`MAX_PORT_BASE`], and the next five.
    pub const fn from_base(base: u16) -> Self {
        Self { http: base, websocket: base + 1, auth: base + 2, dynamodb: base + 3, s3: base + 4, metrics: base + 5 }
    }

    /// The base URL of the HTTP API, such as `http://127.0.0.1:3000`.
    pub fn http_url(self) -> String {
        url(self.http)
    }

    /// The URL of the WebSocket API, such as `ws://127.0.0.1:3001/live`.
    pub fn websocket_url(self) -> String {
        format!("ws://127.0.0.1:{}/{STAGE}", self.websocket)
    }

    /// The base URL of the stand-in Auth Service, such as `http://127.0.0.1:3002`.
    pub fn auth_url(self) -> String {
        url(self.auth)
    }

    /// The base URL of the metrics, such as `http://127.0.0.1:3005`.
    pub fn metrics_url(self) -> String {
        url(self.metrics)
    }

    /// Checks that no other program uses one of the ports. All of them are checked, so that the error names every port
    /// that is in use.
    fn check_free(self) -> Result<(), Error> {
        let parts = [
            (self.http, "--http-port"),
            (self.websocket, "--ws-port"),
            (self.auth, "--auth-port"),
            (self.dynamodb, "--dynamodb-port"),
            (self.s3, "--s3-port"),
            (self.metrics, "--metrics-port"),
        ];
        // The listeners live until the end, so that a port that is given twice counts as in use.
        let mut listeners = Vec::new();
        let mut taken = Vec::new();
        for (port, option) in parts {
            match TcpListener::bind(("127.0.0.1", port)) {
                Ok(listener) => listeners.push(listener),
                Err(error) if error.kind() == ErrorKind::AddrInUse => taken.push(TakenPort { port, option }),
                // The part itself reports any other error.
                Err(_) => {}
            }
        }
        if taken.is_empty() { Ok(()) } else { Err(Error::Ports(TakenPorts(taken))) }
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// A port that another program uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenPort {
    port: u16,
    /// The command line option that changes the port.
    option: &'static str,
}

/// The ports that other programs use, with the options that change them, as a sentence. At least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenPorts(Vec<TakenPort>);

impl std::fmt::Display for TakenPorts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_slice() {
            [TakenPort { port, option }] => write!(
                f,
                "port {port} of 127.0.0.1 is already in use. Stop the program that uses it, choose another port with \
                 {option}, or move all ports with --port-base"
            ),
            several => {
                let named = several.iter().map(|TakenPort { port, option }| format!("{port} ({option})"));
                let named = named.collect::<Vec<_>>().join(", ");
                write!(
                    f,
                    "ports {named} of 127.0.0.1 are already in use. Stop the programs that use them, choose other ports \
                     with these options, or move all ports with --port-base"
                )
            }
        }
    }
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
    /// A port or the data file is in use, the template is invalid, or nothing answers at the address of Redis.
    pub async fn start(setup: Setup) -> Result<Self, Error> {
        let numbers = setup.ports;
        numbers.check_free()?;
        if let Some(url) = setup.parameters.get(REDIS_PARAMETER).filter(|url| !url.is_empty()) {
            check_redis(url).await?;
        }
        let ports = Ports::bind(numbers.http, numbers.websocket).await?;
        let auth = AuthService::start(numbers.auth, None).await?;
        let mut parameters = parameters(&ports.connections_url(STAGE), &auth.url());
        let has_other_issuer = setup.parameters.contains_key("AuthJwksUrl");
        if has_other_issuer {
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
        options.site = Some(web::site(&workspace(), (!has_other_issuer).then_some(&auth)));
        options.output = setup.output;
        let local = LocalCloud::start(options).await?;
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
    let parameters = parameters(&format!("{}/{STAGE}", url(ports.websocket)), &ports.auth_url());
    let template = Template::load(&template(), &parameters).map_err(local_cloud::Error::from)?;
    let mut variables: BTreeMap<_, _> = template.functions.into_values().flat_map(|f| f.environment).collect();
    let lambda_variables = [
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", url(ports.dynamodb)),
        ("AWS_ENDPOINT_URL_S3", url(ports.s3)),
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

/// Checks that a Redis answers at the URL. Without it, every handshake would fail later.
async fn check_redis(url: &str) -> Result<(), Error> {
    // For rediss://. An error means that a provider is already installed: it is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = redis::Client::open(url).map_err(|error| Error::RedisUrl(error.to_string()))?;
    // Without user and password.
    let address = client.get_connection_info().addr().to_string();
    let config = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(REDIS_TIMEOUT))
        .set_response_timeout(Some(REDIS_TIMEOUT));
    let answer = async {
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        redis::cmd("PING").query_async::<redis::Value>(&mut connection).await
    };
    match answer.await {
        // A refusal is an answer, too: the secret with the password is the functions' business.
        Err(error) if !matches!(error.kind(), redis::ErrorKind::Server(_) | redis::ErrorKind::Extension) => {
            Err(Error::NoRedis { address, reason: error.to_string() })
        }
        _ => Ok(()),
    }
}
