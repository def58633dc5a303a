//! Mutes a chat.

use super::error::{ChatError, Refusal};
use super::fan_out::Audience;
use super::{App, Caller};
use crate::budget::RateLimited;
use crate::chat_user::{ChatUserView, MAX_MUTED_CHATS, MuteView, Mutes};
use crate::event::Event;
use crate::ids::ChatId;
use crate::meter::PushReport;
use crate::ports::{Env, Push, ReadInbox, Registry, UserStore};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use serde::Serialize;

/// The request to mute a chat for the caller, or to end a mute.
#[derive(Debug, Clone)]
pub struct MuteChat {
    /// The participant who mutes.
    pub caller: Caller,
    /// The chat to mute.
    pub chat: ChatId,
    /// The new state.
    pub mute: Mute,
}

/// The requested state of a mute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mute {
    /// Muted until this time, or without an end.
    On(Option<Timestamp>),
    /// Not muted.
    Off,
}

impl Mute {
    /// Whether it would have ended at `now`.
    #[must_use]
    pub fn ends_before(self, now: Timestamp) -> bool {
        matches!(self, Self::On(Some(until)) if until <= now)
    }
}

/// The state of a chat's mute after the request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MuteOutcome {
    /// The muted chat.
    pub chat_id: ChatId,
    /// Whether the chat is muted, and until when.
    #[serde(flatten)]
    pub mute: MuteView,
    /// The results of the posts to the caller's other devices.
    #[serde(skip)]
    pub pushed: PushReport,
}

/// Why a mute is refused.
#[derive(Debug, thiserror::Error)]
pub enum MuteChatError {
    /// The end of the mute is in the past.
    #[error("the end of the mute is in the past")]
    EndInPast,
    /// The user has muted too many chats.
    #[error("more than {limit} muted chats")]
    TooMany {
        /// The most chats that one user can mute.
        limit: usize,
    },
    /// The user changes their mutes or their user too fast.
    #[error(transparent)]
    RateLimited(RateLimited),
}

impl Refusal for MuteChatError {}

impl<S: ReadInbox + UserStore + Registry, P: Push, E: Env> App<S, P, E> {
    /// Mutes a chat, or ends its mute, and pushes `user.updated` to the caller's other devices.
    ///
    /// # Errors
    /// [`ChatError`] and [`MuteChatError`].
    pub async fn mute_chat(&self, command: MuteChat) -> Result<MuteOutcome, ChatError<MuteChatError>> {
        let MuteChat { caller, chat, mute } = command;
        let memberships = self.store.memberships(&caller.user, std::slice::from_ref(&chat)).await?;
        if memberships.is_empty() {
            return Err(ChatError::NotFound);
        }
        let mut retry = Retry::new(&self.env);
        loop {
            let now = self.env.now();
            if mute.ends_before(now) {
                return Err(MuteChatError::EndInPast.into());
            }
            let user = self.store.own_document(&caller.user).await?;
            let before = user.muted_chats;
            let mut after = before.clone();
            let has_changed = match mute {
                Mute::On(until) => after.insert(chat.clone(), until) != Some(until),
                Mute::Off => after.remove(&chat).is_some(),
            };
            let outcome = |mutes: &Mutes, pushed| MuteOutcome {
                mute: MuteView::new(mutes, &chat, now),
                chat_id: chat.clone(),
                pushed,
            };
            if !has_changed {
                return Ok(outcome(&before, PushReport::default()));
            }
            let spending = self.settings.profile_changes.spend(user.change_budget, 1, now);
            let spending = spending.map_err(MuteChatError::RateLimited)?;
            let after = self.prune_mutes(&caller, after, now).await?;
            if let Some(user) = self.store.replace_mutes(&caller.user, &before, &after, spending).await? {
                let event = Event::user_updated(ChatUserView::new(&user, &caller.user, now));
                let pushed =
                    self.push(&Audience::of(user.id, user.connections), caller.connection.as_ref(), &event).await;
                return Ok(outcome(&after, pushed));
            }
            if !retry.again().await {
                return Err(ChatError::Busy);
            }
        }
    }

    /// Removes mutes that have ended. If too many remain, also removes the mutes of chats that the user has left.
    async fn prune_mutes(
        &self,
        caller: &Caller,
        mutes: Mutes,
        now: Timestamp,
    ) -> Result<Mutes, ChatError<MuteChatError>> {
        let mut mutes = mutes;
        mutes.retain(|_, until| until.is_none_or(|until| now < until));
        if mutes.len() > MAX_MUTED_CHATS {
            let chats: Vec<ChatId> = mutes.keys().cloned().collect();
            let memberships = self.store.memberships(&caller.user, &chats).await?;
            mutes.retain(|chat, _| memberships.contains_key(chat));
        }
        if mutes.len() > MAX_MUTED_CHATS {
            return Err(MuteChatError::TooMany { limit: MAX_MUTED_CHATS }.into());
        }
        Ok(mutes)
    }
}
