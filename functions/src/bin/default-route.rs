//! `ping`, and `$default`: whatever is no known action is answered with a frame that names those that are.

use edge::answer::Answer;
use edge::commands;
use edge::problem::Problem;
use edge::request::Request;
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    functions::serve_sockets(handle).await
}

fn handle(request: Request) -> Result<Answer, Problem> {
    commands::ping(request)?;
    Answer::pong()
}
