//! Counts the unread messages of all chats of one user, for a badge.

use super::{App, Caller};
use crate::chat::Head;
use crate::ids::ChatId;
use crate::member::Member;
use crate::member_settings::MemberSettings;
use crate::ports::{Consistency, Env, ReadDeletions, ReadInbox, StoreError};
use crate::text::word_enum;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The most chats that are counted: those with the newest activity.
pub const MAX_COUNTED_CHATS: usize = 1000;
/// How many chats are counted at the same time. Few of them need a read.
const MAX_CONCURRENT_CHATS: usize = 8;

word_enum!(
    /// Whether muted and archived chats count too.
    CountAll,
    "must be true or false",
    /// All chats count.
    Yes = "true",
    /// Muted and archived chats do not count.
    No = "false",
);

/// The request to count a user's unread messages.
#[derive(Debug, Clone)]
pub struct CountUnread {
    /// The user whose messages are counted.
    pub caller: Caller,
    /// Whether muted and archived chats count too.
    pub all: CountAll,
}

/// A user's unread messages in all chats that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadTotal {
    /// The sum of the chats' unread counts.
    pub unread_total: u64,
    /// The number of chats with unread messages.
    pub chats_with_unread: u64,
    /// False if the user has so many chats that not all of them were counted.
    pub is_exact: bool,
}

impl<S: ReadInbox + ReadDeletions, P: Sync, E: Env> App<S, P, E> {
    /// Counts the caller's unread messages. Heads and member items are read with eventual consistency: a message of the
    /// last moment may be missing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_unread(&self, command: CountUnread) -> Result<UnreadTotal, StoreError> {
        let CountUnread { caller, all } = command;
        let user = &caller.user;
        let now = self.env.now();
        let mut settings: BTreeMap<ChatId, MemberSettings> =
            self.store.indexed_chats(user).await?.into_iter().collect();
        if all == CountAll::No {
            settings.retain(|_, settings| !settings.notifications.is_muted(now));
        }
        let chats: Vec<ChatId> = settings.keys().cloned().collect();
        let mut heads: Vec<(ChatId, Head)> =
            self.store.heads(&chats, Consistency::Eventual).await?.into_iter().collect();
        if all == CountAll::No {
            heads.retain(|(chat, head)| !settings.get(chat).is_some_and(|set| set.is_archived(head.last_seq, now)));
        }
        heads.sort_by_key(|(_, head)| Reverse(head.activity()));
        let is_exact = heads.len() <= MAX_COUNTED_CHATS;
        heads.truncate(MAX_COUNTED_CHATS);
        let ids: Vec<ChatId> = heads.iter().map(|(chat, _)| chat.clone()).collect();
        let mut members = self.store.memberships(user, &ids, Consistency::Eventual).await?;
        // The user has left a chat without a member item since the index was read.
        let counted = heads.into_iter().filter_map(|(chat, head)| Some((members.remove(&chat)?, chat, head)));
        let counts = stream::iter(counted.collect::<Vec<(Member, ChatId, Head)>>())
            .map(|(member, chat, head)| async move { self.unread_count(&chat, &head, &member).await })
            .buffer_unordered(MAX_CONCURRENT_CHATS);
        let total = UnreadTotal { unread_total: 0, chats_with_unread: 0, is_exact };
        counts
            .try_fold(total, |total, count| async move {
                Ok(UnreadTotal {
                    unread_total: total.unread_total.saturating_add(count),
                    chats_with_unread: total.chats_with_unread + u64::from(count > 0),
                    ..total
                })
            })
            .await
    }
}
