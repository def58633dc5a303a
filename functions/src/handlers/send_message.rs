//! `POST /chats/{chatId}/messages` and `sendMessage`.

use super::run;
use crate::app::{App, Bucket, PushAndNotify};
use crate::serve::serve;
use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(
        async |dependencies| Ok((dependencies.app_with_notifications().await?, dependencies.bucket()?)),
        |(app, bucket), request| Box::pin(handle(app, bucket, request)),
    ))
}

async fn handle(app: &App<PushAndNotify>, bucket: &Bucket, request: Request) -> Result<Answer, Problem> {
    let command = commands::send_message(request)?;
    let sent = app.send_message(bucket, command).await?;
    Answer::of(&sent)
}
