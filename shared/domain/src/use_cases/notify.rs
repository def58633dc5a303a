//! Notifies participants whom no push reached, after the message is stored and pushed. A failure here never fails the
//! send.

use super::App;
use crate::chat::Head;
use crate::chat_user::ChatUser;
use crate::ids::UserId;
use crate::message::Message;
use crate::meter;
use crate::meter::NotificationReport;
use crate::notification::{Notification, is_wanted};
use crate::ports::{Env, MAX_NOTIFICATIONS_PER_BATCH, Notify, ReadChats, ReadDeletions, StoreError, UserStore};
use error_text::error_chain;
use futures_util::future::try_join;
use futures_util::{StreamExt as _, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

/// How many batches are published at the same time.
const MAX_CONCURRENT_BATCHES: usize = 8;
/// The time limit for publishing all notifications of one message.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(3);

impl<S: ReadChats + ReadDeletions + UserStore, P: Notify, E: Env> App<S, P, E> {
    /// Notifies the users among `absent` who want it and have not read the message. `head` is that of the chat as the
    /// send found it. Reads nothing if notifications are off.
    pub(super) async fn notify(&self, message: &Message, head: &Head, absent: &BTreeSet<UserId>) -> NotificationReport {
        if absent.is_empty() || message.live_body().is_none() || !self.push.is_on() {
            return NotificationReport::default();
        }
        let report = match self.notifications(message, head, absent).await {
            Ok(notifications) => self.publish(&notifications).await,
            Err(error) => {
                tracing::warn!(error = error_chain(&error), "the recipients of notifications could not be read");
                NotificationReport { failed: count(absent.len()), ..NotificationReport::default() }
            }
        };
        meter::count_notifications(&report);
        report
    }

    async fn notifications(
        &self,
        message: &Message,
        head: &Head,
        absent: &BTreeSet<UserId>,
    ) -> Result<Vec<Notification>, StoreError> {
        let ids: Vec<UserId> = absent.iter().chain([&message.sender]).cloned().collect();
        let (users, members) = try_join(self.store.preferences(&ids), self.store.members(&message.chat)).await?;
        let users: BTreeMap<UserId, ChatUser> = users.into_iter().map(|user| (user.id.clone(), user)).collect();
        let sender = users.get(&message.sender);
        let now = self.env.now();
        let mut notifications = Vec::new();
        // A user who has left since is no longer among the members.
        for member in members.into_iter().filter(|member| absent.contains(&member.user)) {
            let notify_on_mention = users.get(&member.user).is_some_and(|user| user.notify_on_mention);
            let wants = is_wanted(&member, notify_on_mention, message, now);
            if wants && message.is_visible_to(&member.user, member.floor()) && !member.has_seen(message.seq) {
                // Messages after this one have notifications of their own.
                let unread = self.unread_count_up_to(&message.chat, head, &member, message.seq).await?;
                notifications.extend(Notification::new(member.user, message, sender, unread));
            }
        }
        Ok(notifications)
    }

    async fn publish(&self, notifications: &[Notification]) -> NotificationReport {
        let mut report = NotificationReport { published: 0, failed: count(notifications.len()) };
        let batches = stream::iter(notifications.chunks(MAX_NOTIFICATIONS_PER_BATCH).map(<[Notification]>::to_vec))
            .map(|batch| async move { self.push.publish(&batch).await })
            .buffer_unordered(MAX_CONCURRENT_BATCHES)
            .take_until(self.env.sleep(NOTIFY_TIMEOUT));
        let mut batches = pin!(batches);
        while let Some(result) = batches.next().await {
            match result {
                Ok(accepted) => {
                    let accepted = count(accepted);
                    report.published += accepted;
                    report.failed = report.failed.saturating_sub(accepted);
                }
                Err(error) => tracing::warn!(error = error_chain(error.as_ref()), "users were not notified"),
            }
        }
        report
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
