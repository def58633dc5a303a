//! Users: oneself and others.

use crate::problem::Problem;
use crate::request::Request;
use domain::ids::UserId;
use domain::names::Nickname;
use domain::use_cases::Caller;

/// What can be asked of users.
#[derive(Debug)]
pub enum ProfileCommand {
    /// The caller.
    Me(Caller),
    /// The caller's nickname from now on.
    SetNickname(Caller, Nickname),
    /// Somebody.
    User(Caller, UserId),
}

/// GET /me `{}`, PATCH /me `{nickname}`, GET /users/{userId} `{userId}`
///
/// # Errors
/// [`Problem`] that names the fields.
pub fn profile(Request { caller, mut fields, route, .. }: Request) -> Result<ProfileCommand, Problem> {
    if route == "PATCH /me" {
        let nickname = fields.required::<Nickname>("nickname");
        return fields.finish(|| Some(ProfileCommand::SetNickname(caller, nickname?)));
    }
    if route == "GET /me" {
        return fields.finish(|| Some(ProfileCommand::Me(caller)));
    }
    let user = fields.required::<UserId>("userId");
    fields.finish(|| Some(ProfileCommand::User(caller, user?)))
}
