//! Removing a participant from a group, or leaving it.

use super::change_group::{ChangeGroupError, ChangedGroup, Plan, changed_by_admin};
use super::error::ChatError;
use super::state::FullState;
use super::{App, Caller};
use crate::chat::Chat;
use crate::ids::{ChatId, UserId};
use crate::ports::{CommitChanges, Env, Push, ReadChats, Registry};
use crate::timestamp::Timestamp;

/// Removes a participant from a group.
#[derive(Debug, Clone)]
pub struct RemoveParticipant {
    /// Who asks: an admin, or the participant.
    pub caller: Caller,
    /// Which group.
    pub chat: ChatId,
    /// Whom; the caller leaves.
    pub user: UserId,
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Removes a participant. When the last admin leaves, the longest-standing participant becomes one; when one of
    /// the last two leaves, the group is closed.
    ///
    /// # Errors
    /// [`ChatError`], and [`ChangeGroupError`].
    pub async fn remove_participant(
        &self,
        command: RemoveParticipant,
    ) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let RemoveParticipant { caller, chat, user } = command;
        self.change_group(&caller, &chat, |state, now| {
            if user == caller.user {
                return leave(state, &user, now).map(Some);
            }
            changed_by_admin(state, &caller.user)?;
            if !state.chat.participants.contains(&user) {
                return Err(ChangeGroupError::NotAParticipant);
            }
            if state.chat.participants.len() == 2 {
                return Err(ChangeGroupError::LastTwo);
            }
            Ok(Some(without(state, &user)))
        })
        .await
    }
}

fn leave(state: &FullState, user: &UserId, now: Timestamp) -> Result<Plan, ChangeGroupError> {
    if !state.chat.is_group {
        return Err(ChangeGroupError::NotAGroup);
    }
    if state.chat.closed_at.is_some() {
        // The record stays as it is.
        return Ok(Plan { left: Some(user.clone()), ..Plan::of(state.chat.clone()) });
    }
    let plan = without(state, user);
    if state.chat.participants.len() > 2 {
        return Ok(plan);
    }
    // The document keeps both as a record: who talked to whom.
    let chat = Chat { participants: state.chat.participants.clone(), closed_at: Some(now), ..plan.chat };
    Ok(Plan { chat, ..plan })
}

/// The group without `user`, and with an admin.
fn without(state: &FullState, user: &UserId) -> Plan {
    let mut chat = state.chat.clone();
    chat.participants.remove(user);
    chat.admins.remove(user);
    if chat.admins.is_empty() {
        let others = state.members.iter().filter(|member| member.user != *user);
        let longest = others.min_by_key(|member| (member.joined_seq, member.joined_at, &member.user));
        chat.admins.extend(longest.map(|member| member.user.clone()));
    }
    Plan { left: Some(user.clone()), ..Plan::of(chat) }
}
