//! `GET` and `PATCH /me`, and `GET /users/{userId}`.

use super::run;
use crate::app::{App, Users};
use crate::serve::serve;
use edge::answer::Answer;
use edge::commands::{self, ProfileCommand};
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(
        async |dependencies| Ok((dependencies.app().await?, dependencies.users()?)),
        |(app, users), request| Box::pin(handle(app, users, request)),
    ))
}

async fn handle(app: &App, users: &Users, request: Request) -> Result<Answer, Problem> {
    let profile = match commands::profile(request)? {
        ProfileCommand::Me(caller) => app.me(users, &caller).await?,
        ProfileCommand::Update(command) => app.update_me(users, &command).await?,
        ProfileCommand::User(caller, user) => app.user(users, &caller, &user).await?,
    };
    Answer::of(&profile)
}
