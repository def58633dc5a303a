//! Items of users.

use super::{BudgetItem, custom_text, n};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::budget::Budget;
use domain::chat_user::{ChatUser, Connection, Mutes};
use domain::custom::Custom;
use domain::ids::{ChatId, ConnectionId, UserId};
use domain::names::Nickname;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChatUserItem {
    user_id: UserId,
    nickname: Option<Nickname>,
    last_seen: Option<i64>,
    /// From chat id to the end of its mute in milliseconds; 0 if the mute has no end.
    #[serde(default)]
    muted_chats: BTreeMap<String, i64>,
    #[serde(default)]
    notify_on_mention: bool,
    #[serde(deserialize_with = "custom_text::deserialize", default)]
    custom: Option<Custom>,
    change_budget: Option<BudgetItem>,
    #[serde(default)]
    connections: BTreeMap<String, ConnectionItem>,
}

/// One entry of a user's connections. Its key is the connection id.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionItem {
    connected_at: i64,
    exp: i64,
}

impl From<&Connection> for ConnectionItem {
    fn from(connection: &Connection) -> Self {
        Self { connected_at: connection.connected_at.millis(), exp: connection.exp.millis() }
    }
}

/// A user that was parsed from an item.
#[derive(Deserialize)]
#[serde(try_from = "ChatUserItem")]
pub(crate) struct StoredUser(pub(crate) ChatUser);

impl TryFrom<ChatUserItem> for StoredUser {
    type Error = domain::text::Invalid;

    fn try_from(item: ChatUserItem) -> Result<Self, Self::Error> {
        let connection = |(id, entry): (String, ConnectionItem)| {
            Ok(Connection {
                id: ConnectionId::parse(id)?,
                connected_at: Timestamp::from_millis(entry.connected_at),
                exp: Timestamp::from_millis(entry.exp),
            })
        };
        let mute = |(chat, until): (String, i64)| {
            Ok((ChatId::parse(chat)?, (until > 0).then(|| Timestamp::from_millis(until))))
        };
        Ok(Self(ChatUser {
            id: item.user_id,
            nickname: item.nickname,
            last_seen: item.last_seen.map(Timestamp::from_millis),
            muted_chats: item.muted_chats.into_iter().map(mute).collect::<Result<_, _>>()?,
            notify_on_mention: item.notify_on_mention,
            custom: item.custom,
            change_budget: item.change_budget.map(Budget::from),
            connections: item.connections.into_iter().map(connection).collect::<Result<_, _>>()?,
        }))
    }
}

/// The stored form of mutes: from chat id to the end of the mute in milliseconds; 0 if it has no end.
pub(crate) fn mutes_item(mutes: &Mutes) -> AttributeValue {
    let end = |until: &Option<Timestamp>| n(until.map_or(0, Timestamp::millis));
    AttributeValue::M(mutes.iter().map(|(chat, until)| (chat.to_string(), end(until))).collect())
}
