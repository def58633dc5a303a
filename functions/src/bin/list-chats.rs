//! `GET /chats`.

use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use functions::{App, Users};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    functions::serve(functions::app_with_users_without_push(), |app, request| Box::pin(handle(app, request))).await
}

async fn handle(app: &App<(), Users>, request: Request) -> Result<Answer, Problem> {
    let command = commands::list_chats(request)?;
    let inbox = app.list_chats(command).await?;
    Answer::inbox(&inbox)
}
