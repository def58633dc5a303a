//! The command line of `cargo run --`.

use crate::chat::StandIn;
use crate::cloud::{DEFAULT_PORT_BASE, FUNCTION, MAX_PORT_BASE, PortNumbers};
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
    /// Plays a conversation and checks every step; exits with 1 if a step fails. Starts a system of its own if no
    /// address of a running one is set
    Demo(Demo),
    /// Opens the chat client in the terminal. With --json, it reads and writes lines of JSON, for scripts
    Chat(ChatArgs),
    /// Opens a WebSocket, sends each line that you type as a frame, and prints each frame that it receives
    Socket(SocketArgs),
    /// Shows live numbers of a running system: functions, requests, connections, capacity, metrics. q quits
    Top(TopArgs),
    /// Starts only the stand-in Auth Service
    Auth(AuthArgs),
    /// Prints the environment variables that `cargo lambda watch` needs to work with `start --lambda-endpoint`
    WatchEnv(Ports),
}

/// Where the ports begin. Every command has this option, so that it finds the system that `start` runs with the same one.
#[derive(Args, Clone, Copy)]
pub(crate) struct PortBase {
    /// First of six ports: N HTTP API, N+1 WebSocket API, N+2 Auth Service, N+3 DynamoDB, N+4 S3, N+5 metrics. By
    /// default 3000. An option for one port or one address wins
    #[arg(
        long = "port-base",
        value_name = "N",
        env = "LAMBDA_CHAT_PORT_BASE",
        value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_PORT_BASE))
    )]
    value: Option<u16>,
}

impl PortBase {
    /// Whether the option or its variable is set.
    pub(crate) fn is_set(self) -> bool {
        self.value.is_some()
    }

    pub(crate) fn ports(self) -> PortNumbers {
        PortNumbers::from_base(self.value.unwrap_or(DEFAULT_PORT_BASE))
    }
}

#[derive(Args, Clone, Copy)]
pub(crate) struct Ports {
    #[command(flatten)]
    base: PortBase,
    /// Port of the HTTP API, instead of N. 0 means any free port, here and below
    #[arg(long, value_name = "PORT")]
    http_port: Option<u16>,
    /// Port of the WebSocket API, instead of N+1
    #[arg(long, value_name = "PORT")]
    ws_port: Option<u16>,
    /// Port of the stand-in Auth Service, instead of N+2
    #[arg(long, value_name = "PORT")]
    auth_port: Option<u16>,
    /// Port of the embedded DynamoDB, instead of N+3
    #[arg(long, value_name = "PORT")]
    dynamodb_port: Option<u16>,
    /// Port of the embedded S3, instead of N+4
    #[arg(long, value_name = "PORT")]
    s3_port: Option<u16>,
    /// Port of the metrics that top shows, instead of N+5
    #[arg(long, value_name = "PORT")]
    metrics_port: Option<u16>,
}

impl From<Ports> for PortNumbers {
    fn from(ports: Ports) -> Self {
        let base = ports.base.ports();
        Self {
            http: ports.http_port.unwrap_or(base.http),
            websocket: ports.ws_port.unwrap_or(base.websocket),
            auth: ports.auth_port.unwrap_or(base.auth),
            dynamodb: ports.dynamodb_port.unwrap_or(base.dynamodb),
            s3: ports.s3_port.unwrap_or(base.s3),
            metrics: ports.metrics_port.unwrap_or(base.metrics),
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
    /// File that stores the tables, for one running system at a time. Attachments are stored in the directory objects
    /// next to it. By default .lambda-chat/dynamodb.sqlite of this repository
    #[arg(long, value_name = "FILE", conflicts_with = "memory")]
    pub(crate) data: Option<PathBuf>,
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
    /// This system's SAM template, or a changed copy of it. By default template.yaml of this repository
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Option<PathBuf>,
}

/// A user id that the system takes. Its refusal of another one's token would not say why.
fn user_id(text: &str) -> Result<String, String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._:@|-".contains(c);
    let is_reserved = [".", "..", "@all"].contains(&text) || text.starts_with("service:") || text.starts_with("gone:");
    match (1..=128).contains(&text.len()) && text.chars().all(is_allowed) && !is_reserved {
        true => Ok(text.to_owned()),
        false => Err("must be 1 to 128 of A-Z a-z 0-9 . _ : @ | -, and not . or .. or @all or service:... or gone:..."
            .to_owned()),
    }
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
    #[command(flatten)]
    pub(crate) base: PortBase,
    /// HTTP API of a running system. Without it and without --port-base, the demo starts a system of its own
    #[arg(long, requires = "ws_url", env = "LAMBDA_CHAT_HTTP_URL")]
    pub(crate) http_url: Option<String>,
    /// WebSocket API of the running system
    #[arg(long, requires = "http_url", env = "LAMBDA_CHAT_WS_URL")]
    pub(crate) ws_url: Option<String>,
    /// Stand-in Auth Service of the running system, which issues the tokens. By default at port N+2
    #[arg(long, env = "LAMBDA_CHAT_AUTH_URL")]
    pub(crate) auth_url: Option<String>,
    /// Tokens of a real Auth Service instead of the stand-in's: for two users, with --full for three
    #[arg(long, num_args = 1.., value_name = "USER=TOKEN", requires = "http_url")]
    pub(crate) tokens: Option<Vec<String>>,
}

impl Demo {
    /// The running system to play on. None if the demo has to start one.
    pub(crate) fn addresses(&self) -> Option<Addresses> {
        let ports = self.base.ports();
        let (http_url, ws_url) = match (&self.http_url, &self.ws_url) {
            (Some(http_url), Some(ws_url)) => (http_url.clone(), ws_url.clone()),
            _ if self.base.is_set() => (ports.http_url(), ports.websocket_url()),
            _ => return None,
        };
        Some(Addresses { http_url, ws_url, auth_url: self.auth_url.clone().unwrap_or_else(|| ports.auth_url()) })
    }
}

/// The addresses of a running system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) http_url: String,
    pub(crate) ws_url: String,
    pub(crate) auth_url: String,
}

