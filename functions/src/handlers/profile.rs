//! `GET` and `PATCH /me`, and `GET /users/{userId}`.

use super::run;
use crate::app::{ApiGatewayPush, App, Users, app_with_users};
use crate::serve::serve;
use edge::answer::Answer;
use edge::commands::{self, ProfileCommand};
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(app_with_users(), |app, request| Box::pin(handle(app, request))))
}

async fn handle(app: &App<ApiGatewayPush, Users>, request: Request) -> Result<Answer, Problem> {
    let shown = match commands::profile(request)? {
        ProfileCommand::Me(caller) => app.me(&caller).await?,
        ProfileCommand::Update(command) => app.update_me(&command).await?,
        ProfileCommand::User(caller, user) => app.user(&caller, &user).await?,
    };
    Answer::user(&shown)
}
