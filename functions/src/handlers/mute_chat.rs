//! `PUT` and `DELETE /chats/{chatId}/mute`.

use super::run;
use crate::app::App;
use crate::serve::serve;
use domain::ports::Env as _;
use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(async |dependencies| dependencies.app().await, |app, request| Box::pin(handle(app, request))))
}

async fn handle(app: &App, request: Request) -> Result<Answer, Problem> {
    let command = commands::mute_chat(request, app.env.now())?;
    let muted = app.mute_chat(command).await?;
    Answer::of(&muted)
}
