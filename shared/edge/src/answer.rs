//! Turns the result of a use case into a response (HTTP) or a frame (WebSocket).

use crate::problem::{Code, Problem};
use crate::request::{Api, Origin};
use domain::use_cases::{
    AttachmentDownload, BlockOutcome, Blocks, ChangedGroup, ChangedMessage, ChatDetails, ClearedChat,
    CreatedAttachment, CreatedChat, Inbox, ListedUsers, MarkSeenOutcome, MembersPage, MuteOutcome, Page, SendOutcome,
    SyncOutcome, TypingSent, UnreadTotal, UpdatedMember, VisibleUser,
};
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use lambda_http::{Body, Response};
use serde_json::{Map, Value, json};

/// The result of a use case, in the form that clients get.
pub trait Reply {
    /// The HTTP status of the response.
    fn status(&self) -> u16 {
        200
    }

    /// The body of the HTTP response, and `data` of the frame.
    ///
    /// # Errors
    /// The result cannot be written as JSON.
    fn data(&self) -> serde_json::Result<Value>;
}

/// The response to a request that succeeded.
#[derive(Debug)]
pub struct Answer {
    status: u16,
    data: Value,
}

impl Answer {
    /// Creates the response with this result.
    ///
    /// # Errors
    /// [`Problem`] if the result cannot be written as JSON.
    pub fn of(reply: &impl Reply) -> Result<Self, Problem> {
        let data = reply.data().map_err(|error| Problem {
            cause: Some(Box::new(error)),
            ..Problem::new(Code::Internal, "The response could not be written.")
        })?;
        Ok(Self { status: reply.status(), data })
    }

    /// The HTTP status of the response.
    pub fn status(&self) -> u16 {
        self.status
    }
}

/// The response to a ping.
#[derive(Debug)]
pub struct Pong;

/// Implements [`Reply`] for results that serialize to the data as they are.
macro_rules! documents {
    ($($reply:ty),+) => {$(
        impl Reply for $reply {
            fn data(&self) -> serde_json::Result<Value> {
                serde_json::to_value(self)
            }
        }
    )+};
}
documents!(
    BlockOutcome,
    Blocks,
    UnreadTotal,
    ChatDetails,
    Inbox,
    ListedUsers,
    MarkSeenOutcome,
    MembersPage,
    MuteOutcome,
    Page,
    SyncOutcome,
    UpdatedMember
);

/// 201 for a new chat, 200 for a chat that already exists.
impl Reply for CreatedChat {
    fn status(&self) -> u16 {
        if self.is_new { 201 } else { 200 }
    }

    fn data(&self) -> serde_json::Result<Value> {
        Ok(json!({"chat": self.chat}))
    }
}

/// 201 for a new message, 200 for a message that an earlier request stored.
impl Reply for SendOutcome {
    fn status(&self) -> u16 {
        if self.repeated { 200 } else { 201 }
    }

    fn data(&self) -> serde_json::Result<Value> {
        Ok(json!({"message": self.message}))
    }
}

/// 201, with the attachment and the presigned URL for its bytes.
impl Reply for CreatedAttachment {
    fn status(&self) -> u16 {
        201
    }

    fn data(&self) -> serde_json::Result<Value> {
        let Self { upload, signed, signed_until } = self;
        let headers: Map<String, Value> =
            signed.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        Ok(json!({
            "attachment": upload.attachment,
            "upload": {"method": "PUT", "url": signed.url, "headers": headers, "expiresAt": signed_until},
            "expiresAt": upload.expires_at,
        }))
    }
}

impl Reply for AttachmentDownload {
    fn data(&self) -> serde_json::Result<Value> {
        let Self { attachment, url, signed_until } = self;
        Ok(json!({"attachment": attachment, "download": {"url": url, "expiresAt": signed_until}}))
    }
}

/// The group; `{"left": true}` if the caller is no longer a participant.
impl Reply for ChangedGroup {
    fn data(&self) -> serde_json::Result<Value> {
        Ok(match &self.chat {
            Some(chat) => json!({"chat": chat}),
            None => json!({"left": true}),
        })
    }
}

impl Reply for ClearedChat {
    fn data(&self) -> serde_json::Result<Value> {
        Ok(json!({"chat": self.chat}))
    }
}

impl Reply for ChangedMessage {
    fn data(&self) -> serde_json::Result<Value> {
        Ok(json!({"message": self.message}))
    }
}

impl Reply for VisibleUser {
    fn data(&self) -> serde_json::Result<Value> {
        Ok(json!({"user": self.user}))
    }
}

impl Reply for TypingSent {
    fn data(&self) -> serde_json::Result<Value> {
        serde_json::to_value(&self.typing)
    }
}

impl Reply for Pong {
    fn data(&self) -> serde_json::Result<Value> {
        Ok(json!({"pong": true}))
    }
}

/// The response to a request. Over HTTP, it has a status and headers. Over WebSocket, it is a frame that repeats the
/// request's id.
pub fn respond(origin: &Origin, result: &Result<Answer, Problem>) -> Response<Body> {
    match &origin.api {
        Api::Http => http(&origin.request_id, result),
        Api::WebSocket { frame_id, .. } => {
            Response::new(Body::from(frame(frame_id.as_deref(), &origin.request_id, result).to_string()))
        }
    }
}

/// `{"id", "ok": true, "data"}` or `{"id", "ok": false, "error"}`. `id` is absent if the request had none.
pub fn frame(id: Option<&str>, request_id: &str, result: &Result<Answer, Problem>) -> Value {
    let mut frame = match result {
        Ok(answer) => json!({"ok": true, "data": answer.data}),
        Err(problem) => json!({"ok": false, "error": problem.to_json(request_id)}),
    };
    if let (Some(id), Some(members)) = (id, frame.as_object_mut()) {
        members.insert("id".to_owned(), id.into());
    }
    frame
}

fn http(request_id: &str, result: &Result<Answer, Problem>) -> Response<Body> {
    let (status, content_type, body) = match result {
        Ok(answer) => (answer.status, "application/json", answer.data.to_string()),
        Err(problem) => (problem.status(), "application/problem+json", problem.to_json(request_id).to_string()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status.try_into().unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(after) = result.as_ref().err().and_then(|problem| problem.retry_after) {
        headers.insert(RETRY_AFTER, HeaderValue::from(after.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)));
    }
    response
}
