//! Pushes `presence.updated` and `nickname.updated` to a user's partners, who are the users with whom they have a private
//! chat.

use super::App;
use super::list_chats::newest_first;
use crate::chat::Chat;
use crate::event::{Event, Presence};
use crate::ids::{ChatId, UserId};
use crate::meter::PushReport;
use crate::ports::{Consistency, Env, Push, ReadInbox, Registry, StoreError};
use error_text::error_chain;
use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;

/// The most partners who get the event; with more, those of the most recently active chats.
const MAX_NOTIFIED_PARTNERS: usize = 100;
/// The most private chats that are sorted by activity.
const MAX_PARTNERS_SORTED: usize = 1000;
/// The time limit for finding the partners, and then again for posting to them. A handshake or a change of the user
/// waits for both.
const STEP_TIMEOUT: Duration = Duration::from_secs(1);

impl<S: ReadInbox + Registry, P: Push, E: Env> App<S, P, E> {
    /// Pushes the status to the partners. For a user who comes and goes all the time, nothing is looked up and nobody
    /// gets more events.
    pub(super) async fn push_presence(&self, presence: Presence) -> PushReport {
        if !self.recent.may_push_presence(&presence.user_id, self.env.now()) {
            return PushReport::default();
        }
        let user = presence.user_id.clone();
        self.push_to_partners(&user, &Event::presence_updated(presence)).await
    }

    /// Pushes an event about the user to the partners. The event is a hint: a failure is logged and does not fail the
    /// use case.
    pub(super) async fn push_to_partners(&self, user: &UserId, event: &Event) -> PushReport {
        let lookup = pin!(async {
            match self.partners(user).await {
                Ok(partners) => Some(self.load_audience(&partners).await),
                Err(error) => {
                    tracing::warn!(error = error_chain(&error), "the partners get no event");
                    None
                }
            }
        });
        let audience = match select(lookup, pin!(self.env.sleep(STEP_TIMEOUT))).await {
            Either::Left((audience, _)) => audience,
            Either::Right(((), _)) => {
                tracing::warn!("the partners get no event: finding them took more than 1 s");
                None
            }
        };
        match audience {
            Some(audience) => self.push_within(STEP_TIMEOUT, &audience, event).await,
            None => PushReport::default(),
        }
    }

    /// The other participants of the user's private chats, at most [`MAX_NOTIFIED_PARTNERS`], without those who block
    /// the user: they want to hear no more from them.
    async fn partners(&self, user: &UserId) -> Result<Vec<UserId>, StoreError> {
        let mut chats = self.store.chats_of(user).await?;
        chats.retain(ChatId::is_private);
        if chats.len() > MAX_NOTIFIED_PARTNERS {
            chats.truncate(MAX_PARTNERS_SORTED);
            let heads = self.store.heads(&chats, Consistency::Eventual).await?;
            chats = newest_first(heads).into_iter().map(|(chat, _)| chat).take(MAX_NOTIFIED_PARTNERS).collect();
        }
        if chats.is_empty() {
            return Ok(Vec::new());
        }
        let chats = self.store.chats(&chats).await?;
        let partner = |chat: &Chat| chat.peer(user).filter(|peer| !chat.blocked_by.contains(*peer)).cloned();
        Ok(chats.values().filter_map(partner).collect())
    }
}
