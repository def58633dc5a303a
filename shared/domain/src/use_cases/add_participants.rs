//! Adding participants to a group.

use super::change_group::{ChangeGroupError, ChangedGroup, Plan, changed_by_admin};
use super::error::ChatError;
use super::existence::unknown_users;
use super::state::FullState;
use super::{App, Caller};
use crate::chat::MAX_PARTICIPANTS;
use crate::ids::{ChatId, UserId};
use crate::member::Member;
use crate::ports::{CommitChanges, Directory, Env, Push, ReadChats, Registry};
use std::collections::BTreeSet;

/// The most participants that one request adds: their member items, the chat, its head and the pointer are one
/// transaction, which holds 100 items.
pub const MAX_ADDED_PARTICIPANTS: usize = 90;

/// Adds participants to a group.
#[derive(Debug, Clone)]
pub struct AddParticipants {
    /// Who asks: an admin.
    pub caller: Caller,
    /// Which group.
    pub chat: ChatId,
    /// Whom: at most [`MAX_ADDED_PARTICIPANTS`].
    pub users: BTreeSet<UserId>,
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Adds participants. They see and count what comes after; those who are in the group already are passed over.
    ///
    /// # Errors
    /// [`ChatError`], and [`ChangeGroupError`].
    pub async fn add_participants(
        &self,
        directory: &impl Directory,
        command: AddParticipants,
    ) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let AddParticipants { caller, chat, users } = command;
        let wanted: Vec<UserId> = users.into_iter().collect();
        let unknown = match unknown_users(directory, &wanted).await {
            Ok(unknown) => unknown,
            Err(error) => {
                // Whoever may not add anybody is told so all the same, and who adds nobody new needs nobody looked up.
                let add_nobody = |state: &FullState, _| {
                    changed_by_admin(state, &caller.user)?;
                    let is_in = |user| state.chat.participants.contains(user);
                    if wanted.iter().all(is_in) { Ok(None) } else { Err(ChangeGroupError::NotAParticipant) }
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
            changed_by_admin(state, &caller.user)?;
            let is_new = |user: &&UserId| !state.chat.participants.contains(*user);
            let new: Vec<&UserId> = wanted.iter().filter(is_new).collect();
            let strangers: Vec<UserId> = unknown.iter().filter(is_new).cloned().collect();
            if !strangers.is_empty() {
                return Err(ChangeGroupError::UnknownUsers(strangers));
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
