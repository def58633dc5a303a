//! Every request as a function. A [`Call`] has its HTTP request, its WebSocket frame, and the type of its answer.

use crate::documents::{
    AnnouncedAttachment, AttachmentDownload, BlockState, Blocks, ChatAnswer, ChatDetails, Custom, Inbox, MembersPage,
    MessageAnswer, Mute, OwnMemberAnswer, Page, Pong, ReadPosition, RemovalAnswer, Seq, SyncAnswer, SyncRequest,
    UnreadTotal, UserAnswer, UserId, UsersAnswer,
};
use crate::draft::{Draft, NewAttachment, NewChat, SettingsChange};
use crate::events::{Typing, TypingState};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::marker::PhantomData;

/// What is percent-encoded in a path and in a query: all but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request whose answer has the type `A`.
#[derive(Debug, Clone)]
pub struct Call<A> {
    /// None if the request only exists over WebSocket.
    route: Option<Route>,
    /// None if the request only exists over HTTP.
    action: Option<&'static str>,
    /// The fields of the body, and of the frame.
    fields: Map<String, Value>,
    /// The fields that are in the path or the query over HTTP. A frame has them next to `fields`.
    parameters: Map<String, Value>,
    answer: PhantomData<fn() -> A>,
}

#[derive(Debug, Clone)]
struct Route {
    method: Method,
    path: String,
    /// Which of the parameters are in the query.
    query: Vec<&'static str>,
}

/// Which messages a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PagePosition {
    /// The last ones of the chat.
    Last,
    /// The last ones before this seq.
    Before(Seq),
    /// The first ones after this seq.
    After(Seq),
    /// Those around this seq, on both sides.
    Around(Seq),
}

impl<A> Call<A> {
    fn new(method: Method, path: &[&str]) -> Self {
        let path = path.iter().map(|part| format!("/{}", utf8_percent_encode(part, RESERVED))).collect();
        let route = Some(Route { method, path, query: Vec::new() });
        Self { route, action: None, fields: Map::new(), parameters: Map::new(), answer: PhantomData }
    }

    fn action(action: &'static str) -> Self {
        Self { route: None, action: Some(action), fields: Map::new(), parameters: Map::new(), answer: PhantomData }
    }

    /// Adds an action, with these parameters in its frame.
    fn with_action<const N: usize>(mut self, action: &'static str, parameters: [(&str, Value); N]) -> Self {
        self.action = Some(action);
        self.parameters.extend(parameters.map(|(name, value)| (name.to_owned(), value)));
        self
    }

    fn body<const N: usize>(mut self, fields: [(&str, Value); N]) -> Self {
        self.fields.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        self
    }

    fn query<const N: usize>(mut self, parameters: [(&'static str, Option<Value>); N]) -> Self {
        for (name, value) in parameters {
            if let (Some(value), Some(route)) = (value, &mut self.route) {
                route.query.push(name);
                self.parameters.insert(name.to_owned(), value);
            }
        }
        self
    }

    /// The action, and the fields of the frame except `action` and `id`. None if the request only exists over HTTP.
    pub fn as_frame(&self) -> Option<(&'static str, Value)> {
        let fields = self.parameters.iter().chain(&self.fields).map(|(name, value)| (name.clone(), value.clone()));
        Some((self.action?, Value::Object(fields.collect())))
    }

    /// The method, the path with the query, and the body. None if the request only exists over WebSocket.
    pub fn as_http(&self) -> Option<(Method, String, Option<Value>)> {
        let route = self.route.as_ref()?;
        let mut path = route.path.clone();
        for (index, name) in route.query.iter().enumerate() {
            let value = self.parameters.get(*name).map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
            let value = value.unwrap_or_default();
            path.push(if index == 0 { '?' } else { '&' });
            path.push_str(&format!("{name}={}", utf8_percent_encode(&value, RESERVED)));
        }
        let has_body = !self.fields.is_empty() || route.method == Method::POST;
        let body = has_body.then(|| Value::Object(self.fields.clone()));
        Some((route.method.clone(), path, body))
    }
}

/// Creates a chat, or returns it if it exists.
pub fn create_chat(new: &NewChat) -> Call<ChatAnswer> {
    let mut call = Call::new(Method::POST, &["chats"]).with_action("createChat", []);
    call.fields = new.fields();
    call
}

/// Which of the caller's chats a listing has. The default is all that are not archived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InboxFilter {
    /// By whether they are archived.
    pub archived: ArchivedFilter,
    /// Only those that are pinned, or only those that are not; None for both.
    pub pinned: Option<bool>,
}

/// Whether a listing has the archived chats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ArchivedFilter {
    /// It has only the others.
    #[default]
    Without,
    /// It has only these.
    Only,
    /// It has all chats.
    Any,
}

/// A page of the caller's chats: pinned ones first, then newest activity first. `cursor` is that of the page before, which
/// had the same filter; None for the first page.
pub fn list_chats(filter: InboxFilter, limit: u32, cursor: Option<&str>) -> Call<Inbox> {
    let archived = match filter.archived {
        ArchivedFilter::Without => None,
        ArchivedFilter::Only => Some(json!("true")),
        ArchivedFilter::Any => Some(json!("any")),
    };
    Call::new(Method::GET, &["chats"]).query([
        ("limit", Some(json!(limit))),
        ("cursor", cursor.map(|text| json!(text))),
        ("archived", archived),
        ("pinned", filter.pinned.map(|pinned| json!(pinned.to_string()))),
    ])
}

