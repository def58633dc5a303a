//! The local cloud with this product in it: which parameters template.yaml gets, and where its data is.

use crate::Error;
use crate::auth_service::{AuthService, jwks_url};
use crate::reference;
use local_cloud::{DynamoDb, Lambda, Limits, LocalCloud, Options, Output, Ports, S3, Template};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The stage of the WebSocket API, as template.yaml's parameter StageName has it here.
const STAGE: &str = "live";

/// Where everything listens on 127.0.0.1; 0 is any port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PortNumbers {
    /// The HTTP API.
    pub http: u16,
    /// The WebSocket API.
    pub websocket: u16,
    /// The development Auth Service.
    pub auth: u16,
    /// DynamoDB.
    pub dynamodb: u16,
    /// S3.
    pub s3: u16,
    /// The metrics, which `top` shows.
    pub metrics: u16,
}

impl PortNumbers {
    /// Those that `cargo run` uses unless told otherwise.
    pub const DEFAULT: Self = Self { http: 3000, websocket: 3001, auth: 3002, s3: 3004, metrics: 3005, dynamodb: 8000 };
}

/// What to start.
pub struct Setup {
    /// The template.
    pub template: PathBuf,
    /// Where everything listens.
    pub ports: PortNumbers,
    /// Where the tables are.
    pub dynamodb: DynamoDb,
    /// Where the bucket is.
    pub s3: S3,
    /// Who runs the functions.
    pub lambda: Lambda,
    /// Quotas; AWS's unless a test needs shorter ones.
    pub limits: Limits,
    /// Environment for every function, on top of the template's.
    pub environment: BTreeMap<String, String>,
    /// More parameters of the template.
    pub parameters: BTreeMap<String, String>,
    /// Who is told what happens.
    pub output: Output,
}

/// The subcommand of `lambda-chat` that serves one function; its argument is the function's name.
pub const FUNCTION: &str = "function";

/// The functions run by this executable of `lambda-chat`, which has all of them.
pub fn served_by(lambda_chat: impl Into<PathBuf>) -> Lambda {
    Lambda::OneProgram { program: lambda_chat.into(), arguments: vec![FUNCTION.to_owned()] }
}

/// The functions run by the executable that runs already, which must be `lambda-chat`.
///
/// # Errors
/// The system does not tell where it is.
pub fn served_by_this_program() -> Result<Lambda, Error> {
    let failed = |source| Error::Io { what: "looking for this program's own file".to_owned(), source };
    std::env::current_exe().map(served_by).map_err(failed)
}

impl Setup {
    /// Everything in memory and on any ports.
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

/// The workspace's own template.
pub fn template() -> PathBuf {
    workspace().join("template.yaml")
}

/// The workspace's root.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The running system.
pub struct Cloud {
    /// Both APIs, the functions and the tables.
    pub local: LocalCloud,
    /// The development Auth Service.
    pub auth: AuthService,
}

impl Cloud {
    /// Starts everything.
    ///
    /// # Errors
    /// A port is taken, the template is broken.
    pub async fn start(setup: Setup) -> Result<Self, Error> {
        let numbers = setup.ports;
        let ports = Ports::bind(numbers.http, numbers.websocket).await.map_err(|source| taken(source, numbers))?;
        let auth = AuthService::start(numbers.auth, None).await?;
        let mut parameters = parameters(&ports.connections_url(STAGE), &auth.url());
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
        options.pages = reference::pages(&workspace());
        options.output = setup.output;
        let local = LocalCloud::start(options).await.map_err(|source| taken(source, numbers))?;
        Ok(Self { local, auth })
    }

    /// Ends everything in order.
    pub async fn shutdown(self) {
        self.local.shutdown().await;
    }
}

/// The variables that a running `cargo lambda watch` must have for the functions to find this local cloud: those that
/// the template gives to any function, and what Lambda itself would say.
///
/// # Errors
/// The template is broken.
pub fn watch_environment(ports: PortNumbers) -> Result<BTreeMap<String, String>, Error> {
    let at = |port: u16| format!("http://127.0.0.1:{port}");
    let parameters = parameters(&format!("{}/{STAGE}", at(ports.websocket)), &at(ports.auth));
    let template = Template::load(&template(), &parameters).map_err(local_cloud::Error::from)?;
    let mut variables: BTreeMap<_, _> = template.functions.into_values().flat_map(|f| f.environment).collect();
    let given = [
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", at(ports.dynamodb)),
        ("AWS_ENDPOINT_URL_S3", at(ports.s3)),
    ];
    variables.extend(given.map(|(name, value)| (name.to_owned(), value)));
    Ok(variables)
}

fn parameters(connections_endpoint: &str, auth_url: &str) -> BTreeMap<String, String> {
    let parameters = [
        ("StageName", STAGE.to_owned()),
        ("ConnectionsEndpoint", connections_endpoint.to_owned()),
        ("AuthJwksUrl", jwks_url(auth_url)),
        ("AuthServiceUrl", auth_url.to_owned()),
        ("CorsOrigins", "http://localhost:5173,http://127.0.0.1:5173".to_owned()),
    ];
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn taken(source: local_cloud::Error, ports: PortNumbers) -> Error {
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
