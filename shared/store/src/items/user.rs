//! Items of users.

use super::{BudgetItem, custom_text};
use domain::budget::Budget;
use domain::chat_user::{ChatUser, Connection};
use domain::custom::Custom;
use domain::ids::{ConnectionId, UserId};
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
        Ok(Self(ChatUser {
            id: item.user_id,
            nickname: item.nickname,
            last_seen: item.last_seen.map(Timestamp::from_millis),
            notify_on_mention: item.notify_on_mention,
            custom: item.custom,
            change_budget: item.change_budget.map(Budget::from),
            connections: item.connections.into_iter().map(connection).collect::<Result<_, _>>()?,
        }))
    }
}
