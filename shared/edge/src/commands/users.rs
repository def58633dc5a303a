//! Commands for user profiles and blocks, and for the users and members of a chat.

use super::custom::custom;
use super::is_delete;
use crate::fields::Fields;
use crate::problem::Problem;
use crate::request::Request;
use domain::chat_user::UserChange;
use domain::custom::Custom;
use domain::ids::UserId;
use domain::names::Nickname;
use domain::use_cases::{BlockUser, Caller, ListMembers, ListUsers, MembersCursor, NamedUsers, UpdateMe};

/// The command of a profile route.
#[derive(Debug)]
pub enum ProfileCommand {
    /// Shows the caller's profile.
    Me(Caller),
    /// Changes the caller's nickname, settings or custom data.
    Update(UpdateMe),
    /// Shows the profile of another user to the caller.
    User(Caller, UserId),
}

/// GET /me `{}`, PATCH /me `{nickname?, notifyOnMention?, custom?}`, where null removes the nickname and the
/// custom data, GET /users/{userId} `{userId}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn profile(Request { caller, mut fields, route, .. }: Request) -> Result<ProfileCommand, Problem> {
    if route == "PATCH /me" {
        let nickname = fields.nullable::<Nickname>("nickname");
        let notify_on_mention = fields.optional::<bool>("notifyOnMention");
        let custom = custom(&mut fields, Custom::MAX_USER_BYTES);
        if (&nickname, notify_on_mention, &custom) == (&Some(None), Some(None), &Some(None)) {
            fields.wrong("nickname", "is required if notifyOnMention and custom are absent");
        }
        return fields.finish(|| {
            let change = UserChange { nickname: nickname?, notify_on_mention: notify_on_mention?, custom: custom? };
            Some(ProfileCommand::Update(UpdateMe { caller, change }))
        });
    }
    if route == "GET /me" {
        return fields.finish(|| Some(ProfileCommand::Me(caller)));
    }
    let user = fields.required::<UserId>("userId");
    fields.finish(|| Some(ProfileCommand::User(caller, user?)))
}

/// `{chat, ids}`: the chat, and user ids with commas between them
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn list_users(Request { caller, mut fields, .. }: Request) -> Result<ListUsers, Problem> {
    let chat = fields.required("chat");
    let users = named_users(&mut fields);
    fields.finish(|| Some(ListUsers { caller, chat: chat?, users: users? }))
}

/// The users in `ids`. No user id has a comma.
fn named_users(fields: &mut Fields) -> Option<NamedUsers> {
    let ids = fields.required::<String>("ids")?;
    let mut users = Vec::new();
    let ids = ids.split(',').filter(|_| !ids.is_empty());
    for (index, id) in ids.enumerate() {
        match UserId::parse(id) {
            Ok(user) => users.push(user),
            Err(invalid) => {
                fields.wrong(format!("ids[{index}]"), invalid.to_string());
                return None;
            }
        }
    }
    NamedUsers::new(users).inspect_err(|invalid| fields.wrong("ids", invalid.to_string())).ok()
}

/// `{chatId, cursor?}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn list_members(Request { caller, mut fields, .. }: Request) -> Result<ListMembers, Problem> {
    let chat = fields.required("chatId");
    let after = fields.optional::<MembersCursor>("cursor");
    fields.finish(|| Some(ListMembers { caller, chat: chat?, after: after? }))
}

/// PUT /users/{userId}/block, DELETE /users/{userId}/block `{userId}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn block_user(Request { caller, mut fields, route, .. }: Request) -> Result<BlockUser, Problem> {
    let user = fields.required::<UserId>("userId");
    fields.finish(|| Some(BlockUser { caller, user: user?, block: !is_delete(&route) }))
}

/// GET /me/blocks `{}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn list_blocks(Request { caller, fields, .. }: Request) -> Result<Caller, Problem> {
    fields.finish(|| Some(caller))
}
