//! `GET /me/unread`.

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
    let command = commands::count_unread(request)?;
    Answer::of(&app.count_unread(command).await?)
}
