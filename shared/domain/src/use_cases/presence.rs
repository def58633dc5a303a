//! Telling those who have a private chat with a user that the user came online or went offline.

use super::list_chats::newest_first;
use super::{App, PushReport};
use crate::causes::in_full;
use crate::chat_user::Status;
use crate::event::{Event, Presence};
use crate::ids::{ChatId, UserId};
use crate::ports::{Consistency, Env, Push, ReadInbox, Registry, StoreError};
use crate::timestamp::Timestamp;
use futures_util::future::{Either, select};
use std::pin::pin;
use std::time::Duration;

/// Of more private chats than these, the partners of the most recently active ones are told.
const MOST_PARTNERS: usize = 100;
/// The longest that telling may take: a handshake waits for it.
const LIMIT: Duration = Duration::from_secs(1);

impl<S: ReadInbox + Registry, P: Push, E: Env, D: Sync> App<S, P, E, D> {
    /// Tells the partners that the user is online or offline as of now. It is a hint: failing to tell is logged, and no
    /// error.
    pub(super) async fn tell_partners(&self, user: &UserId, status: Status, now: Timestamp) -> PushReport {
        let presence = Presence { user_id: user.clone(), status, last_seen: now, at: now };
        let telling = pin!(async {
            match self.partners(user).await {
                Ok(partners) => {
                    self.push(&self.look_up(&partners).await, None, &Event::presence_updated(presence)).await
                }
                Err(error) => {
                    tracing::warn!(error = in_full(&error), "no presence is pushed");
                    PushReport::default()
                }
            }
        });
        match select(telling, pin!(self.env.sleep(LIMIT))).await {
            Either::Left((report, _)) => report,
            Either::Right(((), _)) => {
                tracing::warn!("telling of a user's presence took too long");
                PushReport::default()
            }
        }
    }

    /// The other users of the user's private chats.
    async fn partners(&self, user: &UserId) -> Result<Vec<UserId>, StoreError> {
        let mut chats = self.store.chats_of(user).await?;
        chats.retain(ChatId::is_private);
        if chats.len() > MOST_PARTNERS {
            let heads = self.store.heads(&chats, Consistency::Eventual).await?;
            chats = newest_first(heads).into_iter().map(|(cursor, _)| cursor.into_chat()).take(MOST_PARTNERS).collect();
        }
        if chats.is_empty() {
            return Ok(Vec::new());
        }
        let chats = self.store.chats(&chats).await?;
        Ok(chats.values().filter_map(|chat| chat.other(user)).cloned().collect())
    }
}
