//! A user's further items, in the table UserItems.

use domain::chat_user::Mutes;
use domain::ids::{ChatId, UserId};
use domain::member_settings::ListedChats;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The sort key of the item with a user's muted and pinned chats.
pub(crate) const LISTED_CHATS: &str = "chats";

/// The chats that a user muted or pinned.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedChatsItem {
    user_id: UserId,
    item: String,
    rev: u64,
    /// From chat id to the end of its mute in milliseconds; 0 if the mute has no end. Always there, so that an entry
    /// can be removed.
    muted_chats: BTreeMap<ChatId, i64>,
    #[serde(
        default,
        skip_serializing_if = "BTreeSet::is_empty",
        serialize_with = "serde_dynamo::string_set::serialize"
    )]
    pinned_chats: BTreeSet<ChatId>,
}

impl ListedChatsItem {
    pub(crate) fn new(user: &UserId, ListedChats { rev, mutes, pinned }: &ListedChats) -> Self {
        let end = |(chat, until): (&ChatId, &Option<Timestamp>)| (chat.clone(), until.map_or(0, Timestamp::millis));
        Self {
            user_id: user.clone(),
            item: LISTED_CHATS.to_owned(),
            rev: *rev,
            muted_chats: mutes.iter().map(end).collect(),
            pinned_chats: pinned.clone(),
        }
    }
}

impl From<ListedChatsItem> for ListedChats {
    fn from(item: ListedChatsItem) -> Self {
        let mute = |(chat, until): (ChatId, i64)| (chat, (until > 0).then(|| Timestamp::from_millis(until)));
        let mutes: Mutes = item.muted_chats.into_iter().map(mute).collect();
        Self { rev: item.rev, mutes, pinned: item.pinned_chats }
    }
}
