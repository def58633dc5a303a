//! The command line of `cargo run --`.

use crate::cloud::{FUNCTION, PortNumbers, template};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Runs lambda-chat on this machine: both APIs, the functions, the tables and a stand-in Auth Service, on loopback
/// only.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) start: Start,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Tool(Tool),
    /// Serves one function over the Lambda Runtime API, as its own program does on AWS. `start` runs this for each
    /// function
    #[command(name = FUNCTION, hide = true)]
    Function {
        /// The function's name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// The commands for people.
#[derive(Subcommand)]
pub(crate) enum Tool {
    /// Starts the whole system and runs it until Ctrl-C. This is the default command
    Start(Start),
    /// Plays a conversation and checks every step; exits with 1 if a step fails. Starts a system of its own if no URL
    /// is set
    Demo(Demo),
    /// Opens the chat client in the terminal. With --json, it reads and writes lines of JSON, for scripts
    Chat(ChatArgs),
    /// Opens a WebSocket, sends each line that you type as a frame, and prints each frame that it receives
    Socket(SocketArgs),
    /// Shows live numbers of a running system: functions, requests, connections, capacity, metrics. q quits
    Top(TopArgs),
    /// Starts only the stand-in Auth Service
    Auth {
        /// Port of the Auth Service
        #[arg(long, default_value_t = PortNumbers::DEFAULT.auth)]
        auth_port: u16,
        /// File with the bearer token that it then requires for GET /users
        #[arg(long, value_name = "FILE")]
        credential_file: Option<PathBuf>,
    },
    /// Prints the environment variables that `cargo lambda watch` needs to work with `start --lambda-endpoint`
    WatchEnv(Ports),
}

#[derive(Args, Clone, Copy)]
pub(crate) struct Ports {
    /// Port of the HTTP API
    #[arg(long, default_value_t = PortNumbers::DEFAULT.http)]
    pub(crate) http_port: u16,
    /// Port of the WebSocket API
    #[arg(long, default_value_t = PortNumbers::DEFAULT.websocket)]
    pub(crate) ws_port: u16,
    /// Port of the stand-in Auth Service
    #[arg(long, default_value_t = PortNumbers::DEFAULT.auth)]
    pub(crate) auth_port: u16,
    /// Port of the embedded DynamoDB
    #[arg(long, default_value_t = PortNumbers::DEFAULT.dynamodb)]
    pub(crate) dynamodb_port: u16,
    /// Port of the embedded S3
    #[arg(long, default_value_t = PortNumbers::DEFAULT.s3)]
    s3_port: u16,
    /// Port of the metrics that top shows
    #[arg(long, default_value_t = PortNumbers::DEFAULT.metrics)]
    pub(crate) metrics_port: u16,
}

impl From<Ports> for PortNumbers {
    fn from(ports: Ports) -> Self {
        Self {
            http: ports.http_port,
            websocket: ports.ws_port,
            auth: ports.auth_port,
            dynamodb: ports.dynamodb_port,
            s3: ports.s3_port,
            metrics: ports.metrics_port,
        }
    }
}

#[derive(Args)]
pub(crate) struct Start {
    #[command(flatten)]
    pub(crate) ports: Ports,
    /// Keeps no data: tables are in memory, attachments in a temporary directory
    #[arg(long)]
    pub(crate) memory: bool,
    /// File that stores the tables. Attachments are stored in the directory objects next to it
    #[arg(long, default_value = ".lambda-chat/dynamodb.sqlite", conflicts_with = "memory")]
    pub(crate) data: PathBuf,
    /// Uses another DynamoDB: DynamoDB Local, or AWS with the credentials and the region in AWS_ACCESS_KEY_ID,
    /// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION
    #[arg(long, value_name = "URL", conflicts_with_all = ["memory", "data"])]
    pub(crate) dynamodb_endpoint: Option<String>,
    /// Runs the functions in a running `cargo lambda watch`. Start that with the environment that watch-env prints
    #[arg(long, value_name = "URL")]
    pub(crate) lambda_endpoint: Option<String>,
    /// Sets a parameter of the template, e.g. RealtimeRedisUrl=redis://127.0.0.1:6379. Repeat it for more parameters
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) parameters: Vec<(String, String)>,
    /// This system's SAM template, or a changed copy of it
    #[arg(long, default_value_os_t = template())]
    pub(crate) template: PathBuf,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("use NAME=VALUE, e.g. LogLevel=DEBUG")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Args)]
pub(crate) struct Demo {
    /// Plays every feature, with alice, bob and carol. On a running system, the nickname and the chats remain
    #[arg(long)]
    pub(crate) full: bool,
    /// HTTP API of a running system. Without it, the demo starts a system of its own
    #[arg(long, requires = "ws_url", env = "LAMBDA_CHAT_HTTP_URL")]
    pub(crate) http_url: Option<String>,
    /// WebSocket API of the running system
    #[arg(long, requires = "http_url", env = "LAMBDA_CHAT_WS_URL")]
    pub(crate) ws_url: Option<String>,
    /// Stand-in Auth Service of the running system, which issues the tokens
    #[arg(long, default_value = "http://127.0.0.1:3002", env = "LAMBDA_CHAT_AUTH_URL")]
    pub(crate) auth_url: String,
    /// Tokens of a real Auth Service instead of the stand-in's: for two users, with --full for three
    #[arg(long, num_args = 1.., value_name = "USER=TOKEN", requires = "http_url")]
    pub(crate) tokens: Option<Vec<String>>,
}

/// The user of a connection, and the addresses it needs.
#[derive(Args)]
pub(crate) struct Identity {
    /// User whose token the stand-in Auth Service issues
    #[arg(long = "as", value_name = "USER", default_value = "alice")]
    pub(crate) user: String,
    /// Token of a real Auth Service instead of the stand-in's
    #[arg(long, env = "LAMBDA_CHAT_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// WebSocket API of the running system
    #[arg(long, default_value = "ws://127.0.0.1:3001/live", env = "LAMBDA_CHAT_WS_URL")]
    pub(crate) ws_url: String,
    /// Stand-in Auth Service of the running system
    #[arg(long, default_value = "http://127.0.0.1:3002", env = "LAMBDA_CHAT_AUTH_URL")]
    pub(crate) auth_url: String,
}

#[derive(Args)]
pub(crate) struct SocketArgs {
    #[command(flatten)]
    pub(crate) identity: Identity,
}

#[derive(Args)]
pub(crate) struct ChatArgs {
    #[command(flatten)]
    pub(crate) identity: Identity,
    /// HTTP API of the running system
    #[arg(long, default_value = "http://127.0.0.1:3000", env = "LAMBDA_CHAT_HTTP_URL")]
    pub(crate) http_url: String,
    /// Reads actions and prints replies and events, one JSON object a line, in the format of docs/API.md. After the end
    /// of the input, it waits until every action is answered and every message is sent
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct TopArgs {
    /// Metrics of the running system
    #[arg(long, default_value = "http://127.0.0.1:3005", env = "LAMBDA_CHAT_METRICS_URL")]
    pub(crate) metrics_url: String,
    /// Seconds between two samples
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) interval: Duration,
    /// Takes two samples, prints one frame as text and ends
    #[arg(long)]
    pub(crate) once: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "use a number of seconds from 0.1 to 3600".to_owned())
}
