//! Users: oneself, and those with whom one shares a chat.

use super::fan_out::Audience;
use super::{App, Caller};
use crate::chat_user::{ChatUser, ChatUserView, Profile, UserChange};
use crate::error_chain::error_chain;
use crate::event::Event;
use crate::ids::{ChatId, UserId};
use crate::meter::PushReport;
use crate::ports::{Directory, Env, Push, ReadInbox, Registry, StoreError, UserStore};
use futures_util::future::{join, try_join};
use std::collections::BTreeMap;

/// In how many chats at most it is looked whether two users are both in them.
const MAX_SHARED_CHATS_CHECKED: usize = 50;

/// A user, as the caller may see them.
#[derive(Debug)]
pub struct VisibleUser {
    /// The user.
    pub user: ChatUserView,
    /// What became of the pushes.
    pub pushed: PushReport,
}

/// Changes what the caller says of themselves.
#[derive(Debug, Clone)]
pub struct UpdateMe {
    /// Who.
    pub caller: Caller,
    /// What; at least one thing.
    pub change: UserChange,
}

/// Why a user is not shown.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// There is no such user, or they share no chat with the caller: which of the two is not told.
    #[error("no shared chat")]
    NotAParticipant,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: UserStore, P, E: Env> App<S, P, E> {
    /// The caller themselves.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub async fn me(&self, directory: &impl Directory, caller: &Caller) -> Result<VisibleUser, ProfileError> {
        let (found, mut profiles) =
            join(self.store.user(&caller.user), profiles_of(directory, std::slice::from_ref(&caller.user))).await;
        let user = found?.unwrap_or_else(|| ChatUser::unknown(caller.user.clone()));
        let view = ChatUserView::new(&user, &caller.user, self.env.now()).with_profile(profiles.remove(&caller.user));
        Ok(VisibleUser { user: view, pushed: PushReport::default() })
    }
}

impl<S: UserStore + Registry, P: Push, E: Env> App<S, P, E> {
    /// Changes what the caller says of themselves. Their other devices are told.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub async fn update_me(&self, directory: &impl Directory, command: &UpdateMe) -> Result<VisibleUser, ProfileError> {
        let UpdateMe { caller, change } = command;
        let profiles = profiles_of(directory, std::slice::from_ref(&caller.user));
        let (user, mut profiles) = join(self.store.change_user(&caller.user, change), profiles).await;
        let user = user?;
        let view = ChatUserView::new(&user, &caller.user, self.env.now());
        let event = Event::user_updated(view.clone());
        let pushed = self.push(&Audience::of(user.id, user.connections), caller.connection.as_ref(), &event).await;
        Ok(VisibleUser { user: view.with_profile(profiles.remove(&caller.user)), pushed })
    }
}

impl<S: ReadInbox + UserStore, P, E: Env> App<S, P, E> {
    /// A user with whom the caller shares a chat.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub async fn user(
        &self,
        directory: &impl Directory,
        caller: &Caller,
        id: &UserId,
    ) -> Result<VisibleUser, ProfileError> {
        if *id == caller.user {
            return self.me(directory, caller).await;
        }
        if !self.share_a_chat(&caller.user, id).await? {
            return Err(ProfileError::NotAParticipant);
        }
        let wanted = std::slice::from_ref(id);
        let (found, mut profiles) = join(self.store.users(wanted), profiles_of(directory, wanted)).await;
        let user = found?.into_iter().next().unwrap_or_else(|| ChatUser::unknown(id.clone()));
        let view = ChatUserView::new(&user, &caller.user, self.env.now()).with_profile(profiles.remove(id));
        Ok(VisibleUser { user: view, pushed: PushReport::default() })
    }

    /// Whether both are in one chat: their private one, or a group. What the index says is checked strongly.
    async fn share_a_chat(&self, one: &UserId, other: &UserId) -> Result<bool, StoreError> {
        let private = [ChatId::private(one, other)];
        if !self.store.memberships(one, &private).await?.is_empty() {
            return Ok(true);
        }
        let (own, others) = try_join(self.store.chats_of(one), self.store.chats_of(other)).await?;
        let both: Vec<ChatId> =
            own.into_iter().filter(|chat| others.contains(chat)).take(MAX_SHARED_CHATS_CHECKED).collect();
        if both.is_empty() {
            return Ok(false);
        }
        let (own, others) = try_join(self.store.memberships(one, &both), self.store.memberships(other, &both)).await?;
        Ok(own.keys().any(|chat| others.contains_key(chat)))
    }
}

/// What the Auth Service says of these users. While it does not answer, readers get no profiles.
pub(super) async fn profiles_of(directory: &impl Directory, users: &[UserId]) -> BTreeMap<UserId, Profile> {
    match directory.profiles(users).await {
        Ok(profiles) => profiles.unwrap_or_default(),
        Err(error) => {
            tracing::warn!(error = error_chain(&error), "the Auth Service did not answer; users have no profiles");
            BTreeMap::new()
        }
    }
}
