//! What `cargo run` starts: the local cloud, with what is this product's own beside it: a stand-in Auth Service for
//! development, the demo, and a small client that it and the end-to-end tests use.

// A development tool reads the machine's clock and environment, as the emulator it starts does.
#![allow(clippy::disallowed_methods)]

pub mod auth_service;
pub mod chat;
pub mod cloud;
mod commands;
pub mod demo;
pub mod reference;
mod screen;
pub mod terminal;
pub mod top;

pub use client::error_chain;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use commands::{Cli, Command, Tool};
use std::process::ExitCode;

/// The functions that a program can serve.
#[derive(Debug)]
pub struct Functions {
    /// Their names.
    pub names: &'static [&'static str],
    /// The `main` of the function with this name; None if there is no such function.
    pub by_name: fn(&str) -> Option<fn() -> ExitCode>,
}

/// Runs the command that the command line names, until it is done. It is neither generic nor `async`, so that all of it is
/// compiled here, and not once more in the program that calls it.
pub fn main(functions: &Functions) -> ExitCode {
    let cli = Cli::parse();
    // A function makes a runtime of its own.
    let tool = match cli.command {
        Some(Command::Function { name }) => match (functions.by_name)(&name) {
            Some(main) => return main(),
            None => {
                let reason = format!("no such function: {name}; the functions are {}", functions.names.join(", "));
                Cli::command().error(ErrorKind::InvalidValue, reason).exit()
            }
        },
        Some(Command::Tool(tool)) => tool,
        None => Tool::Start(cli.start),
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(commands::run(tool));
    // Whoever still reads a terminal is not waited for.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error_chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// What stops the tool, in words for whoever typed the command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The local cloud did not start.
    #[error(transparent)]
    Cloud(#[from] local_cloud::Error),
    /// A port is taken; which option changes it.
    #[error("{source}. Something else is running there: stop it, or choose another port with {option}")]
    Port {
        /// The option.
        option: &'static str,
        /// What the local cloud said.
        source: local_cloud::Error,
    },
    /// The template's own rules refuse the parameters.
    #[error("template.yaml refuses its parameters: {0}")]
    Parameters(String),
    /// Reading or writing a file, or the terminal.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The development Auth Service could not make its key.
    #[error("cannot make a signing key: {0}")]
    Key(String),
    /// A step of a conversation with the system failed.
    #[error(transparent)]
    Client(#[from] client::wire::ClientError),
    /// The client library could not do something.
    #[error(transparent)]
    Library(#[from] client::Error),
    /// There is no system to chat on.
    #[error(
        "there is no connection to {place} ({reason}). Start the system with `cargo run` first, or say with --ws-url and --http-url where it is"
    )]
    NoChat {
        /// Where it should be.
        place: String,
        /// What was found.
        reason: String,
    },
    /// The system does not accept the token.
    #[error("the token is not accepted ({0})")]
    NotAccepted(String),
    /// A step of the demo did not show what it must.
    #[error("{step}: {reason}")]
    Step {
        /// The step.
        step: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Too few or too many users for the demo.
    #[error("{demo} is played by {wanted} users, and --tokens names {given}")]
    Cast {
        /// Which demo.
        demo: &'static str,
        /// How many users it takes.
        wanted: usize,
        /// How many there are.
        given: usize,
    },
    /// There is no running system to watch.
    #[error(
        "nothing answers at {url} ({reason}). Start the system with `cargo run` first, or say with --metrics-url where it is"
    )]
    NotRunning {
        /// Where its metrics should be.
        url: String,
        /// What was found in their place.
        reason: String,
    },
    /// Something that is no local cloud, or one of another version.
    #[error("{url} does not answer the metrics of a local cloud of this version: {reason}")]
    NotMetrics {
        /// Where they should be.
        url: String,
        /// What was found in their place.
        reason: String,
    },
    /// The output is a file or a pipe.
    #[error("there is no terminal to draw on: top --once prints one frame as text, chat --json talks in lines")]
    NoTerminal,
    /// A token whose user is not said.
    #[error("--tokens takes USER=TOKEN, and one of those given has no user or no token")]
    Token,
}
