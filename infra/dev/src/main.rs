//! `cargo run`: the whole system on this machine.

#![allow(clippy::disallowed_methods)] // a development tool reads the machine's environment

mod commands;

use clap::Parser as _;
use commands::{Cli, Command, Tool};
use dev::error_chain;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // A function makes a runtime of its own.
    let tool = match cli.command {
        Some(Command::Function { main }) => return main(),
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
