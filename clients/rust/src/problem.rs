//! Problem details (RFC 9457): why the system refused a request. docs/API.md lists them under "Errors".

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Why the system refused a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{status} {}: {detail}", .code.as_str())]
pub struct Problem {
    /// `urn:lambda-chat:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words, the same for every request.
    pub title: String,
    /// The HTTP status, also over WebSocket.
    pub status: u16,
    /// What is wrong with this request, in words.
    pub detail: String,
    /// What to decide by in a program.
    pub code: Code,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// How long to wait before a retry, in milliseconds; None: no time is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The fields that are wrong; only with `invalid_request`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The limit that the request exceeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The id of the request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// How long the server asks to wait before a retry; None if it gives no time.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after_ms.map(Duration::from_millis)
    }
}

/// A field of a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The name of the field.
    pub field: String,
    /// What is wrong with it, in words.
    pub reason: String,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// The code of a problem: what a program decides by.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
            /// A code that this version of the library does not know.
            #[serde(untagged)]
            Other(String),
        }

        impl Code {
            /// The code as it is in JSON.
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
    /// The group would have too many participants.
    TooManyParticipants = "too_many_participants",
    /// The content is too long.
    ContentTooLarge = "content_too_large",
    /// The request came without an identity.
    Unauthenticated = "unauthenticated",
    /// The token has expired.
    TokenExpired = "token_expired",
    /// Only an admin of the group may do this.
    NotAnAdmin = "not_an_admin",
    /// Only the sender of the message may do this.
    NotTheSender = "not_the_sender",
    /// There is no such chat, or the caller is not in it.
    ChatNotFound = "chat_not_found",
    /// There is no such message, or the caller cannot see it.
    MessageNotFound = "message_not_found",
    /// There is no such attachment, or it is another user's.
    AttachmentNotFound = "attachment_not_found",
    /// The attachment's bytes are not uploaded.
    AttachmentNotUploaded = "attachment_not_uploaded",
    /// Another message already carries the attachment.
    AttachmentSent = "attachment_sent",
    /// The user whom the request names is not in the chat.
    NotAParticipant = "not_a_participant",
    /// The chat is closed: it can be read, but not written to.
    ChatClosed = "chat_closed",
    /// The present state does not allow the request, for example to leave a private chat.
    Conflict = "conflict",
    /// The message was sent more than 15 min ago, so it cannot be edited.
    EditWindowOver = "edit_window_over",
    /// The clientMessageId or clientChatId was used for another request.
    IdempotencyConflict = "idempotency_conflict",
    /// The user sends requests too fast.
    RateLimited = "rate_limited",
    /// The Auth Service, which knows the users, does not answer.
    AuthServiceUnavailable = "auth_service_unavailable",
    /// The system gave up on transaction conflicts, or DynamoDB did not answer.
    Unavailable = "unavailable",
    /// A bug of the system. The request may have been executed.
    Internal = "internal",
}
