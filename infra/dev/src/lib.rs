//! The development tools behind `cargo run`: the local cloud with this product's template, a stand-in Auth Service, the
//! chat client for the terminal, `top`, and the demo that the end-to-end tests also play.

// Development tools may read the machine's clock and environment, as the local cloud does.
#![allow(clippy::disallowed_methods)]

/// Prints a line to the standard output. Unlike `println!`, it does not panic when the reader has closed the pipe, as
/// `head` does when it has seen enough.
macro_rules! print_line {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout().lock(), $($text)*);
    }};
}

pub mod auth_service;
pub mod chat;
pub mod cloud;
mod commands;
pub mod demo;
pub mod reference;
mod screen;
pub mod terminal;
pub mod top;
pub mod web;

pub use client::error_chain;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use commands::{Cli, Command, Tool};
use std::process::ExitCode;

/// The `main` of a function.
pub type FunctionMain = fn() -> ExitCode;

/// The functions that this program can serve.
#[derive(Debug)]
pub struct Functions {
    /// All function names, sorted.
    pub names: &'static [&'static str],
    /// Looks up the `main` of a function by its name. None if the name is unknown.
    pub by_name: fn(&str) -> Option<FunctionMain>,
}

/// Parses the command line and runs the command to its end. It is neither generic nor `async`. So it is compiled here
/// once, and not again in the program that calls it.
pub fn main(functions: &Functions) -> ExitCode {
    let cli = Cli::parse();
    // A function creates its own runtime.
    let tool = match cli.command {
        Some(Command::Function { name }) => match (functions.by_name)(&name) {
            Some(main) => return main(),
            None => {
                let reason = format!("unknown function {name}. The functions are: {}", functions.names.join(", "));
                Cli::command().error(ErrorKind::InvalidValue, reason).exit()
            }
        },
        Some(Command::Tool(tool)) => tool,
        None => Tool::Start(cli.start),
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start the async runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(commands::run(tool));
    // Do not wait for tasks that still block on a read from the terminal.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error_chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Why a command fails. The texts are for the person who typed the command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Cloud(local_cloud::Error),
    /// Other programs listen on some of the ports.
    #[error("{0}")]
    Ports(cloud::TakenPorts),
    /// Another system uses the data file.
    #[error("{0}. Stop that system with Ctrl-C, or use other data: --data FILE, or --memory for none")]
    Data(#[source] local_cloud::Error),
    /// Nothing answers at the address of Redis, or it is no Redis.
    #[error(
        "no Redis answers at {address} ({reason}). Start a Redis or Valkey there, or leave out --parameter RealtimeRedisUrl"
    )]
    NoRedis {
        /// Host and port.
        address: String,
        /// Why there is no answer.
        reason: String,
    },
    /// The address of Redis is invalid.
    #[error("--parameter RealtimeRedisUrl must be redis://HOST:PORT or rediss://HOST:PORT ({0})")]
    RedisUrl(String),
    /// A rule of template.yaml rejects the parameter values.
    #[error("template.yaml rejects its parameters: {0}")]
    Parameters(String),
    /// An operation on a file, a port or the terminal failed.
    #[error("{what}: {source}")]
    Io {
        /// The operation that failed, such as `cannot read secret.txt`.
        what: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The stand-in Auth Service cannot create its key, or sign a token with it.
    #[error("the stand-in Auth Service cannot sign tokens: {0}")]
    Key(String),
    /// A request, or the connection, to the running system failed.
    #[error(transparent)]
    Client(#[from] client::wire::ClientError),
    /// An operation of the client library failed.
    #[error(transparent)]
    Library(#[from] client::Error),
    /// `chat` cannot connect to the system.
    #[error(
        "cannot connect to {url} ({reason}). Start the system with `cargo run` first, or set its address with --port-base or --ws-url"
    )]
    NotConnected {
        /// The WebSocket API's address.
        url: String,
        /// Why the connection failed.
        reason: String,
    },
    /// The system rejects the token.
    #[error("the system rejects the token ({0}). Use a token of the Auth Service that the system trusts")]
    TokenRejected(String),
    /// A step of the demo failed.
    #[error("{step}: {reason}")]
    Step {
        /// The step's name.
        step: &'static str,
        /// What went wrong in it.
        reason: String,
    },
    /// Too few or too many users for the demo.
    #[error("{demo} needs {wanted} users, but --tokens has {given}")]
    Cast {
        /// "the demo" or "the full demo".
        demo: &'static str,
        /// How many users the demo needs.
        wanted: usize,
        /// How many users the command line has.
        given: usize,
    },
    /// Nothing listens at the address of the metrics or of the stand-in Auth Service, or it does not answer in time.
    #[error(
        "nothing answers at {url} ({reason}). Start the system with `cargo run` first, or set its address with --port-base or {option}"
    )]
    NotRunning {
        /// The address that was asked.
        url: String,
        /// The command line option that sets the address.
        option: &'static str,
        /// Why there is no answer.
        reason: String,
    },
    /// Another program answers, or a local cloud of another version.
    #[error(
        "{url} does not answer with the metrics of a local cloud of this version ({reason}). Set the right address with --port-base or --metrics-url"
    )]
    NotMetrics {
        /// The address that was asked.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// Another program answers at the address of the stand-in Auth Service.
    #[error(
        "{url} does not answer as the stand-in Auth Service ({reason}). Set the right address with --port-base or --auth-url"
    )]
    NotAuthService {
        /// The address that was asked.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The standard output is a file or a pipe.
    #[error("the output is not a terminal. Use top --once to print one frame as text, or chat --json for scripts")]
    NoTerminal,
    /// An entry of `--tokens` has no user or no token. The text does not repeat the entry, which may be a secret.
    #[error("--tokens takes USER=TOKEN, but one entry has no user or no token")]
    Token,
}

impl From<local_cloud::Error> for Error {
    fn from(error: local_cloud::Error) -> Self {
        match error {
            local_cloud::Error::FileInUse { .. } => Self::Data(error),
            error => Self::Cloud(error),
        }
    }
}

/// The innermost source of an error. The outer ones would repeat the address.
fn root_cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), root_cause)
}
