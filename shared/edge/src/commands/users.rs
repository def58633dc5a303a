//! Users: oneself and others.

use crate::problem::Problem;
use crate::request::Request;
use domain::chat_user::UserChange;
use domain::ids::UserId;
use domain::names::Nickname;
use domain::use_cases::{Caller, UpdateMe};

/// What can be asked of users.
#[derive(Debug)]
pub enum ProfileCommand {
    /// The caller.
    Me(Caller),
    /// What the caller says of themselves from now on.
    Update(UpdateMe),
    /// Somebody.
    User(Caller, UserId),
}

/// GET /me `{}`, PATCH /me `{nickname?, notifyOnMention?}`, GET /users/{userId} `{userId}`
///
/// # Errors
/// [`Problem`] that names the fields.
pub fn profile(Request { caller, mut fields, route, .. }: Request) -> Result<ProfileCommand, Problem> {
    if route == "PATCH /me" {
        let nickname = fields.optional::<Nickname>("nickname");
        let notify_on_mention = fields.optional::<bool>("notifyOnMention");
        if nickname == Some(None) && notify_on_mention == Some(None) {
            fields.wrong("nickname", "is required, or notifyOnMention is");
        }
        return fields.finish(|| {
            let change = UserChange { nickname: nickname?, notify_on_mention: notify_on_mention? };
            Some(ProfileCommand::Update(UpdateMe { caller, change }))
        });
    }
    if route == "GET /me" {
        return fields.finish(|| Some(ProfileCommand::Me(caller)));
    }
    let user = fields.required::<UserId>("userId");
    fields.finish(|| Some(ProfileCommand::User(caller, user?)))
}
