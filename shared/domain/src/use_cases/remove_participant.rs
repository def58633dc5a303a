//! Removes a participant from a group, or lets the caller leave it.

use super::change_group::{ChangeGroupError, ChangedGroup, Plan, PlanReads, check_admin};
use super::error::ChatError;
use super::state::FullState;
use super::{App, Caller};
use crate::chat::Chat;
use crate::former_member::FormerMember;
use crate::ids::{ChatId, UserId};
use crate::ports::{CommitChanges, Env, Push, ReadChats, ReadFormerMembers, Registry, StoreError};
use crate::timestamp::Timestamp;

/// The request to remove a participant from a group.
#[derive(Debug, Clone)]
pub struct RemoveParticipant {
    /// An admin, or the participant who leaves.
    pub caller: Caller,
    /// The group to change.
    pub chat: ChatId,
    /// The participant to remove. If it is the caller, they leave.
    pub user: UserId,
}

/// Nobody joins, and what is kept of who leaves is read.
struct Leaving;

impl<S: ReadFormerMembers, P: Sync, E: Env> PlanReads<S, P, E> for Leaving {
    async fn former_member(
        &self,
        app: &App<S, P, E>,
        chat: &ChatId,
        user: &UserId,
    ) -> Result<Option<FormerMember>, StoreError> {
        Ok(app.store.former_members(chat, std::slice::from_ref(user)).await?.pop())
    }
}

impl<S: ReadChats + ReadFormerMembers + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Removes a participant. If the last admin leaves, the participant who joined first becomes an admin. If one of
    /// the last two participants leaves, the group is closed. What they had read stays, as what is kept of a former
    /// member.
    ///
    /// # Errors
    /// [`ChatError`] and [`ChangeGroupError`].
    pub async fn remove_participant(
        &self,
        command: RemoveParticipant,
    ) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let RemoveParticipant { caller, chat, user } = command;
        self.change_group(&caller, &chat, Leaving, |state, now| {
            if user == caller.user {
                return leave(state, &user, now).map(Some);
            }
            check_admin(state, &caller.user)?;
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
        // The document of a closed group does not change: it is a record of the last two participants.
        return Ok(Plan { left: Some(user.clone()), ..Plan::of(state.chat.clone()) });
    }
    let plan = without(state, user);
    if state.chat.participants.len() > 2 {
        return Ok(plan);
    }
    // Close the group. Its document keeps both participants as a record of who talked to whom.
    let chat = Chat { participants: state.chat.participants.clone(), closed_at: Some(now), ..plan.chat };
    Ok(Plan { chat, closes: true, ..plan })
}

/// The group without `user`. If they were the last admin, the participant who joined first becomes an admin.
fn without(state: &FullState, user: &UserId) -> Plan {
    let mut chat = state.chat.clone();
    chat.participants.remove(user);
    chat.admins.remove(user);
    if chat.admins.is_empty() {
        let others = state.members.iter().filter(|member| member.user != *user);
        let first = others.min_by_key(|member| (member.joined_seq, member.joined_at, &member.user));
        chat.admins.extend(first.map(|member| member.user.clone()));
    }
    Plan { left: Some(user.clone()), ..Plan::of(chat) }
}
