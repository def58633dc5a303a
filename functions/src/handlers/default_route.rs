//! `ping`, and `$default`: whatever is no known action is answered with a frame that names those that are.

use super::run;
use crate::serve::serve_sockets;
use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve_sockets(handle))
}

fn handle(request: Request) -> Result<Answer, Problem> {
    commands::ping(request)?;
    Answer::pong()
}