/// The unread messages of all of the caller's chats; of muted and archived ones only if `all`.
pub fn count_unread(all: bool) -> Call<UnreadTotal> {
    Call::new(Method::GET, &["me", "unread"]).query([("all", Some(json!(all)))])
}

/// A chat and its members.
pub fn get_chat(chat: &str) -> Call<ChatDetails> {
    Call::new(Method::GET, &["chats", chat])
}

/// A page of the members of a chat with their users, sorted by id. `cursor` is that of the page before; None for the
/// first page.
pub fn list_members(chat: &str, cursor: Option<&str>) -> Call<MembersPage> {
    Call::new(Method::GET, &["chats", chat, "members"]).query([("cursor", cursor.map(|text| json!(text)))])
}

/// Those of these users whom a chat shows to the caller: 1 to [`MAX_NAMED_USERS`](crate::MAX_NAMED_USERS) different
/// ids.
pub fn list_users(chat: &str, users: &[UserId]) -> Call<UsersAnswer> {
    Call::new(Method::GET, &["users"]).query([("chat", Some(json!(chat))), ("ids", Some(json!(users.join(","))))])
}

/// Renames a group.
pub fn update_chat(chat: &str, name: &str) -> Call<ChatAnswer> {
    Call::new(Method::PATCH, &["chats", chat]).body([("name", json!(name))])
}

/// Changes the topic of a group. None removes it.
pub fn set_topic(chat: &str, topic: Option<&str>) -> Call<ChatAnswer> {
    Call::new(Method::PATCH, &["chats", chat]).body([("topic", json!(topic))])
}

/// Replaces the custom data of a group. None removes it.
pub fn set_chat_custom(chat: &str, custom: Option<&Custom>) -> Call<ChatAnswer> {
    Call::new(Method::PATCH, &["chats", chat]).body([("custom", json!(custom))])
}

/// Makes an uploaded image the avatar of a group. None removes the avatar.
pub fn set_avatar(chat: &str, attachment_id: Option<&str>) -> Call<ChatAnswer> {
    Call::new(Method::PATCH, &["chats", chat]).body([("avatar", json!(attachment_id))])
}

/// The avatar of a group, and the URL to download its bytes.
pub fn get_avatar(chat: &str) -> Call<AttachmentDownload> {
    Call::new(Method::GET, &["chats", chat, "avatar"])
}

/// Adds users to a group.
pub fn add_participants(chat: &str, users: &[String]) -> Call<ChatAnswer> {
    Call::new(Method::POST, &["chats", chat, "participants"]).body([("participants", json!(users))])
}

/// Removes a user from a group. If the user is the caller, they leave the group.
pub fn remove_participant(chat: &str, user: &str) -> Call<RemovalAnswer> {
    Call::new(Method::DELETE, &["chats", chat, "participants", user])
}

/// Makes a participant an admin, or makes an admin an ordinary participant.
pub fn set_admin(chat: &str, user: &str, is_admin: bool) -> Call<ChatAnswer> {
    let method = if is_admin { Method::PUT } else { Method::DELETE };
    Call::new(method, &["chats", chat, "admins", user])
}

/// Sends a message. A repeat with the same `client_message_id` stores nothing again.
pub fn send_message(chat: &str, draft: &Draft, client_message_id: &str) -> Call<MessageAnswer> {
    let call =
        Call::new(Method::POST, &["chats", chat, "messages"]).with_action("sendMessage", [("chatId", json!(chat))]);
    let mut call = call.body([("clientMessageId", json!(client_message_id))]);
    call.fields.extend(draft.fields());
    call
}

/// A page of at most `limit` messages.
pub fn list_messages(chat: &str, position: PagePosition, limit: u32) -> Call<Page> {
    let (mut before, mut after, mut around) = (None, None, None);
    match position {
        PagePosition::Last => {}
        PagePosition::Before(seq) => before = Some(json!(seq)),
        PagePosition::After(seq) => after = Some(json!(seq)),
        PagePosition::Around(seq) => around = Some(json!(seq)),
    }
    Call::new(Method::GET, &["chats", chat, "messages"]).with_action("listMessages", [("chatId", json!(chat))]).query([
        ("before", before),
        ("after", after),
        ("around", around),
        ("limit", Some(json!(limit))),
    ])
}

/// Creates an attachment of `size_bytes` bytes whose SHA-256 in hexadecimal is `sha256`. The answer has the request
/// that uploads the bytes.
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

/// The attachment of a message, and the URL to download its bytes.
pub fn get_attachment(chat: &str, seq: Seq) -> Call<AttachmentDownload> {
    Call::new(Method::GET, &["chats", chat, "messages", &seq.to_string(), "attachment"])
}

