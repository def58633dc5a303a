//! `GET /me/blocks`.

use super::run;
use crate::app::App;
use crate::serve::serve;
use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(
        async |dependencies| dependencies.app_without_push().await,
        |app, request| Box::pin(handle(app, request)),
    ))
}

async fn handle(app: &App<()>, request: Request) -> Result<Answer, Problem> {
    let blocks = app.list_blocks(&commands::list_blocks(request)?).await?;
    Answer::of(&blocks)
}
