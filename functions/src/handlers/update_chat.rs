//! `PATCH /chats/{chatId}`.

use super::run;
use crate::app::{App, Bucket};
use crate::serve::serve;
use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(
        async |dependencies| Ok((dependencies.app().await?, dependencies.bucket()?)),
        |(app, bucket), request| Box::pin(handle(app, bucket, request)),
    ))
}

async fn handle(app: &App, bucket: &Bucket, request: Request) -> Result<Answer, Problem> {
    let command = commands::update_chat(request)?;
    let changed = app.update_chat(bucket, command).await?;
    Answer::of(&changed)
}