/// The user of a connection, and the addresses it needs.
#[derive(Args)]
pub(crate) struct Identity {
    /// User whose token the stand-in Auth Service issues
    #[arg(long = "as", value_name = "USER", default_value = "alice", value_parser = user_id)]
    pub(crate) user: String,
    /// Token of a real Auth Service instead of the stand-in's
    #[arg(long, env = "LAMBDA_CHAT_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    #[command(flatten)]
    base: PortBase,
    /// WebSocket API of the running system. By default ws://127.0.0.1:N+1/live
    #[arg(long, env = "LAMBDA_CHAT_WS_URL")]
    ws_url: Option<String>,
    /// Stand-in Auth Service of the running system. By default http://127.0.0.1:N+2
    #[arg(long, env = "LAMBDA_CHAT_AUTH_URL")]
    auth_url: Option<String>,
}

impl Identity {
    pub(crate) fn ws_url(&self) -> String {
        self.ws_url.clone().unwrap_or_else(|| self.base.ports().websocket_url())
    }

    /// The stand-in Auth Service that issues the user's tokens.
    pub(crate) fn stand_in(&self) -> StandIn {
        let auth_url = self.auth_url.clone().unwrap_or_else(|| self.base.ports().auth_url());
        StandIn { auth_url, user: self.user.clone() }
    }
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
    /// HTTP API of the running system. By default http://127.0.0.1:N
    #[arg(long, env = "LAMBDA_CHAT_HTTP_URL")]
    http_url: Option<String>,
    /// Reads actions and prints replies and events, one JSON object a line, in the format of docs/API.md. After the end
    /// of the input, it waits until every action is answered and every message is sent
    #[arg(long)]
    pub(crate) json: bool,
}

impl ChatArgs {
    pub(crate) fn http_url(&self) -> String {
        self.http_url.clone().unwrap_or_else(|| self.identity.base.ports().http_url())
    }
}

#[derive(Args)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    base: PortBase,
    /// Metrics of the running system. By default http://127.0.0.1:N+5
    #[arg(long, env = "LAMBDA_CHAT_METRICS_URL")]
    metrics_url: Option<String>,
    /// Seconds between two samples
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) interval: Duration,
    /// Takes two samples, prints one frame as text and ends
    #[arg(long)]
    pub(crate) once: bool,
}

impl TopArgs {
    pub(crate) fn metrics_url(&self) -> String {
        self.metrics_url.clone().unwrap_or_else(|| self.base.ports().metrics_url())
    }
}

#[derive(Args)]
pub(crate) struct AuthArgs {
    #[command(flatten)]
    base: PortBase,
    /// Port of the Auth Service, instead of N+2. 0 means any free port
    #[arg(long, value_name = "PORT")]
    auth_port: Option<u16>,
    /// File with the bearer token that it then requires for GET /users
    #[arg(long, value_name = "FILE")]
    pub(crate) credential_file: Option<PathBuf>,
}

