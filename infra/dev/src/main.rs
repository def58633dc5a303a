//! `cargo run`: the whole system on this machine.

#![allow(clippy::disallowed_methods)] // a development tool reads the machine's environment

use clap::{Args, Parser, Subcommand};
use client::wire::{ClientError, Credential, Socket};
use client::{OneToken, Options, Tokens};
use dev::auth_service::{AuthService, USERS};
use dev::chat::{self, StandIn};
use dev::cloud::{Cloud, PortNumbers, Setup, template, watch_environment, workspace};
use dev::demo::{Actor, Cast, Notifications, Stage, play};
use dev::terminal::{Logs, Terminal};
use dev::top;
use dev::{Error, in_full};
use local_cloud::{DynamoDb, Event, Lambda, S3};
use serde_json::{Value, json};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// lambda-chat on this machine: both APIs, the functions, the tables and a stand-in Auth Service, on loopback.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    start: Start,
}

#[derive(Subcommand)]
enum Command {
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
        #[arg(long, default_value_t = PortNumbers::USUAL.auth)]
        auth_port: u16,
        /// A file with the token that it asks of whoever looks up users
        #[arg(long, value_name = "FILE")]
        credential_file: Option<PathBuf>,
    },
    /// Prints the environment that a `cargo lambda watch` needs to work with `start --lambda-endpoint`
    WatchEnv(Ports),
}

#[derive(Args, Clone, Copy)]
struct Ports {
    /// Port of the HTTP API
    #[arg(long, default_value_t = PortNumbers::USUAL.http)]
    http_port: u16,
    /// Port of the WebSocket API
    #[arg(long, default_value_t = PortNumbers::USUAL.websocket)]
    ws_port: u16,
    /// Port of the stand-in Auth Service
    #[arg(long, default_value_t = PortNumbers::USUAL.auth)]
    auth_port: u16,
    /// Port of the embedded DynamoDB
    #[arg(long, default_value_t = PortNumbers::USUAL.dynamodb)]
    dynamodb_port: u16,
    /// Port of the embedded S3
    #[arg(long, default_value_t = PortNumbers::USUAL.s3)]
    s3_port: u16,
    /// Port of the metrics, which top shows
    #[arg(long, default_value_t = PortNumbers::USUAL.metrics)]
    metrics_port: u16,
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
struct Start {
    #[command(flatten)]
    ports: Ports,
    /// Keeps nothing: the tables are in memory, the attachments in a temporary directory
    #[arg(long)]
    memory: bool,
    /// The file that keeps the tables; the attachments are beside it, in the directory objects
    #[arg(long, default_value = ".lambda-chat/dynamodb.sqlite", conflicts_with = "memory")]
    data: PathBuf,
    /// Another DynamoDB: DynamoDB Local, or AWS with the credentials and the region of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    /// AWS_SESSION_TOKEN and AWS_REGION
    #[arg(long, value_name = "URL", conflicts_with_all = ["memory", "data"])]
    dynamodb_endpoint: Option<String>,
    /// A running `cargo lambda watch` that runs the functions, started with the environment that watch-env prints
    #[arg(long, value_name = "URL")]
    lambda_endpoint: Option<String>,
    /// A parameter of the template, e.g. RealtimeRedisUrl=redis://127.0.0.1:6379; may be given again for another
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// The SAM template
    #[arg(long, default_value_os_t = template())]
    template: PathBuf,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Args)]
struct Demo {
    /// Everything that the system does, played by alice, bob and carol. The nickname and the chats stay
    #[arg(long)]
    full: bool,
    /// The HTTP API of a running system; without it, one is started for the demo alone
    #[arg(long, requires = "ws_url", env = "LAMBDA_CHAT_HTTP_URL")]
    http_url: Option<String>,
    /// Its WebSocket API
    #[arg(long, requires = "http_url", env = "LAMBDA_CHAT_WS_URL")]
    ws_url: Option<String>,
    /// Its stand-in Auth Service, which makes the tokens
    #[arg(long, default_value = "http://127.0.0.1:3002", env = "LAMBDA_CHAT_AUTH_URL")]
    auth_url: String,
    /// Tokens of a real Auth Service instead: of two users, with --full of three
    #[arg(long, num_args = 1.., value_name = "USER=TOKEN", requires = "http_url")]
    tokens: Option<Vec<String>>,
}

