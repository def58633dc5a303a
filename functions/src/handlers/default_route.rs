//! `ping`, and `$default`: a frame with an unknown action gets an error that lists the known actions.

use super::run;
use crate::serve::serve;
use edge::answer::{Answer, Pong};
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::future::ready;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(async |dependencies| dependencies.channel().await, |_, request| Box::pin(ready(handle(request)))))
}

fn handle(request: Request) -> Result<Answer, Problem> {
    commands::ping(request)?;
    Answer::of(&Pong)
}
