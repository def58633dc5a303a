//! Commands that change a group.

use super::custom::custom;
use super::is_delete;
use crate::problem::Problem;
use crate::request::Request;
use domain::custom::Custom;
use domain::ids::{AttachmentId, UserId};
use domain::names::{ChatName, Topic};
use domain::use_cases::{AddParticipants, MAX_ADDED_PARTICIPANTS, RemoveParticipant, SetAdmin, UpdateChat};

/// `{chatId, name?, topic?, custom?, avatar?}`: at least one of the four. null removes topic, custom data and avatar.
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn update_chat(Request { caller, mut fields, .. }: Request) -> Result<UpdateChat, Problem> {
    let chat = fields.required("chatId");
    let name = fields.optional::<ChatName>("name");
    let topic = fields.nullable::<Topic>("topic");
    let custom = custom(&mut fields, Custom::MAX_BYTES);
    let avatar = fields.nullable::<AttachmentId>("avatar");
    if (&name, &topic, &custom, &avatar) == (&Some(None), &Some(None), &Some(None), &Some(None)) {
        fields.wrong("name", "is required if topic, custom and avatar are absent");
    }
    fields.finish(|| {
        Some(UpdateChat { caller, chat: chat?, name: name?, topic: topic?, custom: custom?, avatar: avatar? })
    })
}

/// `{chatId, participants}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn add_participants(Request { caller, mut fields, .. }: Request) -> Result<AddParticipants, Problem> {
    let chat = fields.required("chatId");
    let participants = fields.required::<Vec<UserId>>("participants");
    match participants.as_ref().map(Vec::len) {
        Some(0) => fields.wrong("participants", "must name at least one user"),
        Some(count) if count > MAX_ADDED_PARTICIPANTS => fields.problem(Problem::too_many_participants(
            format!("must name at most {MAX_ADDED_PARTICIPANTS} users"),
            MAX_ADDED_PARTICIPANTS,
        )),
        _ => {}
    }
    fields.finish(|| Some(AddParticipants { caller, chat: chat?, users: participants?.into_iter().collect() }))
}

/// `{chatId, userId}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn remove_participant(Request { caller, mut fields, .. }: Request) -> Result<RemoveParticipant, Problem> {
    let chat = fields.required("chatId");
    let user = fields.required("userId");
    fields.finish(|| Some(RemoveParticipant { caller, chat: chat?, user: user? }))
}

/// `{chatId, userId}`; PUT makes the user an admin, DELETE takes the role away.
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn set_admin(Request { caller, mut fields, route, .. }: Request) -> Result<SetAdmin, Problem> {
    let chat = fields.required("chatId");
    let user = fields.required("userId");
    let is_admin = !is_delete(&route);
    fields.finish(|| Some(SetAdmin { caller, chat: chat?, user: user?, is_admin }))
}
