//! Every request that there is, by name: what it is over HTTP, what it is as a frame, and what it is answered.

use crate::documents::{
    AnnouncedAttachment, AttachmentDownload, ChatAnswer, ChatDetails, Inbox, MessageAnswer, Mute, Page, Pong,
    ReadPosition, RemovalAnswer, Seq, SyncAnswer, SyncRequest, UserAnswer, UserId,
};
use crate::draft::{Draft, NewAttachment, NewChat};
use crate::events::{Typing, TypingState};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::marker::PhantomData;

/// What RFC 3986 leaves as it is in a path and in a query.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request, and as `A` what it is answered.
#[derive(Debug, Clone)]
pub struct Call<A> {
    /// None: it goes by WebSocket alone.
    route: Option<Route>,
    /// None: it goes by HTTP alone.
    action: Option<&'static str>,
    /// The fields of its body.
    fields: Map<String, Value>,
    /// What is in the path or in the query over HTTP, and in the frame otherwise.
    places: Map<String, Value>,
    answer: PhantomData<fn() -> A>,
}

#[derive(Debug, Clone)]
struct Route {
    method: Method,
    path: String,
    /// Which of the places are in the query.
    query: Vec<&'static str>,
}

/// Where the messages of a page are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageOf {
    /// The last ones.
    Last,
    /// The last ones below a place.
    Before(Seq),
    /// The first ones above a place.
    After(Seq),
    /// On both sides of a place.
    Around(Seq),
}

impl<A> Call<A> {
    fn new(method: Method, path: &[&str]) -> Self {
        let path = path.iter().map(|part| format!("/{}", utf8_percent_encode(part, RESERVED))).collect();
        let route = Some(Route { method, path, query: Vec::new() });
        Self { route, action: None, fields: Map::new(), places: Map::new(), answer: PhantomData }
    }

    fn frame(action: &'static str) -> Self {
        Self { route: None, action: Some(action), fields: Map::new(), places: Map::new(), answer: PhantomData }
    }

    /// Also an action, with these places in its frame.
    fn or_frame<const N: usize>(mut self, action: &'static str, places: [(&str, Value); N]) -> Self {
        self.action = Some(action);
        self.places.extend(places.map(|(name, value)| (name.to_owned(), value)));
        self
    }

    fn body<const N: usize>(mut self, fields: [(&str, Value); N]) -> Self {
        self.fields.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        self
    }

