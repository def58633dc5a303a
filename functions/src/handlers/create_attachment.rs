//! `POST /attachments`.

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
    let command = commands::create_attachment(request)?;
    let created = app.create_attachment(command).await?;
    Answer::attachment_created(&created)
}
