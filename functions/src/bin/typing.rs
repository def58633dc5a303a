//! `typing`.

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
    let command = commands::typing(request)?;
    let said = app.say_typing(command).await?;
    Answer::typing(&said)
}
