//! Commands for user profiles.

use crate::problem::Problem;
use crate::request::Request;
use domain::chat_user::UserChange;
use domain::ids::UserId;
use domain::names::Nickname;
use domain::use_cases::{Caller, UpdateMe};

/// The command of a profile route.
#[derive(Debug)]
pub enum ProfileCommand {
    /// Shows the caller's profile.
    Me(Caller),
    /// Changes the caller's nickname or settings.
    Update(UpdateMe),
    /// Shows the profile of another user to the caller.
    User(Caller, UserId),
}

/// GET /me `{}`, PATCH /me `{nickname?, notifyOnMention?}`, where null removes the nickname, GET /users/{userId} `{userId}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn profile(Request { caller, mut fields, route, .. }: Request) -> Result<ProfileCommand, Problem> {
    if route == "PATCH /me" {
        let nickname = fields.nullable::<Nickname>("nickname");
        let notify_on_mention = fields.optional::<bool>("notifyOnMention");
        if nickname == Some(None) && notify_on_mention == Some(None) {
            fields.wrong("nickname", "is required if notifyOnMention is absent");
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
