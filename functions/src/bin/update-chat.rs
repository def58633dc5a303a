//! `PATCH /chats/{chatId}`.

use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use functions::App;
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    functions::serve(functions::app(), |app, request| Box::pin(handle(app, request))).await
}

async fn handle(app: &App, request: Request) -> Result<Answer, Problem> {
    let command = commands::update_chat(request)?;
    let changed = app.update_chat(command).await?;
    Answer::group(&changed)
}