/// Who somebody is, and where the WebSocket API is.
#[derive(Args)]
struct Who {
    /// Whose token to ask the stand-in Auth Service for
    #[arg(long = "as", value_name = "USER", default_value = "alice")]
    user: String,
    /// A token of a real Auth Service instead
    #[arg(long, env = "LAMBDA_CHAT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The WebSocket API
    #[arg(long, default_value = "ws://127.0.0.1:3001/live", env = "LAMBDA_CHAT_WS_URL")]
    ws_url: String,
    /// The stand-in Auth Service
    #[arg(long, default_value = "http://127.0.0.1:3002", env = "LAMBDA_CHAT_AUTH_URL")]
    auth_url: String,
}

#[derive(Args)]
struct SocketArgs {
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
struct ChatArgs {
    #[command(flatten)]
    who: Who,
    /// The HTTP API
    #[arg(long, default_value = "http://127.0.0.1:3000", env = "LAMBDA_CHAT_HTTP_URL")]
    http_url: String,
    /// Prints what happens and reads what to do, as JSON, a line each: the actions and the events of docs/API.md. At the
    /// end of the input it ends, once all is answered and sent
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct TopArgs {
    /// The metrics of the running system
    #[arg(long, default_value = "http://127.0.0.1:3005", env = "LAMBDA_CHAT_METRICS_URL")]
    metrics_url: String,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    interval: Duration,
    /// Looks twice, prints one frame as text and ends
    #[arg(long)]
    once: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "a number from 0.1 to 3600".to_owned())
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(run(cli));
    // Whoever still reads a terminal is not waited for.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", in_full(&error));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Error> {
    match cli.command.unwrap_or(Command::Start(cli.start)) {
        Command::Start(start) => serve(start).await,
        Command::Demo(demo) => run_demo(demo).await,
        Command::Chat(args) => run_chat(args).await,
        Command::Socket(socket) => run_socket(socket).await,
        Command::Top(args) => run_top(args).await,
        Command::Auth { auth_port, credential_file } => run_auth(auth_port, credential_file).await,
        Command::WatchEnv(ports) => watch_environment(ports.into()).map(|variables| {
            variables.iter().for_each(|(name, value)| println!("{name}={value}"));
        }),
    }
}

/// Returns when the person, or the system, wants this to end.
async fn asked_to_stop() -> Result<(), Error> {
    let failed = |source| Error::Io { what: "waiting for Ctrl-C".to_owned(), source };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        tokio::select! {
            asked = tokio::signal::ctrl_c() => asked.map_err(failed),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(failed)
}

/// What is said of data that is not kept.
const GONE: &str = "gone when this ends";

/// The topic of notifications, as any topic is there.
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:notifications";

/// What the functions need of the developer's environment to use a DynamoDB on AWS.
const AWS_VARIABLES: [&str; 4] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"];

async fn serve(start: Start) -> Result<(), Error> {
    let terminal = Terminal::new(Logs::Shown);
    let mut setup = Setup::new(terminal.output());
    setup.template = start.template;
    setup.ports = start.ports.into();
    // What is published to it is printed.
    setup.parameters = [("NotificationsTopicArn".to_owned(), TOPIC.to_owned())].into();
    setup.parameters.extend(start.parameters);
    setup.lambda = start.lambda_endpoint.map_or(Lambda::Build, Lambda::Endpoint);
    let file = if start.data.is_relative() { workspace().join(&start.data) } else { start.data };
    if start.dynamodb_endpoint.is_some() {
        let given = |name: &str| std::env::var(name).ok().map(|value| (name.to_owned(), value));
        setup.environment = AWS_VARIABLES.into_iter().filter_map(given).collect();
    }
    setup.dynamodb = match start.dynamodb_endpoint {
        Some(url) => DynamoDb::Endpoint(url),
        None if start.memory => DynamoDb::Memory,
        None => DynamoDb::File(file.clone()),
    };
    // With tables elsewhere, attachments are kept as if they were here.
    let objects = file.parent().unwrap_or(&file).join("objects");
    setup.s3 = if start.memory { S3::Temporary } else { S3::Directory(objects.clone()) };
    let kept_objects = if start.memory { GONE.to_owned() } else { format!("kept in {}", objects.display()) };
    let kept = match &setup.dynamodb {
        DynamoDb::File(file) => format!("kept in {}", file.display()),
        DynamoDb::Memory => GONE.to_owned(),
        DynamoDb::Endpoint(_) => "elsewhere".to_owned(),
    };
    let started = Cloud::start(setup).await;
    terminal.done();
    let cloud = started?;
    welcome(&cloud, &kept, &kept_objects)?;
    asked_to_stop().await?;
    println!("\nStopping. Ctrl-C again does not wait.");
    tokio::select! {
        () = cloud.shutdown() => Ok(()),
        asked = asked_to_stop() => asked,
    }
}

fn welcome(cloud: &Cloud, kept: &str, kept_objects: &str) -> Result<(), Error> {
    let (http, ws, auth) = (cloud.local.http_url(), cloud.local.websocket_url(), cloud.auth.url());
    println!("lambda-chat is running. Ctrl-C stops it.\n");
    println!("  HTTP API       {http}");
    println!("  WebSocket API  {ws}");
    println!("  Both, to read  {http}{}", dev::reference::PATH);
    println!("  Auth Service   {auth}  (a stand-in: POST /token {{\"userId\"}} makes a token for anybody)");
    println!("  DynamoDB       {}  ({kept})", cloud.local.dynamodb_endpoint());
    println!("  S3             {}  ({kept_objects})", cloud.local.s3_endpoint());
    println!("  Metrics        {}/metrics\n", cloud.local.metrics_url());
    println!("Three users and their tokens, good for 12 hours. Paste them into a second terminal:\n");
    for user in USERS {
        println!("{}={}", user.to_uppercase(), cloud.auth.token(user)?);
    }
    println!("\nThere, alice opens a chat with bob, and writes:\n");
    println!(
        "CHAT=$(curl -s {http}/chats -H \"Authorization: Bearer $ALICE\" \\\n  \
         -d '{{\"participants\":[\"bob\"],\"isGroup\":false}}' | sed 's/.*\"chatId\":\"\\([^\"]*\\)\".*/\\1/')"
    );
    println!(
        "curl -s {http}/chats/$CHAT/messages -H \"Authorization: Bearer $ALICE\" \\\n  \
         -d '{{\"type\":\"text\",\"content\":\"Hello Bob\",\"clientMessageId\":\"m-1\"}}'"
    );
    println!("curl -s {http}/chats/$CHAT/messages -H \"Authorization: Bearer $BOB\"\n");
    println!("In a third, bob listens; a line that he types is sent as a frame:\n");
    println!("cargo run -q -- socket --as bob --ws-url {ws} --auth-url {auth}");
    println!("{{\"action\":\"ping\",\"id\":\"1\"}}\n");
    println!("Any other WebSocket client will do: npx wscat -c {ws} -H \"Authorization: Bearer $BOB\"\n");
    println!("What it does, in numbers, in one more:\n");
    println!("cargo run -q -- top --metrics-url {}\n", cloud.local.metrics_url());
    println!("What the functions log:");
    Ok(())
}

async fn run_demo(demo: Demo) -> Result<(), Error> {
    if let (Some(http_url), Some(ws_url)) = (demo.http_url, demo.ws_url) {
        let actors = match demo.tokens {
            Some(tokens) => tokens.iter().map(|pair| actor(pair)).collect::<Result<_, _>>()?,
            None => actors_of(&demo.auth_url, demo.full).await?,
        };
        let cast = Cast::new(demo.full, actors)?;
        println!("{} on {http_url} and {ws_url}:\n", cast.names());
        return play(&Stage { http_url, ws_url, auth_url: None, notifications: None }, &cast).await;
    }
    let terminal = Terminal::new(Logs::Kept);
    let (output, notifications) = (terminal.output(), Notifications::default());
    let published = notifications.clone();
    let mut setup = Setup::new(Arc::new(move |event| {
        if let Event::Published { attributes, message, .. } = &event
            && let Ok(mut published) = published.lock()
        {
            let mut notification: Value = serde_json::from_str(message).unwrap_or_default();
            attributes.iter().for_each(|(name, value)| notification[name] = json!(value));
            published.push(notification);
        }
        output(event);
    }));
    setup.parameters.insert("NotificationsTopicArn".to_owned(), TOPIC.to_owned());
    let started = Cloud::start(setup).await;
    terminal.done();
    let cloud = started?;
    let stage = Stage {
        http_url: cloud.local.http_url().to_owned(),
        ws_url: cloud.local.websocket_url().to_owned(),
        auth_url: Some(cloud.auth.url()),
        notifications: Some(notifications),
    };
    let cast = Cast::new(demo.full, actors_of(&cloud.auth.url(), demo.full).await?)?;
    println!("{} on the local cloud, with the real functions:\n", cast.names());
    let played = play(&stage, &cast).await;
    cloud.shutdown().await;
    if played.is_err() {
        terminal.print_kept();
    }
    played
}

/// A user and their token, of a real Auth Service.
fn actor(pair: &str) -> Result<Actor, Error> {
    let parts = pair.split_once('=').filter(|(user, token)| !user.is_empty() && !token.is_empty());
    let (user, token) = parts.ok_or(Error::Token)?;
    Ok(Actor { user: user.to_owned(), token: token.to_owned() })
}

/// The stand-in's users, as many as are needed.
async fn actors_of(auth_url: &str, full: bool) -> Result<Vec<Actor>, Error> {
    let mut actors = Vec::new();
    for user in USERS.into_iter().take(if full { 3 } else { 2 }) {
        let stand_in = StandIn { auth_url: auth_url.to_owned(), user: user.to_owned() };
        actors.push(Actor { token: stand_in.ask().await?, user: stand_in.user });
    }
    Ok(actors)
}

async fn run_chat(args: ChatArgs) -> Result<(), Error> {
    let Who { user, token, ws_url, auth_url } = args.who;
    let tokens: Arc<dyn Tokens> = match token {
        Some(token) => Arc::new(OneToken(token)),
        None => Arc::new(StandIn { auth_url, user }),
    };
    let (client, updates) = chat::start(Options::new(&args.http_url, &ws_url), tokens).await?;
    if args.json {
        return chat::in_lines(client, updates, tokio::io::stdin(), std::io::stdout(), asked_to_stop()).await;
    }
    chat::in_terminal(client, updates, asked_to_stop()).await
}

async fn run_socket(args: SocketArgs) -> Result<(), Error> {
    let Who { user, token, ws_url, auth_url } = args.who;
    let token = match token {
        Some(token) => token,
        None => StandIn { auth_url, user }.ask().await?,
    };
    let mut socket = Socket::connect(&ws_url, Credential::Header(&token)).await?;
    eprintln!("Connected. Type a frame, e.g. {{\"action\":\"ping\",\"id\":\"1\"}}; Ctrl-D ends.");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut typing = true;
    loop {
        tokio::select! {
            line = lines.next_line(), if typing => match line {
                Ok(Some(line)) if line.trim().is_empty() => {}
                Ok(Some(line)) => socket.send_text(line).await?,
                _ => {
                    typing = false;
                    socket.end().await?;
                }
            },
            frame = socket.next() => match frame {
                Ok(frame) => println!("{frame}"),
                // Nothing to say is nothing wrong.
                Err(ClientError::Silence(_)) => {}
                Err(ClientError::Closed(_)) if !typing => return Ok(()),
                Err(error) => return Err(error.into()),
            },
        }
    }
}

async fn run_top(args: TopArgs) -> Result<(), Error> {
    let source = top::Source::new(&args.metrics_url)?;
    if !args.once {
        return top::watch(source, args.interval, asked_to_stop()).await;
    }
    let frame = top::once(&source, args.interval).await?;
    match std::io::stdout().write_all(frame.as_bytes()) {
        // Whoever reads only the first lines is no fault.
        Err(source) if source.kind() != ErrorKind::BrokenPipe => Err(Error::Io { what: "printing".to_owned(), source }),
        _ => Ok(()),
    }
}

async fn run_auth(port: u16, credential: Option<PathBuf>) -> Result<(), Error> {
    let unreadable = |source| Error::Io { what: "the file with the credential cannot be read".to_owned(), source };
    let credential = credential.map(std::fs::read_to_string).transpose().map_err(unreadable)?;
    let auth = AuthService::start(port, credential.map(|text| text.trim().to_owned())).await?;
    println!("The stand-in Auth Service is at {}; its keys at {}", auth.url(), auth.jwks_url());
    asked_to_stop().await
}
