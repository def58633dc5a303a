//! Notifying those who are not there to see a message, after it was stored and pushed. Nothing here can fail the send.

use super::App;
use crate::chat_user::ChatUser;
use crate::error_chain::error_chain;
use crate::ids::UserId;
use crate::message::Message;
use crate::meter;
use crate::meter::NotificationReport;
use crate::notification::{Notification, is_wanted};
use crate::ports::{Env, MAX_NOTIFICATIONS_PER_BATCH, Notify, ReadChats, StoreError, UserStore};
use futures_util::future::try_join;
use futures_util::{StreamExt as _, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

/// Batches under way at once.
const MAX_CONCURRENT_BATCHES: usize = 8;
/// The longest that publishing all notifications of one message may take.
const ALL: Duration = Duration::from_secs(3);

impl<S: ReadChats + UserStore, P: Notify, E: Env> App<S, P, E> {
    /// Notifies those of these users who want it and have not read the message. Where nobody is notified, nothing is
    /// read.
    pub(super) async fn notify(&self, message: &Message, away: &BTreeSet<UserId>) -> NotificationReport {
        if away.is_empty() || message.said().is_none() || !self.push.is_on() {
            return NotificationReport::default();
        }
        let report = match self.notifications(message, away).await {
            Ok(notifications) => self.publish(&notifications).await,
            Err(error) => {
                tracing::warn!(error = error_chain(&error), "who is to be notified could not be read");
                NotificationReport { failed: count(away.len()), ..NotificationReport::default() }
            }
        };
        meter::notified(&report);
        report
    }

    async fn notifications(&self, message: &Message, away: &BTreeSet<UserId>) -> Result<Vec<Notification>, StoreError> {
        let whom: Vec<UserId> = away.iter().chain([&message.sender]).cloned().collect();
        let (users, members) = try_join(self.store.preferences(&whom), self.store.members(&message.chat)).await?;
        let users: BTreeMap<UserId, ChatUser> = users.into_iter().map(|user| (user.id.clone(), user)).collect();
        let sender = users.get(&message.sender);
        let now = self.env.now();
        let mut all = Vec::new();
        // Who left meanwhile is no member any more.
        for member in members.into_iter().filter(|member| away.contains(&member.user)) {
            let wants = users.get(&member.user).is_none_or(|user| is_wanted(user, message, now));
            if wants && message.is_visible_to(&member.user, member.floor()) && !member.has_seen(message.seq) {
                // What came after it is notified of by itself.
                let unread = message.seq.since(member.read_up_to());
                all.extend(Notification::new(member.user, message, sender, unread));
            }
        }
        Ok(all)
    }

    async fn publish(&self, notifications: &[Notification]) -> NotificationReport {
        let mut report = NotificationReport { published: 0, failed: count(notifications.len()) };
        let batches = stream::iter(notifications.chunks(MAX_NOTIFICATIONS_PER_BATCH).map(<[Notification]>::to_vec))
            .map(|batch| async move { self.push.publish(&batch).await })
            .buffer_unordered(MAX_CONCURRENT_BATCHES)
            .take_until(self.env.sleep(ALL));
        let mut batches = pin!(batches);
        while let Some(taken) = batches.next().await {
            match taken {
                Ok(taken) => {
                    let taken = count(taken);
                    report.published += taken;
                    report.failed = report.failed.saturating_sub(taken);
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
