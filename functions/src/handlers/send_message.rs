//! `POST /chats/{chatId}/messages` and `sendMessage`.

use super::run;
use crate::app::{App, Bucket, PushAndNotify, app_with_notifications};
use crate::serve::serve;
use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(app_with_notifications(), |app, request| Box::pin(handle(app, request))))
}

async fn handle(app: &App<PushAndNotify, (), Bucket>, request: Request) -> Result<Answer, Problem> {
    let command = commands::send_message(request)?;
    let sent = app.send_message(command).await?;
    Answer::sent(&sent)
}
