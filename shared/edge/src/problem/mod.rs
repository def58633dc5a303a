//! The only place where errors become statuses and codes (RFC 9457). A [`Problem`] carries its cause for the log. No
//! response contains the cause.

mod errors;

use serde_json::{Map, Value, json};
use std::error::Error as StdError;
use std::time::Duration;

/// The kind of a problem. The names of the codes never change; docs/API.md lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A field of the request is missing, wrong or unknown.
    InvalidRequest,
    /// No identity came with the request.
    Unauthenticated,
    /// The token has expired since it was accepted.
    TokenExpired,
    /// The chat does not exist, or the caller is not a participant.
    ChatNotFound,
    /// The message does not exist, or the caller cannot see it.
    MessageNotFound,
    /// The attachment does not exist, or it belongs to another user.
    AttachmentNotFound,
    /// The bytes of the attachment are not uploaded.
    AttachmentNotUploaded,
    /// Another message already has the attachment.
    AttachmentSent,
    /// The user whom the request names is not in the chat, or shares no chat with the caller.
    NotAParticipant,
    /// Only admins may do this.
    NotAnAdmin,
    /// Only the sender may do this.
    NotTheSender,
    /// A group cannot have so many participants.
    TooManyParticipants,
    /// The content is too large.
    ContentTooLarge,
    /// The chat is closed: it takes no more messages.
    ChatClosed,
    /// One of the two participants of the private chat blocks the other one.
    Blocked,
    /// The caller blocks the other user of a new private chat.
    BlockedByYou,
    /// The caller cannot put one of the users into a chat.
    CannotBeAdded,
    /// The message was sent too long ago to be edited.
    EditWindowOver,
    /// The current state does not allow the request.
    Conflict,
    /// The client's id was used for another request.
    IdempotencyConflict,
    /// The user sends too fast.
    RateLimited,
    /// The Auth Service does not answer, so it is unknown whether users exist.
    AuthServiceUnavailable,
    /// The system is busy, or a service that it needs is unavailable.
    Unavailable,
    /// An error in this system.
    Internal,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 24] = [
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::TokenExpired,
        Self::ChatNotFound,
        Self::MessageNotFound,
        Self::AttachmentNotFound,
        Self::AttachmentNotUploaded,
        Self::AttachmentSent,
        Self::NotAParticipant,
        Self::NotAnAdmin,
        Self::NotTheSender,
        Self::TooManyParticipants,
        Self::ContentTooLarge,
        Self::ChatClosed,
        Self::Blocked,
        Self::BlockedByYou,
        Self::CannotBeAdded,
        Self::EditWindowOver,
        Self::Conflict,
        Self::IdempotencyConflict,
        Self::RateLimited,
        Self::AuthServiceUnavailable,
        Self::Unavailable,
        Self::Internal,
    ];

    /// Name, status and title of the code in responses.
    #[must_use]
    pub const fn info(self) -> CodeInfo {
        match self {
            Self::InvalidRequest => CodeInfo::new("invalid_request", 400, "The request is not valid"),
            Self::Unauthenticated => CodeInfo::new("unauthenticated", 401, "No identity came with the request"),
            Self::TokenExpired => CodeInfo::new("token_expired", 401, "The token has expired"),
            Self::ChatNotFound => CodeInfo::new("chat_not_found", 404, "Chat not found"),
            Self::MessageNotFound => CodeInfo::new("message_not_found", 404, "Message not found"),
            Self::AttachmentNotFound => CodeInfo::new("attachment_not_found", 404, "Attachment not found"),
            Self::AttachmentNotUploaded => {
                CodeInfo::new("attachment_not_uploaded", 409, "The attachment is not uploaded")
            }
            Self::AttachmentSent => CodeInfo::new("attachment_sent", 409, "The attachment was sent before"),
            Self::NotAParticipant => CodeInfo::new("not_a_participant", 404, "The user is not a participant"),
            Self::NotAnAdmin => CodeInfo::new("not_an_admin", 403, "Only admins may do this"),
            Self::NotTheSender => CodeInfo::new("not_the_sender", 403, "Only the sender may do this"),
            Self::TooManyParticipants => CodeInfo::new("too_many_participants", 400, "Too many participants"),
            Self::ContentTooLarge => CodeInfo::new("content_too_large", 400, "The content is too large"),
            Self::ChatClosed => CodeInfo::new("chat_closed", 409, "The chat is closed"),
            Self::Blocked => CodeInfo::new("blocked", 409, "Blocked"),
            Self::BlockedByYou => CodeInfo::new("blocked_by_you", 409, "You block the user"),
            Self::CannotBeAdded => CodeInfo::new("cannot_be_added", 409, "A user cannot be added"),
            Self::EditWindowOver => CodeInfo::new("edit_window_over", 409, "Too late to edit"),
            Self::Conflict => CodeInfo::new("conflict", 409, "The current state does not allow it"),
            Self::IdempotencyConflict => {
                CodeInfo::new("idempotency_conflict", 409, "The client's id was used for another request")
            }
            Self::RateLimited => CodeInfo::new("rate_limited", 429, "Too fast").retryable(),
            Self::AuthServiceUnavailable => {
                CodeInfo::new("auth_service_unavailable", 503, "The Auth Service is unavailable").retryable()
            }
            Self::Unavailable => CodeInfo::new("unavailable", 503, "Temporarily unavailable").retryable(),
            Self::Internal => CodeInfo::new("internal", 500, "Something went wrong"),
        }
    }

    /// The code's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.info().name
    }
}

/// Name, status and title of a code in responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeInfo {
    /// The code's name, such as `chat_not_found`. It never changes.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// A short text that is the same for every problem with this code.
    pub title: &'static str,
}