/// Replaces the content of a message. `mentions`: None keeps them.
pub fn edit_message(chat: &str, seq: Seq, content: &str, mentions: Option<&[UserId]>) -> Call<MessageAnswer> {
    let call = of_message(Method::PATCH, chat, seq, &[], "editMessage").body([("content", json!(content))]);
    match mentions {
        Some(mentions) => call.body([("mentions", json!(mentions))]),
        None => call,
    }
}

/// Replaces the custom data of a message, and keeps its content; None removes it.
pub fn set_message_custom(chat: &str, seq: Seq, custom: Option<&Custom>) -> Call<MessageAnswer> {
    of_message(Method::PATCH, chat, seq, &[], "editMessage").body([("custom", json!(custom))])
}

/// Deletes a message for everyone, or for the caller alone.
pub fn delete_message(chat: &str, seq: Seq, for_everyone: bool) -> Call<MessageAnswer> {
    let audience = if for_everyone { "everyone" } else { "me" };
    of_message(Method::DELETE, chat, seq, &[], "deleteMessage").query([("for", Some(json!(audience)))])
}

/// Replaces all of the caller's reactions to a message.
pub fn react_to_message(chat: &str, seq: Seq, emojis: &[String]) -> Call<MessageAnswer> {
    of_message(Method::PUT, chat, seq, &["reactions"], "reactToMessage").body([("emojis", json!(emojis))])
}

fn of_message<A>(method: Method, chat: &str, seq: Seq, more: &[&str], action: &'static str) -> Call<A> {
    let seq_text = seq.to_string();
    let path = [&["chats", chat, "messages", &seq_text], more].concat();
    Call::new(method, &path).with_action(action, [("chatId", json!(chat)), ("seq", json!(seq))])
}

/// Hides all messages so far from the caller. The other participants still see them.
pub fn clear_chat(chat: &str) -> Call<ChatAnswer> {
    Call::new(Method::DELETE, &["chats", chat, "messages"])
}

/// Marks a chat as read by the caller up to `seq`.
pub fn mark_seen(chat: &str, seq: Seq) -> Call<ReadPosition> {
    let call = Call::new(Method::PUT, &["chats", chat, "seen"]).with_action("markSeen", [("chatId", json!(chat))]);
    call.body([("seq", json!(seq))])
}

/// Changes the caller's view of a chat.
pub fn update_member(chat: &str, change: &SettingsChange) -> Call<OwnMemberAnswer> {
    let mut call = Call::new(Method::PATCH, &["chats", chat, "me"]);
    call.fields = change.fields();
    call
}

/// Mutes a chat for the caller until a time in RFC 3339; None: without an end.
pub fn mute_chat(chat: &str, until: Option<&str>) -> Call<Mute> {
    let call = Call::new(Method::PUT, &["chats", chat, "mute"]);
    match until {
        Some(until) => call.body([("until", json!(until))]),
        None => call,
    }
}

/// Unmutes a chat for the caller.
pub fn unmute_chat(chat: &str) -> Call<Mute> {
    Call::new(Method::DELETE, &["chats", chat, "mute"])
}

/// The caller's own user document.
pub fn get_me() -> Call<UserAnswer> {
    Call::new(Method::GET, &["me"])
}

/// Changes the caller's nickname. None takes it back: their id is shown again.
pub fn set_nickname(nickname: Option<&str>) -> Call<UserAnswer> {
    Call::new(Method::PATCH, &["me"]).body([("nickname", json!(nickname))])
}

/// Changes whether mentions notify the caller in chats that they muted.
pub fn set_notify_on_mention(notifies: bool) -> Call<UserAnswer> {
    Call::new(Method::PATCH, &["me"]).body([("notifyOnMention", json!(notifies))])
}

/// Replaces the caller's custom data, of at most 512 bytes. None removes it.
pub fn set_own_custom(custom: Option<&Custom>) -> Call<UserAnswer> {
    Call::new(Method::PATCH, &["me"]).body([("custom", json!(custom))])
}

/// The document of a user who shares a chat with the caller.
pub fn get_user(user: &str) -> Call<UserAnswer> {
    Call::new(Method::GET, &["users", user])
}

/// Blocks a user.
pub fn block_user(user: &str) -> Call<BlockState> {
    Call::new(Method::PUT, &["users", user, "block"])
}

/// Ends the block of a user.
pub fn unblock_user(user: &str) -> Call<BlockState> {
    Call::new(Method::DELETE, &["users", user, "block"])
}

/// The users whom the caller blocks.
pub fn list_blocks() -> Call<Blocks> {
    Call::new(Method::GET, &["me", "blocks"])
}

/// What happened since the cursors of the request.
pub fn sync(request: &SyncRequest) -> Call<SyncAnswer> {
    Call::new(Method::POST, &["sync"])
        .with_action("sync", [])
        .body([("cursors", json!(request.cursors)), ("open", json!(request.open))])
}

/// Tells the other participants that the caller types, or stopped.
pub fn typing(chat: &str, state: TypingState) -> Call<Typing> {
    Call::action("typing").body([("chatId", json!(chat)), ("state", json!(state))])
}

/// Asks whether the connection is alive.
pub fn ping() -> Call<Pong> {
    Call::action("ping")
}
