//! Changes a member's own view of a chat.

use super::error::{ChatError, Refusal};
use super::fan_out::Audience;
use super::{App, Caller};
use crate::budget::RateLimited;
use crate::chat_user::{ChatUser, MuteView, UserChange};
use crate::event::Event;
use crate::ids::{ChatId, UserId};
use crate::member::Member;
use crate::member_settings::{ListFull, OwnMember, SettingsChange};
use crate::meter::PushReport;
use crate::ports::{
    CommitSettings, Env, Push, ReadChats, ReadDeletions, ReadListedChats, Registry, SettingsCommit, StoreError,
    UserStore,
};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use serde::Serialize;

/// The request to change the caller's view of a chat.
#[derive(Debug, Clone)]
pub struct UpdateMember {
    /// The participant whose view it is.
    pub caller: Caller,
    /// The chat.
    pub chat: ChatId,
    /// What changes.
    pub change: SettingsChange,
}

/// The caller's view of a chat after the request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdatedMember {
    /// The chat.
    pub chat_id: ChatId,
    /// The caller's read position and view.
    #[serde(flatten)]
    pub member: OwnMember,
    /// The same view, as the routes of mutes show it.
    #[serde(skip)]
    pub mute: MuteView,
    /// The results of the posts to the caller's other devices.
    #[serde(skip)]
    pub pushed: PushReport,
}

/// The state of a chat's mute after the request: what the routes of mutes show of an [`UpdatedMember`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MuteOutcome {
    /// The chat.
    pub chat_id: ChatId,
    /// Whether the chat is muted, and until when.
    #[serde(flatten)]
    pub mute: MuteView,
}

impl From<UpdatedMember> for MuteOutcome {
    fn from(UpdatedMember { chat_id, mute, .. }: UpdatedMember) -> Self {
        Self { chat_id, mute }
    }
}

/// Why a view does not change.
#[derive(Debug, thiserror::Error)]
pub enum UpdateMemberError {
    /// The end of the mute is in the past.
    #[error("must be in the future")]
    EndInPast,
    /// The user has muted or pinned too many chats.
    #[error(transparent)]
    ListFull(#[from] ListFull),
    /// The user changes their views or their user too fast.
    #[error(transparent)]
    RateLimited(RateLimited),
}

impl Refusal for UpdateMemberError {}

impl<S, P: Push, E: Env> App<S, P, E>
where
    S: ReadChats + ReadDeletions + ReadListedChats + CommitSettings + UserStore + Registry,
{
    /// Changes the caller's view of a chat, and pushes `member.updated` to the caller's other devices. If nothing
    /// changes, nothing is written and pushed.
    ///
    /// # Errors
    /// [`ChatError`] and [`UpdateMemberError`].
    pub async fn update_member(&self, command: UpdateMember) -> Result<UpdatedMember, ChatError<UpdateMemberError>> {
        let UpdateMember { caller, chat, change } = command;
        let mut retry = Retry::new(&self.env);
        // Taken from the budget once, however often the commit is tried.
        let mut payer: Option<ChatUser> = None;
        loop {
            let now = self.env.now();
            let (head, before) = self.store.position(&chat, &caller.user).await?.ok_or(ChatError::NotFound)?;
            if change.mutes_until_past(now) {
                return Err(UpdateMemberError::EndInPast.into());
            }
            let Some(after) = change.apply(&before, head.last_seq, now) else {
                let own = self.own_member(&chat, &head, &before, now).await?;
                return Ok(outcome(chat, &before, own, now, PushReport::default()));
            };
            let listed = match after.settings.is_listed_like(&before.settings) {
                true => None,
                false => {
                    let listed = self.store.listed_chats(&caller.user).await?;
                    Some(listed.with(&chat, &after.settings, now).map_err(UpdateMemberError::ListFull)?)
                }
            };
            if payer.is_none() {
                payer = self.spend_profile_change(&caller.user, now).await?;
            }
            let commit = SettingsCommit { chat: chat.clone(), before, after, listed };
            if let Some(user) = &payer
                && self.store.commit_settings(&commit).await?
            {
                let SettingsCommit { after, .. } = commit;
                let own = self.own_member(&chat, &head, &after, now).await?;
                let event = Event::member_updated(chat.clone(), own.clone());
                let audience = Audience::of(user.id.clone(), user.connections.clone());
                let pushed = self.push(&audience, caller.connection.as_ref(), &event).await;
                return Ok(outcome(chat, &after, own, now, pushed));
            }
            if !retry.again().await {
                return Err(ChatError::Busy);
            }
        }
    }

    /// Takes one change from the user's profile budget. Returns the user with their connections; None if another change
    /// took from the budget meanwhile. It is a write of its own: a transaction on the user's item would make their
    /// connects and disconnects conflict.
    async fn spend_profile_change(
        &self,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Option<ChatUser>, ChatError<UpdateMemberError>> {
        let budget = self.store.own_document(user).await?.change_budget;
        let spending = self.settings.profile_changes.spend(budget, 1, now).map_err(UpdateMemberError::RateLimited)?;
        let paid: Result<_, StoreError> = self.store.change_user(user, &UserChange::default(), spending).await;
        Ok(paid?)
    }
}

fn outcome(chat_id: ChatId, member: &Member, own: OwnMember, now: Timestamp, pushed: PushReport) -> UpdatedMember {
    UpdatedMember { chat_id, member: own, mute: MuteView::new(&member.settings, now), pushed }
}
