//! `GET /chats`.

use super::run;
use crate::app::{App, Users, app_with_users_without_push};
use crate::serve::serve;
use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(app_with_users_without_push(), |app, request| Box::pin(handle(app, request))))
}

async fn handle(app: &App<(), Users>, request: Request) -> Result<Answer, Problem> {
    let command = commands::list_chats(request)?;
    let inbox = app.list_chats(command).await?;
    Answer::inbox(&inbox)
}
