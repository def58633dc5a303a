//! Adds participants to a group.

use super::change_group::{ChangeGroupError, ChangedGroup, Plan, PlanReads, check_admin};
use super::error::ChatError;
use super::existence::unknown_users;
use super::state::FullState;
use super::{App, Caller};
use crate::chat::MAX_PARTICIPANTS;
use crate::ids::{ChatId, UserId};
use crate::member::Member;
use crate::ports::{
    CommitChanges, CountMemberships, Directory, Env, FindBlockers, LimitsStore, Push, ReadChats, Registry,
};
use crate::user_limits::LimitsChange;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most participants in one request. Their member items, the caller's, the chat, its head, the pointer and the
/// caller's limits are one transaction, which holds at most 100 items: 95 at most.
pub const MAX_ADDED_PARTICIPANTS: usize = 90;

/// The request to add participants to a group.
#[derive(Debug, Clone)]
pub struct AddParticipants {
    /// An admin of the group.
    pub caller: Caller,
    /// The group to change.
    pub chat: ChatId,
    /// The users to add; at most [`MAX_ADDED_PARTICIPANTS`].
    pub users: BTreeSet<UserId>,
}

/// Takes the people from the caller's budget, unless one of them blocks the caller or is in too many chats.
struct AddingPeople<'a> {
    user: &'a UserId,
    /// The people whose blocks and chats are read already, so that a conflict does not read them again.
    counted: Mutex<BTreeSet<UserId>>,
}

impl AddingPeople<'_> {
    fn counted(&self) -> MutexGuard<'_, BTreeSet<UserId>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: LimitsStore + CountMemberships + FindBlockers, P: Sync, E: Env> PlanReads<S, P, E> for AddingPeople<'_> {
    async fn admit(
        &self,
        app: &App<S, P, E>,
        joined: &[Member],
    ) -> Result<Option<LimitsChange>, ChatError<ChangeGroupError>> {
        let count = u64::try_from(joined.len()).unwrap_or(u64::MAX);
        // The budget comes first: who has used it up causes no further reads.
        let limits = app.store.limits(self.user).await?;
        let spending = app.settings.added_people.spend(limits.added_people, count, app.env.now());
        let spending = spending.map_err(ChangeGroupError::AddingTooFast)?;
        let change = LimitsChange { added_people: Some(spending), ..LimitsChange::of(self.user.clone()) };
        let new: Vec<UserId> = {
            let counted = self.counted();
            joined.iter().map(|member| &member.user).filter(|user| !counted.contains(*user)).cloned().collect()
        };
        // What was read about people is paid for, or somebody could ask for it without end.
        let pay = async || {
            let paid = app.spend_people(self.user, joined.len()).await;
            paid.map_err(|error| error.map_refusal(ChangeGroupError::AddingTooFast))
        };
        if app.store.is_blocked_by_any(self.user, &new).await? {
            pay().await?;
            return Err(ChangeGroupError::CannotBeAdded.into());
        }
        let users = app.users_in_too_many_chats(&new).await?;
        if !users.is_empty() {
            pay().await?;
            return Err(ChangeGroupError::UsersInTooManyChats { users, limit: app.settings.max_memberships }.into());
        }
        self.counted().extend(new);
        Ok(Some(change))
    }
}

impl<S, P: Push, E: Env> App<S, P, E>
where
    S: ReadChats + CommitChanges + LimitsStore + CountMemberships + FindBlockers + Registry,
{
    /// Adds participants. They see and count only later messages. Users who are in the group already are skipped.
    ///
    /// # Errors
    /// [`ChatError`] and [`ChangeGroupError`].
    pub async fn add_participants(
        &self,
        directory: &impl Directory,
        command: AddParticipants,
    ) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let AddParticipants { caller, chat, users } = command;
        let users: Vec<UserId> = users.into_iter().collect();
        let unknown = match unknown_users(directory, &users).await {
            Ok(unknown) => unknown,
            Err(error) => {
                // The Auth Service is not needed to refuse a caller who is not an admin, or to answer a request that
                // adds nobody new.
                let add_nobody = |state: &FullState, _| {
                    check_admin(state, &caller.user)?;
                    let is_participant = |user| state.chat.participants.contains(user);
                    if users.iter().all(is_participant) { Ok(None) } else { Err(ChangeGroupError::NotAParticipant) }
                };
                return match self.change_group(&caller, &chat, (), add_nobody).await {
                    Err(ChatError::Refused(ChangeGroupError::NotAParticipant)) => {
                        Err(ChangeGroupError::Directory(error).into())
                    }
                    outcome => outcome,
                };
            }
        };
        let add = |state: &FullState, now| {
            check_admin(state, &caller.user)?;
            let is_new = |user: &&UserId| !state.chat.participants.contains(*user);
            let new: Vec<&UserId> = users.iter().filter(is_new).collect();
            let new_unknown: Vec<UserId> = unknown.iter().filter(is_new).cloned().collect();
            if !new_unknown.is_empty() {
                return Err(ChangeGroupError::UnknownUsers(new_unknown));
            }
            if state.chat.participants.len() + new.len() > MAX_PARTICIPANTS {
                return Err(ChangeGroupError::TooManyParticipants { limit: MAX_PARTICIPANTS });
            }
            if new.is_empty() {
                return Ok(None);
            }
            let mut chat = state.chat.clone();
            chat.participants.extend(new.iter().copied().cloned());
            let last_seq = state.head.last_seq;
            let joined = new.into_iter().map(|user| self.settings.new_member(user.clone(), last_seq, now)).collect();
            Ok(Some(Plan { joined, ..Plan::of(chat) }))
        };
        let reads = AddingPeople { user: &caller.user, counted: Mutex::default() };
        self.change_group(&caller, &chat, reads, add).await
    }
}
