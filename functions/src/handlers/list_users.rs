//! `GET /users`.

use super::run;
use crate::app::{App, Users};
use crate::serve::serve;
use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(
        async |dependencies| Ok((dependencies.app_without_push().await?, dependencies.users()?)),
        |(app, users), request| Box::pin(handle(app, users, request)),
    ))
}

async fn handle(app: &App<()>, users: &Users, request: Request) -> Result<Answer, Problem> {
    let command = commands::list_users(request)?;
    let users_of_chat = app.list_users(users, command).await?;
    Answer::of(&users_of_chat)
}
