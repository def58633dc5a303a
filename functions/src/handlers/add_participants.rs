//! `POST /chats/{chatId}/participants`.

use super::run;
use crate::app::{ApiGatewayPush, App, Users, app_with_users};
use crate::serve::serve;
use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(app_with_users(), |app, request| Box::pin(handle(app, request))))
}

async fn handle(app: &App<ApiGatewayPush, Users>, request: Request) -> Result<Answer, Problem> {
    let command = commands::add_participants(request)?;
    let changed = app.add_participants(command).await?;
    Answer::group(&changed)
}
