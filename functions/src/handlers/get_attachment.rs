//! `GET /chats/{chatId}/messages/{seq}/attachment`.

use super::run;
use crate::app::{App, Bucket, app_with_attachments_without_push};
use crate::serve::serve;
use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(app_with_attachments_without_push(), |app, request| Box::pin(handle(app, request))))
}

async fn handle(app: &App<(), (), Bucket>, request: Request) -> Result<Answer, Problem> {
    let (user, chat, seq) = commands::get_attachment(request)?;
    let opened = app.get_attachment(&user, &chat, seq).await?;
    Answer::opened(&opened)
}
