//! `POST /chats/{chatId}/messages` and `sendMessage`.

use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use functions::{App, Bucket, PushAndNotify};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    functions::serve(functions::app_with_notifications(), |app, request| Box::pin(handle(app, request))).await
}

async fn handle(app: &App<PushAndNotify, (), Bucket>, request: Request) -> Result<Answer, Problem> {
    let command = commands::send_message(request)?;
    let sent = app.send_message(command).await?;
    Answer::sent(&sent)
}
