//! From what a use case says to a response (HTTP) or a frame (WebSocket).

use crate::problem::{Code, Problem};
use crate::request::{Api, Origin};
use domain::use_cases::{
    AttachmentDownload, ChangedGroup, ChangedMessage, ChatDetails, ClearedChat, CreatedAttachment, CreatedChat, Inbox,
    MarkSeenOutcome, MuteOutcome, Page, SendOutcome, SyncOutcome, TypingSent, VisibleUser,
};
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use lambda_http::{Body, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A request that was served: with a status that only HTTP shows, and what both show.
#[derive(Debug)]
pub struct Answer {
    status: u16,
    data: Value,
}

impl Answer {
    fn new(status: u16, data: impl Serialize) -> Result<Self, Problem> {
        let data = serde_json::to_value(data).map_err(|error| Problem {
            cause: Some(Box::new(error)),
            ..Problem::new(Code::Internal, "The answer could not be written.")
        })?;
        Ok(Self { status, data })
    }

    /// The status, which HTTP shows as such.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// 201, or 200 for a chat that was there.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn created(created: &CreatedChat) -> Result<Self, Problem> {
        Self::new(if created.is_new { 201 } else { 200 }, json!({"chat": created.chat}))
    }

    /// 201, or 200 for a message that was there.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn sent(sent: &SendOutcome) -> Result<Self, Problem> {
        Self::new(if sent.repeated { 200 } else { 201 }, json!({"message": sent.message}))
    }

    /// 201: what was attachment_created, and where its bytes go.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn attachment_created(created: &CreatedAttachment) -> Result<Self, Problem> {
        let CreatedAttachment { upload, signed, signed_until } = created;
        let headers: Map<String, Value> =
            signed.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let answer = json!({
            "attachment": upload.attachment,
            "upload": {"method": "PUT", "url": signed.url, "headers": headers, "expiresAt": signed_until},
            "expiresAt": upload.expires_at,
        });
        Self::new(201, answer)
    }

    /// An attachment, and where it can be downloaded.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn opened(opened: &AttachmentDownload) -> Result<Self, Problem> {
        let AttachmentDownload { attachment, url, signed_until } = opened;
        Self::new(200, json!({"attachment": attachment, "download": {"url": url, "expiresAt": signed_until}}))
    }

    /// A chat and its members.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn chat_details(chat_details: &ChatDetails) -> Result<Self, Problem> {
        Self::new(200, chat_details)
    }

    /// A page of messages.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn page(page: &Page) -> Result<Self, Problem> {
        Self::new(200, page)
    }

    /// A read position.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn seen(seen: &MarkSeenOutcome) -> Result<Self, Problem> {
        Self::new(200, seen)
    }

    /// A page of the inbox.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn inbox(inbox: &Inbox) -> Result<Self, Problem> {
        Self::new(200, inbox)
    }

    /// A group after a change; the caller who left it is told so.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn group(changed: &ChangedGroup) -> Result<Self, Problem> {
        match &changed.chat {
            Some(chat) => Self::new(200, json!({"chat": chat})),
            None => Self::new(200, json!({"left": true})),
        }
    }

    /// A chat whose history is cleared.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn cleared(cleared: &ClearedChat) -> Result<Self, Problem> {
        Self::new(200, json!({"chat": cleared.chat}))
    }

    /// A message after a change.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn message(changed: &ChangedMessage) -> Result<Self, Problem> {
        Self::new(200, json!({"message": changed.message}))
    }

    /// Whether a chat is muted.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn muted(muted: &MuteOutcome) -> Result<Self, Problem> {
        Self::new(200, muted)
    }

    /// A user.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn user(shown: &VisibleUser) -> Result<Self, Problem> {
        Self::new(200, json!({"user": shown.user}))
    }

    /// What the others are told.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn typing(said: &TypingSent) -> Result<Self, Problem> {
        Self::new(200, &said.typing)
    }

    /// What happened since the cursors.
    ///
    /// # Errors
    /// [`Problem`] if it cannot be written as JSON.
    pub fn synced(synced: &SyncOutcome) -> Result<Self, Problem> {
        Self::new(200, synced)
    }

    /// The connection is alive.
    ///
    /// # Errors
    /// None; like the others for the sake of the handlers.
    pub fn pong() -> Result<Self, Problem> {
        Self::new(200, json!({"pong": true}))
    }
}

/// The response to a request: over HTTP with status and headers, over WebSocket a frame that repeats the request's id.
pub fn respond(origin: &Origin, result: &Result<Answer, Problem>) -> Response<Body> {
    match &origin.api {
        Api::Http => http(&origin.request_id, result),
        Api::WebSocket { frame_id, .. } => {
            Response::new(Body::from(frame(frame_id.as_deref(), &origin.request_id, result).to_string()))
        }
    }
}

/// `{"id", "ok": true, "data"}` or `{"id", "ok": false, "error"}`; without an id where the request had none.
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
