//! `PATCH /chats/{chatId}/me`, and `PUT` and `DELETE /chats/{chatId}/mute`.

use super::run;
use crate::app::App;
use crate::serve::serve;
use domain::ports::Env as _;
use domain::use_cases::MuteOutcome;
use edge::answer::Answer;
use edge::commands::{self, OwnViewCommand};
use edge::problem::Problem;
use edge::request::Request;
use std::process::ExitCode;

/// Runs the function until Lambda ends it.
pub fn main() -> ExitCode {
    run(serve(async |dependencies| dependencies.app().await, |app, request| Box::pin(handle(app, request))))
}

async fn handle(app: &App, request: Request) -> Result<Answer, Problem> {
    match commands::own_view(request, app.env.now())? {
        OwnViewCommand::Update(command) => Answer::of(&app.update_member(command).await?),
        OwnViewCommand::Mute(command) => Answer::of(&MuteOutcome::from(app.update_member(command).await?)),
    }
}
