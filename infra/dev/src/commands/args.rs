//! What `cargo run --` understands.

use crate::cloud::{FUNCTION, PortNumbers, template};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// lambda-chat on this machine: both APIs, the functions, the tables and a stand-in Auth Service, on loopback.
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
    /// Serves one function over the Lambda Runtime API, as its own program does on AWS: `start` runs this for each
    #[command(name = FUNCTION, hide = true)]
    Function {
        /// The function's name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// What a person asks for.
#[derive(Subcommand)]
pub(crate) enum Tool {
    /// Starts everything and serves until Ctrl-C (what happens without a command, too)
    Start(Start),
    /// Plays alice and bob on the running system, with --full everything that there is, and exits 1 if a step fails
    Demo(Demo),
    /// Chats, in the terminal; with --json in lines of JSON, for scripts
    Chat(ChatArgs),
    /// Opens a WebSocket: every line typed is sent as a frame, every frame that comes is printed
    Socket(SocketArgs),
    /// Shows what a running system does: functions, requests, connections, capacity, metrics. q quits
    Top(TopArgs),
    /// Starts the stand-in Auth Service alone
    Auth {
        /// Its port
        #[arg(long, default_value_t = PortNumbers::DEFAULT.auth)]
        auth_port: u16,
        /// A file with the token that it asks of whoever looks up users
        #[arg(long, value_name = "FILE")]
        credential_file: Option<PathBuf>,
    },
    /// Prints the environment that a `cargo lambda watch` needs to work with `start --lambda-endpoint`
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
    /// Port of the metrics, which top shows
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
    /// Keeps nothing: the tables are in memory, the attachments in a temporary directory
    #[arg(long)]
    pub(crate) memory: bool,
    /// The file that keeps the tables; the attachments are beside it, in the directory objects
    #[arg(long, default_value = ".lambda-chat/dynamodb.sqlite", conflicts_with = "memory")]
    pub(crate) data: PathBuf,
    /// Another DynamoDB: DynamoDB Local, or AWS with the credentials and the region of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    /// AWS_SESSION_TOKEN and AWS_REGION
    #[arg(long, value_name = "URL", conflicts_with_all = ["memory", "data"])]
    pub(crate) dynamodb_endpoint: Option<String>,
    /// A running `cargo lambda watch` that runs the functions, started with the environment that watch-env prints
    #[arg(long, value_name = "URL")]
    pub(crate) lambda_endpoint: Option<String>,
    /// A parameter of the template, e.g. RealtimeRedisUrl=redis://127.0.0.1:6379; may be given again for another
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) parameters: Vec<(String, String)>,
    /// The SAM template
    #[arg(long, default_value_os_t = template())]
    pub(crate) template: PathBuf,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Args)]
pub(crate) struct Demo {
    /// Everything that the system does, played by alice, bob and carol. The nickname and the chats stay
    #[arg(long)]
    pub(crate) full: bool,
    /// The HTTP API of a running system; without it, one is started for the demo alone
    #[arg(long, requires = "ws_url", env = "LAMBDA_CHAT_HTTP_URL")]
    pub(crate) http_url: Option<String>,
    /// Its WebSocket API
    #[arg(long, requires = "http_url", env = "LAMBDA_CHAT_WS_URL")]
    pub(crate) ws_url: Option<String>,
    /// Its stand-in Auth Service, which makes the tokens
    #[arg(long, default_value = "http://127.0.0.1:3002", env = "LAMBDA_CHAT_AUTH_URL")]
    pub(crate) auth_url: String,
    /// Tokens of a real Auth Service instead: of two users, with --full of three
    #[arg(long, num_args = 1.., value_name = "USER=TOKEN", requires = "http_url")]
    pub(crate) tokens: Option<Vec<String>>,
}

/// Who somebody is, and where the WebSocket API is.
#[derive(Args)]
pub(crate) struct Who {
    /// Whose token to ask the stand-in Auth Service for
    #[arg(long = "as", value_name = "USER", default_value = "alice")]
    pub(crate) user: String,
    /// A token of a real Auth Service instead
    #[arg(long, env = "LAMBDA_CHAT_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// The WebSocket API
    #[arg(long, default_value = "ws://127.0.0.1:3001/live", env = "LAMBDA_CHAT_WS_URL")]
    pub(crate) ws_url: String,
    /// The stand-in Auth Service
    #[arg(long, default_value = "http://127.0.0.1:3002", env = "LAMBDA_CHAT_AUTH_URL")]
    pub(crate) auth_url: String,
}

#[derive(Args)]
pub(crate) struct SocketArgs {
    #[command(flatten)]
    pub(crate) who: Who,
}

#[derive(Args)]
pub(crate) struct ChatArgs {
    #[command(flatten)]
    pub(crate) who: Who,
    /// The HTTP API
    #[arg(long, default_value = "http://127.0.0.1:3000", env = "LAMBDA_CHAT_HTTP_URL")]
    pub(crate) http_url: String,
    /// Prints what happens and reads what to do, as JSON, a line each: the actions and the events of docs/API.md. At the
    /// end of the input it ends, once all is answered and sent
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct TopArgs {
    /// The metrics of the running system
    #[arg(long, default_value = "http://127.0.0.1:3005", env = "LAMBDA_CHAT_METRICS_URL")]
    pub(crate) metrics_url: String,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) interval: Duration,
    /// Looks twice, prints one frame as text and ends
    #[arg(long)]
    pub(crate) once: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "a number from 0.1 to 3600".to_owned())
}
