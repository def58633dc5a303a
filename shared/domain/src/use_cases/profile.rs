//! The caller's own user, and users who share a chat with the caller.

use super::fan_out::Audience;
use super::{App, Caller};
use crate::budget::RateLimited;
use crate::chat_user::{ChatUser, ChatUserView, Profile, UserChange};
use crate::event::{Event, NewNickname};
use crate::ids::{ChatId, UserId};
use crate::member_settings::ListedChats;
use crate::meter::PushReport;
use crate::ports::{Consistency, Directory, Env, Push, ReadInbox, ReadListedChats, Registry, StoreError, UserStore};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
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

impl<S: UserStore + ReadListedChats, P, E: Env> App<S, P, E> {
    /// Reads the caller's own user.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub async fn me(&self, directory: &impl Directory, caller: &Caller) -> Result<VisibleUser, ProfileError> {
        self.show_me(directory, caller, self.store.listed_chats(&caller.user)).await
    }

    /// Shows the caller's own user with the muted chats of `listed`.
    async fn show_me(
        &self,
        directory: &impl Directory,
        caller: &Caller,
        listed: impl Future<Output = Result<ListedChats, StoreError>> + Send,
    ) -> Result<VisibleUser, ProfileError> {
        let profiles = load_profiles(directory, std::slice::from_ref(&caller.user));
        let stored = try_join(self.store.user(&caller.user), listed);
        let (stored, mut profiles) = join(stored, profiles).await;
        let (user, listed) = stored?;
        let user = user.unwrap_or_else(|| ChatUser::unknown(caller.user.clone()));
        let now = self.env.now();
        let view = ChatUserView::new(&user, &caller.user, now).with_mutes(&listed.mutes, now);
        let view = view.with_profile(profiles.remove(&caller.user));
        Ok(VisibleUser { user: view, pushed: PushReport::default() })
    }
}

impl<S: UserStore + ReadInbox + ReadListedChats + Registry, P: Push, E: Env> App<S, P, E> {
    /// Changes the caller's own user and pushes `user.updated` to their other devices. A new nickname is also pushed to
    /// the partners, as `nickname.updated`.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub async fn update_me(&self, directory: &impl Directory, command: &UpdateMe) -> Result<VisibleUser, ProfileError> {
        let UpdateMe { caller, change } = command;
        let profiles = load_profiles(directory, std::slice::from_ref(&caller.user));
        let changed = async {
            // Read before the change: no read that fails after it fails the request.
            let listed = self.store.listed_chats(&caller.user).await?;
            Ok::<_, ProfileError>((self.change_user(&caller.user, change).await?, listed))
        };
        let (changed, mut profiles) = join(changed, profiles).await;
        let (changed, listed) = changed?;
        let Some(ChangedUser { user, is_renamed, at }) = changed else {
            return self.show_me(directory, caller, async { Ok(listed) }).await;
        };
        let now = self.env.now();
        let view = ChatUserView::new(&user, &caller.user, now).with_mutes(&listed.mutes, now);
        let own_event = Event::user_updated(view.clone());
        let nickname = NewNickname { user_id: user.id.clone(), nickname: view.nickname().to_owned(), at };
        let own_devices = Audience::of(user.id, user.connections);
        let (pushed, ()) = join(self.push(&own_devices, caller.connection.as_ref(), &own_event), async {
            if is_renamed {
                self.push_to_partners(&caller.user, &Event::nickname_updated(nickname)).await;
            }
        })
        .await;
        Ok(VisibleUser { user: view.with_profile(profiles.remove(&caller.user)), pushed })
    }
}

/// The caller's own user after a change.
struct ChangedUser {
    user: ChatUser,
    is_renamed: bool,
    at: Timestamp,
}

impl<S: UserStore, P, E: Env> App<S, P, E> {
    /// Stores the change. None if nothing changes.
    async fn change_user(&self, user: &UserId, change: &UserChange) -> Result<Option<ChangedUser>, ProfileError> {
        let mut retry = Retry::new(&self.env);
        loop {
            let before = self.store.own_document(user).await?;
            if !change.changes(&before) {
                return Ok(None);
            }
            // Taken before the write: a change that is stored later must get a later time.
            let at = self.env.now();
            let spending = self.settings.profile_changes.spend(before.change_budget, 1, at)?;
            if let Some(after) = self.store.change_user(user, change, spending).await? {
                return Ok(Some(ChangedUser { is_renamed: after.nickname != before.nickname, user: after, at }));
            }
            if !retry.again().await {
                return Err(ProfileError::Busy);
            }
        }
    }
}

impl<S: ReadInbox + UserStore + ReadListedChats, P, E: Env> App<S, P, E> {
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
        let users = self.load_users(directory, &caller.user, std::slice::from_ref(id)).await?;
        let user = users.into_values().next().ok_or(ProfileError::NotAParticipant)?;
        Ok(VisibleUser { user, pushed: PushReport::default() })
    }

    /// Whether both users are in the same private chat or group. The index of chats may be stale, so the memberships
    /// are read with strong consistency.
    async fn share_a_chat(&self, one: &UserId, other: &UserId) -> Result<bool, StoreError> {
        let private = [ChatId::private(one, other)];
        if !self.store.memberships(one, &private, Consistency::Strong).await?.is_empty() {
            return Ok(true);
        }
        let (chats, other_chats) = try_join(self.store.chats_of(one), self.store.chats_of(other)).await?;
        let shared: Vec<ChatId> =
            chats.into_iter().filter(|chat| other_chats.contains(chat)).take(MAX_SHARED_CHATS_CHECKED).collect();
        if shared.is_empty() {
            return Ok(false);
        }
        let (members, other_members) = try_join(
            self.store.memberships(one, &shared, Consistency::Strong),
            self.store.memberships(other, &shared, Consistency::Strong),
        )
        .await?;
        Ok(members.keys().any(|chat| other_members.contains_key(chat)))
    }
}

impl<S: UserStore, P, E: Env> App<S, P, E> {
    /// All of these users as `reader` sees them, with the profiles if the Auth Service answers. The use case has checked
    /// that the reader may see them.
    pub(super) async fn load_users(
        &self,
        directory: &impl Directory,
        reader: &UserId,
        ids: &[UserId],
    ) -> Result<BTreeMap<UserId, ChatUserView>, StoreError> {
        let (stored, mut profiles) = join(self.store.users(ids), load_profiles(directory, ids)).await;
        let mut stored: BTreeMap<UserId, ChatUser> = stored?.into_iter().map(|user| (user.id.clone(), user)).collect();
        let now = self.env.now();
        let view = |id: &UserId| {
            let user = stored.remove(id).unwrap_or_else(|| ChatUser::unknown(id.clone()));
            (id.clone(), ChatUserView::new(&user, reader, now).with_profile(profiles.remove(id)))
        };
        Ok(ids.iter().map(view).collect())
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