impl CodeInfo {
    const fn new(name: &'static str, status: u16, title: &'static str) -> Self {
        Self { name, status, retryable: false, title }
    }

    const fn retryable(self) -> Self {
        Self { retryable: true, ..self }
    }
}

/// A wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The path of the field, such as `participants[2]`.
    pub field: String,
    /// What is wrong with the field, as the end of a sentence.
    pub reason: String,
}

/// A response names at most this many wrong fields.
const MAX_FIELD_ERRORS: usize = 10;
/// The name of a wrong field and the reason are cut to these lengths.
const MAX_FIELD_NAME_CHARS: usize = 100;
const MAX_REASON_CHARS: usize = 160;

/// The error response to a request.
#[derive(Debug)]
pub struct Problem {
    /// The kind of the problem.
    pub code: Code,
    /// A sentence about this request, for the client's developer.
    pub detail: String,
    /// The fields that are wrong.
    pub errors: Vec<FieldError>,
    /// The limit that the request exceeds, if any.
    pub limit: Option<u64>,
    /// How long the client should wait before a retry, if known.
    pub retry_after: Option<Duration>,
    /// The cause, for the log only.
    pub cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl Problem {
    /// A problem with this code and no further details.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), limit: None, retry_after: None, cause: None }
    }

    /// A problem for one wrong field.
    pub fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { field: field.into(), reason: reason.into() }])
    }

    /// A problem for several wrong fields. A response must fit a frame whatever the client sent. So only the first
    /// fields are named, and their texts are cut.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let more = errors.len().saturating_sub(MAX_FIELD_ERRORS);
        let cut = |text: String, max_chars| text.chars().take(max_chars).collect();
        let named = errors.into_iter().take(MAX_FIELD_ERRORS);
        let mut errors: Vec<_> = named
            .map(|FieldError { field, reason }| FieldError {
                field: cut(field, MAX_FIELD_NAME_CHARS),
                reason: cut(reason, MAX_REASON_CHARS),
            })
            .collect();
        if more > 0 {
            errors.push(FieldError { field: "body".to_owned(), reason: format!("{more} more fields are wrong") });
        }
        let details: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.field, error.reason)).collect();
        Self { errors, ..Self::new(Code::InvalidRequest, details.join("; ")) }
    }

    /// A problem for more participants than one request or one group can have.
    pub fn too_many_participants(reason: String, limit: usize) -> Self {
        Self::limited(Code::TooManyParticipants, "participants", reason, limit as u64)
    }

    fn limited(code: Code, field: &str, reason: String, limit: u64) -> Self {
        let errors = vec![FieldError { field: field.to_owned(), reason: reason.clone() }];
        Self { errors, limit: Some(limit), ..Self::new(code, format!("{field}: {reason}")) }
    }

    fn caused(code: Code, detail: &str, cause: impl StdError + Send + Sync + 'static) -> Self {
        Self { cause: Some(Box::new(cause)), ..Self::new(code, detail) }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.code.info().status
    }

    /// The problem details (RFC 9457) with this API's own members. A 5xx contains the request id, by which the log line
    /// can be found.
    pub fn to_json(&self, request_id: &str) -> Value {
        let CodeInfo { name, status, retryable, title } = self.code.info();
        let mut members = Map::new();
        members.insert("type".into(), format!("urn:lambda-chat:problem:{name}").into());
        members.insert("title".into(), title.into());
        members.insert("status".into(), status.into());
        members.insert("detail".into(), self.detail.clone().into());
        members.insert("code".into(), name.into());
        members.insert("retryable".into(), retryable.into());
        if let Some(after) = self.retry_after {
            members.insert("retryAfterMs".into(), u64::try_from(after.as_millis()).unwrap_or(u64::MAX).into());
        }
        if !self.errors.is_empty() {
            let errors = self.errors.iter().map(|error| json!({"field": error.field, "reason": error.reason}));
            members.insert("errors".into(), errors.collect());
        }
        if let Some(limit) = self.limit {
            members.insert("limit".into(), limit.into());
        }
        if status >= 500 {
            members.insert("requestId".into(), request_id.into());
        }
        Value::Object(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ports::StoreError;

    #[test]
    fn response_does_not_contain_the_cause() {
        let error = StoreError::Refused { operation: "GetItem", source: "secret detail".into() };
        let problem = Problem::from(error);
        let shown = problem.to_json("request-1").to_string();
        assert!(!shown.contains("secret") && !shown.contains("GetItem"), "{shown}");
        assert!(shown.contains("request-1") && problem.cause.is_some());
    }

    #[test]
    fn client_error_contains_no_request_id() {
        let shown = Problem::field("limit", "must be 1 to 100").to_json("request-1");
        assert_eq!(shown["errors"][0]["field"], "limit");
        assert_eq!(shown["status"], 400);
        assert!(shown.get("requestId").is_none());
    }

    #[test]
    fn response_fits_a_frame_for_any_request() {
        let error =
            |n: usize| FieldError { field: format!("{n}-{}", "x".repeat(30_000)), reason: "\u{1F44B}".repeat(30_000) };
        let shown = Problem::fields((0..1000).map(error).collect()).to_json("request-1");
        assert!(shown.to_string().len() < domain::chat::MAX_FRAME_BYTES, "{}", shown.to_string().len());
        assert_eq!(shown["errors"][10]["reason"], "990 more fields are wrong");
    }

    #[test]
    fn docs_list_every_code_with_its_status() {
        let docs = include_str!("../../../../docs/API.md");
        for code in Code::ALL {
            let CodeInfo { name, status, retryable, .. } = code.info();
            let row = format!("| {name} | {status} | {} |", if retryable { "yes" } else { "no" });
            assert!(docs.contains(&row), "{row}");
        }
    }

    #[test]
    fn code_names_are_unique() {
        let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
