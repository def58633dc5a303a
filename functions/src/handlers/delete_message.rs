//! `DELETE /chats/{chatId}/messages/{seq}` and `deleteMessage`.

use super::run;
use crate::app::{ApiGatewayPush, App, Bucket, app_with_attachments};
use crate::serve::serve;
use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(app_with_attachments(), |app, request| Box::pin(handle(app, request))))
}

async fn handle(app: &App<ApiGatewayPush, (), Bucket>, request: Request) -> Result<Answer, Problem> {
    let command = commands::delete_message(request)?;
    let deleted = app.delete_message(command).await?;
    Answer::message(&deleted)
}
