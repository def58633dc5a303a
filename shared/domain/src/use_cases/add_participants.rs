//! Adds participants to a group.

use super::change_group::{ChangeGroupError, ChangedGroup, Plan, check_admin};
use super::error::ChatError;
use super::existence::unknown_users;
use super::state::FullState;
use super::{App, Caller};
use crate::chat::MAX_PARTICIPANTS;
use crate::ids::{ChatId, UserId};
use crate::member::Member;
use crate::ports::{CommitChanges, Directory, Env, Push, ReadChats, Registry};
use std::collections::BTreeSet;

/// The most participants in one request. Their member items, the chat, its head and the pointer are one transaction,
/// which holds at most 100 items.
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

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
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
                return match self.change_group(&caller, &chat, add_nobody).await {
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
            let joined = new.into_iter().map(|user| Member::joining(user.clone(), state.head.last_seq, now)).collect();
            Ok(Some(Plan { joined, ..Plan::of(chat) }))
        };
        self.change_group(&caller, &chat, add).await
    }
}
