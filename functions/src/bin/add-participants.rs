//! `POST /chats/{chatId}/participants`.

use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use functions::{ApiGatewayPush, App, Users};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    functions::serve(functions::app_with_users(), |app, request| Box::pin(handle(app, request))).await
}

async fn handle(app: &App<ApiGatewayPush, Users>, request: Request) -> Result<Answer, Problem> {
    let command = commands::add_participants(request)?;
    let changed = app.add_participants(command).await?;
    Answer::group(&changed)
}
