//! `GET /chats/{chatId}/messages/{seq}/attachment`.

use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use functions::{App, Bucket};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    functions::serve(functions::app_with_attachments_without_push(), |app, request| Box::pin(handle(app, request)))
        .await
}

async fn handle(app: &App<(), (), Bucket>, request: Request) -> Result<Answer, Problem> {
    let (user, chat, seq) = commands::get_attachment(request)?;
    let opened = app.get_attachment(&user, &chat, seq).await?;
    Answer::opened(&opened)
}