impl AuthArgs {
    pub(crate) fn port(&self) -> u16 {
        self.auth_port.unwrap_or_else(|| self.base.ports().auth)
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "use a number of seconds from 0.1 to 3600".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(line: &[&str]) -> Tool {
        let cli = Cli::try_parse_from([&["lambda-chat"], line].concat()).unwrap_or_else(|error| panic!("{error}"));
        match cli.command {
            Some(Command::Tool(tool)) => tool,
            Some(Command::Function { .. }) => panic!("{line:?} is for people"),
            None => Tool::Start(cli.start),
        }
    }

    fn ports(line: &[&str]) -> PortNumbers {
        match tool(line) {
            Tool::Start(start) => start.ports.into(),
            Tool::WatchEnv(ports) => ports.into(),
            _ => panic!("{line:?} starts no system"),
        }
    }

    #[test]
    fn chat_is_of_a_user_id_that_the_system_takes() {
        for (user, is_right) in [
            ("a.b_c:d@e|f-1", true),
            ("ali/ce", false),
            ("a b", false),
            ("..", false),
            ("", false),
            ("service:x", false),
            ("@all", false),
        ] {
            for command in ["chat", "socket"] {
                let parsed = Cli::try_parse_from(["lambda-chat", command, "--as", user]);
                assert_eq!(parsed.is_ok(), is_right, "{command} {user}");
            }
        }
    }

    #[test]
    fn port_base_moves_every_port() {
        let usual = PortNumbers { http: 3000, websocket: 3001, auth: 3002, dynamodb: 3003, s3: 3004, metrics: 3005 };
        assert_eq!(ports(&[]), usual);
        let moved = PortNumbers { http: 4100, websocket: 4101, auth: 4102, dynamodb: 4103, s3: 4104, metrics: 4105 };
        for command in [&[][..], &["start"], &["watch-env"]] {
            assert_eq!(ports(&[command, &["--port-base", "4100"]].concat()), moved, "{command:?}");
        }
        let one = ports(&["--port-base", "4100", "--s3-port", "9", "--http-port", "0"]);
        assert_eq!(one, PortNumbers { s3: 9, http: 0, ..moved }, "an option for one port wins");
        assert_eq!(ports(&["--port-base", "65530"]).metrics, 65535);
        for refused in ["0", "65531", "-1", "a"] {
            assert!(Cli::try_parse_from(["lambda-chat", "--port-base", refused]).is_err(), "{refused}");
        }
    }

    #[test]
    fn every_command_follows_the_port_base() {
        let at = |scheme: &str, port: u16| format!("{scheme}://127.0.0.1:{port}");
        for (option, base) in [(&[][..], 3000), (&["--port-base", "4100"], 4100)] {
            let with = |command: &str| tool(&[&[command], option].concat());
            let Tool::Chat(chat) = with("chat") else { panic!("chat") };
            assert_eq!(chat.http_url(), at("http", base));
            assert_eq!(chat.identity.ws_url(), at("ws", base + 1) + "/live");
            assert_eq!(chat.identity.stand_in().auth_url, at("http", base + 2));
            let Tool::Socket(socket) = with("socket") else { panic!("socket") };
            assert_eq!(socket.identity.ws_url(), at("ws", base + 1) + "/live");
            assert_eq!(socket.identity.stand_in().auth_url, at("http", base + 2));
            let Tool::Top(top) = with("top") else { panic!("top") };
            assert_eq!(top.metrics_url(), at("http", base + 5));
            let Tool::Auth(auth) = with("auth") else { panic!("auth") };
            assert_eq!(auth.port(), base + 2);
            let Tool::Demo(demo) = with("demo") else { panic!("demo") };
            let running = Addresses {
                http_url: at("http", base),
                ws_url: at("ws", base + 1) + "/live",
                auth_url: at("http", base + 2),
            };
            assert_eq!(
                demo.addresses(),
                (!option.is_empty()).then_some(running),
                "it starts a system without the option"
            );
        }
    }

    #[test]
    fn address_wins_over_the_port_base() {
        let line =
            ["chat", "--port-base", "4100", "--http-url", "http://h", "--ws-url", "ws://w", "--auth-url", "http://a"];
        let Tool::Chat(chat) = tool(&line) else { panic!("chat") };
        let StandIn { auth_url, .. } = chat.identity.stand_in();
        assert_eq!(
            (chat.http_url(), chat.identity.ws_url(), auth_url),
            ("http://h".into(), "ws://w".into(), "http://a".into())
        );
        let line = ["top", "--port-base", "4100", "--metrics-url", "http://m"];
        let Tool::Top(top) = tool(&line) else { panic!("top") };
        assert_eq!(top.metrics_url(), "http://m");
        let line = ["demo", "--port-base", "4100", "--http-url", "http://h", "--ws-url", "ws://w"];
        let Tool::Demo(demo) = tool(&line) else { panic!("demo") };
        let running = demo.addresses().unwrap();
        assert_eq!((&*running.http_url, &*running.auth_url), ("http://h", "http://127.0.0.1:4102"));
    }
}
