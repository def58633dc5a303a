//! `GET /chats/{chatId}/messages/{seq}/attachment` and `GET /chats/{chatId}/avatar`.

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
        async |dependencies| Ok((dependencies.app_without_push().await?, dependencies.bucket()?)),
        |(app, bucket), request| Box::pin(handle(app, bucket, request)),
    ))
}

async fn handle(app: &App<()>, bucket: &Bucket, request: Request) -> Result<Answer, Problem> {
    let download = if request.route == "GET /chats/{chatId}/avatar" {
        let (user, chat) = commands::get_avatar(request)?;
        app.get_avatar(bucket, &user, &chat).await?
    } else {
        let (user, chat, seq) = commands::get_attachment(request)?;
        app.get_attachment(bucket, &user, &chat, seq).await?
    };
    Answer::of(&download)
}
