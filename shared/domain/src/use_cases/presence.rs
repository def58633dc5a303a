//! Telling those who have a private chat with a user that the user came online or went offline.

use super::App;
use super::list_chats::newest_first;
use crate::error_chain::error_chain;
use crate::event::{Event, Presence};
use crate::ids::{ChatId, UserId};
use crate::meter::PushReport;
use crate::ports::{Consistency, Env, Push, ReadInbox, Registry, StoreError};
use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;

/// Of more private chats than these, the partners of the most recently active ones are told.
const MAX_NOTIFIED_PARTNERS: usize = 100;
/// Among how many private chats at most the most recently active are looked for.
const MAX_PARTNERS_SORTED: usize = 1000;
/// The longest that finding the partners may take, and then the longest that posting may: a handshake waits for both.
const PRESENCE_STEP_TIMEOUT: Duration = Duration::from_secs(1);

impl<S: ReadInbox + Registry, P: Push, E: Env> App<S, P, E> {
    /// Tells the partners. It is a hint: failing to tell is logged, and no error.
    pub(super) async fn push_presence(&self, presence: Presence) -> PushReport {
        let looking = pin!(async {
            match self.partners(&presence.user_id).await {
                Ok(partners) => Some(self.load_audience(&partners).await),
                Err(error) => {
                    tracing::warn!(error = error_chain(&error), "no presence is pushed");
                    None
                }
            }
        });
        let audience = match select(looking, pin!(self.env.sleep(PRESENCE_STEP_TIMEOUT))).await {
            Either::Left((audience, _)) => audience,
            Either::Right(((), _)) => {
                tracing::warn!("no presence is pushed: finding whom to tell took too long");
                None
            }
        };
        match audience {
            Some(audience) => {
                self.push_within(PRESENCE_STEP_TIMEOUT, &audience, &Event::presence_updated(presence.clone())).await
            }
            None => PushReport::default(),
        }
    }

    /// The other users of the user's private chats.
    async fn partners(&self, user: &UserId) -> Result<Vec<UserId>, StoreError> {
        let mut chats = self.store.chats_of(user).await?;
        chats.retain(ChatId::is_private);
        if chats.len() > MAX_NOTIFIED_PARTNERS {
            chats.truncate(MAX_PARTNERS_SORTED);
            let heads = self.store.heads(&chats, Consistency::Eventual).await?;
            chats = newest_first(heads)
                .into_iter()
                .map(|(cursor, _)| cursor.into_chat())
                .take(MAX_NOTIFIED_PARTNERS)
                .collect();
        }
        if chats.is_empty() {
            return Ok(Vec::new());
        }
        let chats = self.store.chats(&chats).await?;
        Ok(chats.values().filter_map(|chat| chat.other(user)).cloned().collect())
    }
}
