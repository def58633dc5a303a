//! The caller's own user, and users who share a chat with the caller.

use super::fan_out::Audience;
use super::{App, Caller};
use crate::budget::RateLimited;
use crate::chat_user::{ChatUser, ChatUserView, Profile, UserChange};
use crate::event::Event;
use crate::ids::{ChatId, UserId};
use crate::meter::PushReport;
use crate::ports::{Directory, Env, Push, ReadInbox, Registry, StoreError, UserStore};
use crate::retry::Retry;
use error_text::error_chain;
use futures_util::future::{join, try_join};
use std::collections::BTreeMap;

/// The most common chats in which the memberships of both users are checked.
const MAX_SHARED_CHATS_CHECKED: usize = 50;

/// A user as the caller sees them.
#[derive(Debug)]
pub struct VisibleUser {
    /// The user's document, with the profile if the Auth Service answered.
    pub user: ChatUserView,
    /// The results of the posts to the caller's other devices.
    pub pushed: PushReport,
}

/// The request to change the caller's own user.
#[derive(Debug, Clone)]
pub struct UpdateMe {
    /// The user to change.
    pub caller: Caller,
    /// The new values; at least one.
    pub change: UserChange,
}

/// Why a user is not returned.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// There is no such user, or they share no chat with the caller. The caller does not learn which.
    #[error("the users share no chat")]
    NotAParticipant,
    /// The caller changes their user or their mutes too fast.
    #[error(transparent)]
    RateLimited(#[from] RateLimited),
    /// Every try until the deadline conflicted with another change of the caller's user.
    #[error("gave up after conflicts")]
    Busy,
    /// A read or write failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<S: UserStore, P, E: Env> App<S, P, E> {
    /// Reads the caller's own user.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub async fn me(&self, directory: &impl Directory, caller: &Caller) -> Result<VisibleUser, ProfileError> {
        let (stored, mut profiles) =
            join(self.store.user(&caller.user), load_profiles(directory, std::slice::from_ref(&caller.user))).await;
        let user = stored?.unwrap_or_else(|| ChatUser::unknown(caller.user.clone()));
        let view = ChatUserView::new(&user, &caller.user, self.env.now()).with_profile(profiles.remove(&caller.user));
        Ok(VisibleUser { user: view, pushed: PushReport::default() })
    }
}

impl<S: UserStore + Registry, P: Push, E: Env> App<S, P, E> {
    /// Changes the caller's own user and pushes `user.updated` to their other devices.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub async fn update_me(&self, directory: &impl Directory, command: &UpdateMe) -> Result<VisibleUser, ProfileError> {
        let UpdateMe { caller, change } = command;
        let profiles = load_profiles(directory, std::slice::from_ref(&caller.user));
        let (user, mut profiles) = join(self.change_user(&caller.user, change), profiles).await;
        let Some(user) = user? else { return self.me(directory, caller).await };
        let view = ChatUserView::new(&user, &caller.user, self.env.now());
        let event = Event::user_updated(view.clone());
        let pushed = self.push(&Audience::of(user.id, user.connections), caller.connection.as_ref(), &event).await;
        Ok(VisibleUser { user: view.with_profile(profiles.remove(&caller.user)), pushed })
    }
}

impl<S: UserStore, P, E: Env> App<S, P, E> {
    /// Stores the change and returns the new document. None if nothing changes.
    async fn change_user(&self, user: &UserId, change: &UserChange) -> Result<Option<ChatUser>, ProfileError> {
        let mut retry = Retry::new(&self.env);
        loop {
            let before = self.store.own_document(user).await?;
            if !change.changes(&before) {
                return Ok(None);
            }
            let spending = self.settings.profile_changes.spend(before.change_budget, 1, self.env.now())?;
            if let Some(after) = self.store.change_user(user, change, spending).await? {
                return Ok(Some(after));
            }
            if !retry.again().await {
                return Err(ProfileError::Busy);
            }
        }
    }
}

impl<S: ReadInbox + UserStore, P, E: Env> App<S, P, E> {
    /// Reads a user who shares a chat with the caller, or the caller's own user.
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
        let ids = std::slice::from_ref(id);
        let (stored, mut profiles) = join(self.store.users(ids), load_profiles(directory, ids)).await;
        let user = stored?.into_iter().next().unwrap_or_else(|| ChatUser::unknown(id.clone()));
        let view = ChatUserView::new(&user, &caller.user, self.env.now()).with_profile(profiles.remove(id));
        Ok(VisibleUser { user: view, pushed: PushReport::default() })
    }

    /// Whether both users are in the same private chat or group. The index of chats may be stale, so the memberships
    /// are read with strong consistency.
    async fn share_a_chat(&self, one: &UserId, other: &UserId) -> Result<bool, StoreError> {
        let private = [ChatId::private(one, other)];
        if !self.store.memberships(one, &private).await?.is_empty() {
            return Ok(true);
        }
        let (chats, other_chats) = try_join(self.store.chats_of(one), self.store.chats_of(other)).await?;
        let shared: Vec<ChatId> =
            chats.into_iter().filter(|chat| other_chats.contains(chat)).take(MAX_SHARED_CHATS_CHECKED).collect();
        if shared.is_empty() {
            return Ok(false);
        }
        let (members, other_members) =
            try_join(self.store.memberships(one, &shared), self.store.memberships(other, &shared)).await?;
        Ok(members.keys().any(|chat| other_members.contains_key(chat)))
    }
}

/// The profiles of these users from the Auth Service; empty if it does not answer or none is configured.
pub(super) async fn load_profiles(directory: &impl Directory, users: &[UserId]) -> BTreeMap<UserId, Profile> {
    match directory.profiles(users).await {
        Ok(profiles) => profiles.unwrap_or_default(),
        Err(error) => {
            tracing::warn!(error = error_chain(&error), "users are shown without their profiles");
            BTreeMap::new()
        }
    }
}
