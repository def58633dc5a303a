//! `DELETE /chats/{chatId}/messages/{seq}` and `deleteMessage`.

use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use functions::{ApiGatewayPush, App, Bucket};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    functions::serve(functions::app_with_attachments(), |app, request| Box::pin(handle(app, request))).await
}

async fn handle(app: &App<ApiGatewayPush, (), Bucket>, request: Request) -> Result<Answer, Problem> {
    let command = commands::delete_message(request)?;
    let deleted = app.delete_message(command).await?;
    Answer::message(&deleted)
}
