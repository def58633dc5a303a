//! Muting a chat.

use super::error::{ChatError, Refusal};
use super::fan_out::Audience;
use super::{App, Caller};
use crate::chat_user::{ChatUserView, MAX_MUTED_CHATS, MuteView, Mutes};
use crate::event::Event;
use crate::ids::ChatId;
use crate::meter::PushReport;
use crate::ports::{Env, Push, ReadInbox, Registry, UserStore};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use serde::Serialize;

/// Mutes a chat for oneself, or ends that.
#[derive(Debug, Clone)]
pub struct MuteChat {
    /// Who asks.
    pub caller: Caller,
    /// Which chat.
    pub chat: ChatId,
    /// How.
    pub mute: Mute,
}

/// Whether a chat is to be muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mute {
    /// Until this moment, or until it is ended.
    On(Option<Timestamp>),
    /// Not.
    Off,
}

/// Whether a chat is muted now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MuteOutcome {
    /// The chat.
    pub chat_id: ChatId,
    /// Whether, and until when.
    #[serde(flatten)]
    pub mute: MuteView,
    /// What became of the pushes.
    #[serde(skip)]
    pub pushed: PushReport,
}

/// Why a chat is not muted.
#[derive(Debug, thiserror::Error)]
pub enum MuteChatError {
    /// A mute that is over is none.
    #[error("the end has passed")]
    Ended,
    /// More chats than one user mutes.
    #[error("more than {limit} chats")]
    TooMany {
        /// The most.
        limit: usize,
    },
}

impl Refusal for MuteChatError {}

impl<S: ReadInbox + UserStore + Registry, P: Push, E: Env> App<S, P, E> {
    /// Mutes a chat, with an end or without, or ends that. The user's other devices are told.
    ///
    /// # Errors
    /// [`ChatError`], and [`MuteChatError`].
    pub async fn mute_chat(&self, command: MuteChat) -> Result<MuteOutcome, ChatError<MuteChatError>> {
        let MuteChat { caller, chat, mute } = command;
        let member = self.store.memberships(&caller.user, std::slice::from_ref(&chat)).await?;
        if member.is_empty() {
            return Err(ChatError::NotFound);
        }
        let mut retry = Retry::new(&self.env);
        loop {
            let now = self.env.now();
            if matches!(mute, Mute::On(Some(until)) if until <= now) {
                return Err(MuteChatError::Ended.into());
            }
            let before = self.store.mutes(&caller.user).await?;
            let mut after = before.clone();
            let changes = match mute {
                Mute::On(until) => after.insert(chat.clone(), until) != Some(until),
                Mute::Off => after.remove(&chat).is_some(),
            };
            let muted = |mutes: &Mutes, pushed| MuteOutcome {
                mute: MuteView::new(mutes, &chat, now),
                chat_id: chat.clone(),
                pushed,
            };
            if !changes {
                return Ok(muted(&before, PushReport::default()));
            }
            let after = self.fitting(&caller, after, now).await?;
            if let Some(user) = self.store.replace_mutes(&caller.user, &before, &after).await? {
                let event = Event::user_updated(ChatUserView::new(&user, &caller.user, now));
                let pushed =
                    self.push(&Audience::of(user.id, user.connections), caller.connection.as_ref(), &event).await;
                return Ok(muted(&after, pushed));
            }
            if !retry.again().await {
                return Err(ChatError::Busy);
            }
        }
    }

    /// The mutes without those that are over, and if they are too many, without those of chats that the user left.
    async fn fitting(&self, caller: &Caller, mutes: Mutes, now: Timestamp) -> Result<Mutes, ChatError<MuteChatError>> {
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
