//! Answers that wrap a document.

use super::{Chat, ChatUser, Message};
use serde::{Deserialize, Serialize};

/// An answer that has a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAnswer {
    /// The chat after the request.
    pub chat: Chat,
}

/// An answer that has a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAnswer {
    /// The message after the request.
    pub message: Message,
}

/// An answer that has a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAnswer {
    /// The user's document.
    pub user: ChatUser,
}

/// The answer of `GET /users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersAnswer {
    /// Those of the users whom the chat shows to the caller, sorted by id.
    pub users: Vec<ChatUser>,
}

/// The answer to the removal of a participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant)] // one is read, and used up
pub enum RemovalAnswer {
    /// Another participant was removed.
    Group {
        /// The group after the removal.
        chat: Chat,
    },
    /// The caller left the group.
    Left {
        /// Always true.
        left: bool,
    },
}

/// The answer to `ping`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// Always true.
    pub pong: bool,
}

/// The answer of `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The version of the code that runs.
    pub version: String,
}
