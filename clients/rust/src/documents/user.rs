//! Users, and whom the caller blocks.

use super::{ChatId, Custom, Time, UserId};
use serde::{Deserialize, Serialize};

/// Whether a user is online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The user has at least one connection.
    Online,
    /// The user has no connection.
    Offline,
}

/// A user as the chat service knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatUser {
    /// The user's id.
    pub user_id: UserId,
    /// The nickname; the user's id if they chose none.
    pub nickname: String,
    /// Whether the user is online.
    pub status: Status,
    /// When the user last connected or disconnected; None if never.
    pub last_seen: Option<Time>,
    /// The chats that the reader muted. Empty if the user is not the reader.
    pub muted_chats: Vec<ChatId>,
    /// Whether mentions notify the reader in chats that they muted. None if the user is not the reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_on_mention: Option<bool>,
    /// The custom data of the user; None if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// The profile from the Auth Service; None if the answer has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// A user's profile from the Auth Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The user's name in the Auth Service.
    pub username: String,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The URL of the user's picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// Whether this user blocks another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockState {
    /// The other user.
    pub user_id: UserId,
    /// Whether they are blocked.
    pub blocked: bool,
}

/// The users whom the caller blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocks {
    /// The blocks, sorted by the id of the blocked user.
    pub blocks: Vec<Block>,
}

/// A user whom the caller blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// The blocked user.
    pub user_id: UserId,
    /// When the block began.
    pub blocked_at: Time,
}
