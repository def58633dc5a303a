//! Commands for a member's own view of a chat.

use super::is_delete;
use crate::fields::Fields;
use crate::problem::Problem;
use crate::request::Request;
use domain::member_settings::{Notifications, NotificationsChange, NotifyLevel, SettingsChange};
use domain::timestamp::Timestamp;
use domain::use_cases::{UpdateMember, UpdateMemberError};

/// The command of a route that changes the caller's view of a chat.
#[derive(Debug)]
pub enum OwnViewCommand {
    /// PATCH `/chats/{chatId}/me`.
    Update(UpdateMember),
    /// PUT or DELETE `/chats/{chatId}/mute`.
    Mute(UpdateMember),
}

/// PATCH `{chatId, notify?, muteUntil?, pinned?, archived?, markedUnread?}`, at least one of the last five; PUT
/// `{chatId, until?}`; DELETE `{chatId}`. `now` is the time of the request.
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn own_view(Request { caller, mut fields, route, .. }: Request, now: Timestamp) -> Result<OwnViewCommand, Problem> {
    let chat = fields.required("chatId");
    let is_mute_route = route.ends_with("/mute");
    let change = match is_mute_route {
        true if is_delete(&route) => Some(SettingsChange::unmute()),
        true => until(&mut fields, "until", now).map(SettingsChange::mute),
        false => settings_change(&mut fields, now),
    };
    let update = fields.finish(|| Some(UpdateMember { caller, chat: chat?, change: change? }))?;
    Ok(if is_mute_route { OwnViewCommand::Mute(update) } else { OwnViewCommand::Update(update) })
}

/// The optional end of a mute, which must be in the future.
#[allow(clippy::option_option)]
fn until(fields: &mut Fields, name: &str, now: Timestamp) -> Option<Option<Timestamp>> {
    let until = fields.optional::<Timestamp>(name)?;
    if SettingsChange::mute(until).mutes_until_past(now) {
        fields.wrong(name, UpdateMemberError::EndInPast.to_string());
        return None;
    }
    Some(until)
}

fn settings_change(fields: &mut Fields, now: Timestamp) -> Option<SettingsChange> {
    let notify = fields.optional::<NotifyLevel>("notify");
    let mute_until = until(fields, "muteUntil", now);
    if matches!(mute_until, Some(Some(_))) && !matches!(notify, None | Some(Some(NotifyLevel::None))) {
        fields.wrong("muteUntil", "is only allowed together with notify: none");
    }
    let [pinned, archived, marked_unread] =
        ["pinned", "archived", "markedUnread"].map(|name| fields.optional::<bool>(name));
    if notify == Some(None) && [pinned, archived, marked_unread].iter().all(|flag| *flag == Some(None)) {
        fields.wrong("notify", "is required if pinned, archived and markedUnread are absent");
    }
    let notifications = |level| match level {
        NotifyLevel::All => Notifications::All,
        NotifyLevel::Mentions => Notifications::Mentions,
        NotifyLevel::None => Notifications::Muted(mute_until.flatten()),
    };
    mute_until?;
    Some(SettingsChange {
        notifications: notify?.map(|level| NotificationsChange::Set(notifications(level))),
        pinned: pinned?,
        archived: archived?,
        marked_unread: marked_unread?,
    })
}
