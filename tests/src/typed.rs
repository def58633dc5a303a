//! Reads answers and frames as the client library's types and writes them again. The result must be equal.

use client::documents::{
    AnnouncedAttachment, AttachmentDownload, BlockState, Blocks, ChatAnswer, ChatDetails, Health, Inbox, MembersPage,
    MessageAnswer, Mute, OwnMemberAnswer, Page, Pong, ReadPosition, RemovalAnswer, SyncAnswer, UnreadTotal, UserAnswer,
    UsersAnswer,
};
use client::events::{Event, Typing};
use client::problem::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn again<T: Serialize + DeserializeOwned>(document: &Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_value::<T>(document.clone())?)
}

fn same(what: &str, document: &Value, again: Result<Value, serde_json::Error>) {
    let again = again.unwrap_or_else(|error| panic!("{what}: {error}: {document}"));
    assert_eq!(&again, document, "{what}");
}

/// Checks the body of a route's answer.
pub(crate) fn check_body(method: &str, route: &str, status: u16, body: &Value) {
    let what = format!("{method} {route}: {status}");
    if status >= 300 {
        // Skip API Gateway's own answers.
        return if body.get("code").is_some() {
            same(&what, body, again::<Problem>(body))
        };
    }
    let again = match (method, route) {
        ("get", "/chats") => again::<Inbox>(body),
        ("get", "/chats/{chatId}") => again::<ChatDetails>(body),
        ("delete", "/chats/{chatId}/participants/{userId}") => again::<RemovalAnswer>(body),
        ("get", "/chats/{chatId}/messages") => again::<Page>(body),
        ("put", "/chats/{chatId}/seen") => again::<ReadPosition>(body),
        ("patch", "/chats/{chatId}/me") => again::<OwnMemberAnswer>(body),
        (_, "/chats/{chatId}/mute") => again::<Mute>(body),
        ("get", "/chats/{chatId}/members") => again::<MembersPage>(body),
        ("get", "/users") => again::<UsersAnswer>(body),
        (_, "/users/{userId}/block") => again::<BlockState>(body),
        ("get", "/me/unread") => again::<UnreadTotal>(body),
        ("get", "/me/blocks") => again::<Blocks>(body),
        (_, "/me" | "/users/{userId}") => again::<UserAnswer>(body),
        ("post", "/sync") => again::<SyncAnswer>(body),
        ("post", "/attachments") => again::<AnnouncedAttachment>(body),
        ("get", "/chats/{chatId}/messages/{seq}/attachment" | "/chats/{chatId}/avatar") => {
            again::<AttachmentDownload>(body)
        }
        (_, "/health") => again::<Health>(body),
        (_, "/chats/{chatId}/messages/{seq}" | "/chats/{chatId}/messages/{seq}/reactions")
        | ("post", "/chats/{chatId}/messages") => again::<MessageAnswer>(body),
        _ => again::<ChatAnswer>(body),
    };
    same(&what, body, again);
}

/// Checks an event, or a reply to an action.
pub(crate) fn check_frame(action: Option<&str>, frame: &Value) {
    if let Some(error) = frame.get("error") {
        return same("a refusal", error, again::<Problem>(error));
    }
    if frame.get("event").is_some() {
        return same("an event", frame, again::<Event>(frame));
    }
    let (Some(action), Some(data)) = (action, frame.get("data")) else { return };
    let again = match action {
        "createChat" => again::<ChatAnswer>(data),
        "listMessages" => again::<Page>(data),
        "markSeen" => again::<ReadPosition>(data),
        "typing" => again::<Typing>(data),
        "sync" => again::<SyncAnswer>(data),
        "ping" => again::<Pong>(data),
        _ => again::<MessageAnswer>(data),
    };
    same(action, data, again);
}
