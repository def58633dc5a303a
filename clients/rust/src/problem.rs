//! What a refusal says: RFC 9457 problem details, as docs/API.md lists them.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{status} {}: {detail}", .code.as_str())]
pub struct Problem {
    /// A URN of the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request, in words.
    pub detail: String,
    /// What to decide by.
    pub code: Code,
    /// Whether the same request may be served later.
    pub retryable: bool,
    /// After how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The limit that was passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The name of the request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// After how long the server says to try again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after_ms.map(Duration::from_millis)
    }
}

/// A field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Which.
    pub field: String,
    /// Why.
    pub reason: String,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// What a client decides by.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
            /// One that a later server has.
            #[serde(untagged)]
            Other(String),
        }

        impl Code {
            /// As it is on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Other(code) => code,
                }
            }
        }
    };
}

codes! {
    /// A field is missing, wrong or unknown.
    InvalidRequest = "invalid_request",
    /// The group would be too large.
    TooManyParticipants = "too_many_participants",
    /// The content is too long.
    ContentTooLarge = "content_too_large",
    /// There is no identity.
    Unauthenticated = "unauthenticated",
    /// The token ran out.
    TokenExpired = "token_expired",
    /// Only an admin may.
    NotAnAdmin = "not_an_admin",
    /// Only its sender may.
    NotTheSender = "not_the_sender",
    /// There is no such chat, or the caller is not in it.
    ChatNotFound = "chat_not_found",
    /// There is no such message, or the caller cannot see it.
    MessageNotFound = "message_not_found",
    /// There is no such attachment, or it is somebody else's.
    AttachmentNotFound = "attachment_not_found",
    /// Its bytes are not there.
    AttachmentNotUploaded = "attachment_not_uploaded",
    /// A message carries it already.
    AttachmentSent = "attachment_sent",
    /// The user whom the request names is not in the chat.
    NotAParticipant = "not_a_participant",
    /// The chat takes nothing more.
    ChatClosed = "chat_closed",
    /// What is there does not allow it.
    Conflict = "conflict",
    /// It was sent too long ago.
    EditWindowOver = "edit_window_over",
    /// The name was used for something else.
    IdempotencyConflict = "idempotency_conflict",
    /// Too fast.
    RateLimited = "rate_limited",
    /// Whether users exist cannot be looked up now.
    AuthServiceUnavailable = "auth_service_unavailable",
    /// Not now.
    Unavailable = "unavailable",
    /// A mistake of the server.
    Internal = "internal",
}