    fn query<const N: usize>(mut self, places: [(&'static str, Option<Value>); N]) -> Self {
        for (name, value) in places {
            if let (Some(value), Some(route)) = (value, &mut self.route) {
                route.query.push(name);
                self.places.insert(name.to_owned(), value);
            }
        }
        self
    }

    /// Its action, and the frame's fields but `action` and `id`; None if it goes by HTTP alone.
    pub fn as_frame(&self) -> Option<(&'static str, Value)> {
        let fields = self.places.iter().chain(&self.fields).map(|(name, value)| (name.clone(), value.clone()));
        Some((self.action?, Value::Object(fields.collect())))
    }

    /// Its method, path with query, and body; None if it goes by WebSocket alone.
    pub fn as_http(&self) -> Option<(Method, String, Option<Value>)> {
        let route = self.route.as_ref()?;
        let mut path = route.path.clone();
        for (index, name) in route.query.iter().enumerate() {
            let value = self.places.get(*name).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
            let value = value.unwrap_or_default();
            path.push(if index == 0 { '?' } else { '&' });
            path.push_str(&format!("{name}={}", utf8_percent_encode(&value, RESERVED)));
        }
        let has_body = !self.fields.is_empty() || route.method == Method::POST;
        let body = has_body.then(|| Value::Object(self.fields.clone()));
        Some((route.method.clone(), path, body))
    }
}

/// Makes a chat, or finds the one that is there.
pub fn create_chat(new: &NewChat) -> Call<ChatAnswer> {
    let mut call = Call::new(Method::POST, &["chats"]).or_frame("createChat", []);
    call.fields = new.fields();
    call
}

/// The chats of the caller, newest activity first.
pub fn list_chats(limit: u32, cursor: Option<&str>) -> Call<Inbox> {
    Call::new(Method::GET, &["chats"])
        .query([("limit", Some(json!(limit))), ("cursor", cursor.map(|text| json!(text)))])
}

/// A chat and its members.
pub fn get_chat(chat: &str) -> Call<ChatDetails> {
    Call::new(Method::GET, &["chats", chat])
}

/// Renames a group.
pub fn update_chat(chat: &str, name: &str) -> Call<ChatAnswer> {
    Call::new(Method::PATCH, &["chats", chat]).body([("name", json!(name))])
}

/// Adds users to a group.
pub fn add_participants(chat: &str, users: &[String]) -> Call<ChatAnswer> {
    Call::new(Method::POST, &["chats", chat, "participants"]).body([("participants", json!(users))])
}

/// Removes a user from a group; the caller, by leaving.
pub fn remove_participant(chat: &str, user: &str) -> Call<RemovalAnswer> {
    Call::new(Method::DELETE, &["chats", chat, "participants", user])
}

/// Makes a participant an admin, or one no more.
pub fn set_admin(chat: &str, user: &str, is_admin: bool) -> Call<ChatAnswer> {
    let method = if is_admin { Method::PUT } else { Method::DELETE };
    Call::new(method, &["chats", chat, "admins", user])
}

/// Sends a message.
pub fn send_message(chat: &str, draft: &Draft, client_message_id: &str) -> Call<MessageAnswer> {
    let call = Call::new(Method::POST, &["chats", chat, "messages"]).or_frame("sendMessage", [("chatId", json!(chat))]);
    let mut call = call.body([("clientMessageId", json!(client_message_id))]);
    call.fields.extend(draft.fields());
    call
}

/// A page of messages.
pub fn list_messages(chat: &str, of: PageOf, limit: u32) -> Call<Page> {
    let (mut before, mut after, mut around) = (None, None, None);
    match of {
        PageOf::Last => {}
        PageOf::Before(seq) => before = Some(json!(seq)),
        PageOf::After(seq) => after = Some(json!(seq)),
        PageOf::Around(seq) => around = Some(json!(seq)),
    }
    Call::new(Method::GET, &["chats", chat, "messages"]).or_frame("listMessages", [("chatId", json!(chat))]).query([
        ("before", before),
        ("after", after),
        ("around", around),
        ("limit", Some(json!(limit))),
    ])
}

/// Announces an attachment of these bytes: how many, and their SHA-256 in hexadecimal.
pub fn create_attachment(
    chat: &str,
    new: &NewAttachment,
    size_bytes: usize,
    sha256: &str,
) -> Call<AnnouncedAttachment> {
    let call = Call::new(Method::POST, &["attachments"]);
    let mut call = call.body([("chatId", json!(chat)), ("sizeBytes", json!(size_bytes)), ("sha256", json!(sha256))]);
    call.fields.extend(new.fields());
    call
}

/// Where the attachment of a message can be had.
pub fn get_attachment(chat: &str, seq: Seq) -> Call<AttachmentDownload> {
    Call::new(Method::GET, &["chats", chat, "messages", &seq.to_string(), "attachment"])
}

/// Edits a message. Without mentions they stay as they were.
pub fn edit_message(chat: &str, seq: Seq, content: &str, mentions: Option<&[UserId]>) -> Call<MessageAnswer> {
    let call = of_message(Method::PATCH, chat, seq, &[], "editMessage").body([("content", json!(content))]);
    match mentions {
        Some(mentions) => call.body([("mentions", json!(mentions))]),
        None => call,
    }
}

/// Deletes a message for everyone, or for the caller alone.
pub fn delete_message(chat: &str, seq: Seq, for_everyone: bool) -> Call<MessageAnswer> {
    let whom = if for_everyone { "everyone" } else { "me" };
    of_message(Method::DELETE, chat, seq, &[], "deleteMessage").query([("for", Some(json!(whom)))])
}

/// Sets the caller's reactions to a message.
pub fn react_to_message(chat: &str, seq: Seq, emojis: &[String]) -> Call<MessageAnswer> {
    of_message(Method::PUT, chat, seq, &["reactions"], "reactToMessage").body([("emojis", json!(emojis))])
}

fn of_message<A>(method: Method, chat: &str, seq: Seq, more: &[&str], action: &'static str) -> Call<A> {
    let place = seq.to_string();
    let path = [&["chats", chat, "messages", &place], more].concat();
    Call::new(method, &path).or_frame(action, [("chatId", json!(chat)), ("seq", json!(seq))])
}

/// Clears the history for the caller.
pub fn clear_chat(chat: &str) -> Call<ChatAnswer> {
    Call::new(Method::DELETE, &["chats", chat, "messages"])
}

/// The caller has read up to a place.
pub fn mark_seen(chat: &str, seq: Seq) -> Call<ReadPosition> {
    let call = Call::new(Method::PUT, &["chats", chat, "seen"]).or_frame("markSeen", [("chatId", json!(chat))]);
    call.body([("seq", json!(seq))])
}

/// Mutes a chat, for ever or until a time in RFC 3339.
pub fn mute_chat(chat: &str, until: Option<&str>) -> Call<Mute> {
    let call = Call::new(Method::PUT, &["chats", chat, "mute"]);
    match until {
        Some(until) => call.body([("until", json!(until))]),
        None => call,
    }
}

/// Ends that.
pub fn unmute_chat(chat: &str) -> Call<Mute> {
    Call::new(Method::DELETE, &["chats", chat, "mute"])
}

/// The caller.
pub fn get_me() -> Call<UserAnswer> {
    Call::new(Method::GET, &["me"])
}

/// What the caller calls themselves, and whether they are notified of mentions in chats that they muted; one at least.
pub fn update_me(nickname: Option<&str>, notify_on_mention: Option<bool>) -> Call<UserAnswer> {
    let mut call = Call::new(Method::PATCH, &["me"]);
    if let Some(nickname) = nickname {
        call = call.body([("nickname", json!(nickname))]);
    }
    match notify_on_mention {
        Some(wants) => call.body([("notifyOnMention", json!(wants))]),
        None => call,
    }
}

/// A user who shares a chat with the caller.
pub fn get_user(user: &str) -> Call<UserAnswer> {
    Call::new(Method::GET, &["users", user])
}

/// What was missed.
pub fn sync(request: &SyncRequest) -> Call<SyncAnswer> {
    Call::new(Method::POST, &["sync"])
        .or_frame("sync", [])
        .body([("cursors", json!(request.cursors)), ("open", json!(request.open))])
}

/// The caller types, or stopped.
pub fn typing(chat: &str, state: TypingState) -> Call<Typing> {
    Call::frame("typing").body([("chatId", json!(chat)), ("state", json!(state))])
}

/// Whether the connection is alive.
pub fn ping() -> Call<Pong> {
    Call::frame("ping")
}
