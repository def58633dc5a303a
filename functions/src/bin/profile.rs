//! `GET` and `PATCH /me`, and `GET /users/{userId}`.

use edge::answer::Answer;
use edge::commands::{self, ProfileCommand};
use edge::problem::Problem;
use edge::request::Request;
use functions::{ApiGatewayPush, App, Users};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    functions::serve(functions::app_with_users(), |app, request| Box::pin(handle(app, request))).await
}

async fn handle(app: &App<ApiGatewayPush, Users>, request: Request) -> Result<Answer, Problem> {
    let shown = match commands::profile(request)? {
        ProfileCommand::Me(caller) => app.me(&caller).await?,
        ProfileCommand::Update(command) => app.update_me(&command).await?,
        ProfileCommand::User(caller, user) => app.user(&caller, &user).await?,
    };
    Answer::user(&shown)
}
