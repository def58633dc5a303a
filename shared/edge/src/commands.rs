//! From requests to the commands of use cases. One function for a route and its action: the fields are the same.

use crate::problem::Problem;
use crate::request::Request;
use domain::content::{ChatName, Content, MessageType};
use domain::ids::{ChatId, ClientChatId, ClientMessageId, Seq, UserId};
use domain::use_cases::{
    Caller, CreateChat, ListMessages, MarkSeenCommand, NewChat, PageLimit, PageStart, SendMessage,
};

/// `{participants, isGroup, name?, clientChatId?}`
///
/// # Errors
/// [`Problem`] that names the fields.
pub fn create_chat(Request { caller, mut fields, .. }: Request) -> Result<CreateChat, Problem> {
    let participants = fields.required::<Vec<UserId>>("participants");
    let is_group = fields.required::<bool>("isGroup");
    let name = fields.optional::<ChatName>("name");
    let client_id = fields.optional::<ClientChatId>("clientChatId");
    match (is_group, &name) {
        (Some(true), Some(None)) => fields.wrong("name", "is required, as isGroup is true"),
        (Some(false), Some(Some(_))) => fields.wrong("name", "is for groups, and isGroup is false"),
        _ => {}
    }
    let (participants, is_group, name, client_id) =
        fields.finish(|| Some((participants?, is_group?, name?, client_id?)))?;
    let chat = match name {
        Some(name) if is_group => NewChat::group(&caller.user, &participants, name, client_id)?,
        _ => NewChat::private(&caller.user, &participants)?,
    };
    Ok(CreateChat { caller, chat })
}

/// `{chatId}`
///
/// # Errors
/// [`Problem`] that names the fields.
pub fn get_chat(Request { caller, mut fields, .. }: Request) -> Result<(Caller, ChatId), Problem> {
    let chat = fields.required("chatId");
    fields.finish(|| Some((caller, chat?)))
}

/// `{chatId, type, content, clientMessageId?}`
///
/// # Errors
/// [`Problem`] that names the fields.
pub fn send_message(Request { caller, mut fields, .. }: Request) -> Result<SendMessage, Problem> {
    let chat = fields.required("chatId");
    let kind = fields.required::<MessageType>("type");
    let content = fields.required::<String>("content");
    let client_message_id = fields.optional::<ClientMessageId>("clientMessageId");
    if kind.is_some_and(|kind| kind != MessageType::Text) {
        fields.wrong("type", "must be text: the other types are not served yet");
    }
    let (chat, kind, content, client_message_id) =
        fields.finish(|| Some((chat?, kind?, content?, client_message_id?)))?;
    Ok(SendMessage { caller, chat, kind, content: Content::parse(content)?, client_message_id })
}

/// `{chatId, before?, after?, around?, limit?}`
///
/// # Errors
/// [`Problem`] that names the fields.
pub fn list_messages(Request { caller, mut fields, .. }: Request) -> Result<ListMessages, Problem> {
    let chat = fields.required("chatId");
    let limit = match fields.number("limit") {
        Some(None) => Some(PageLimit::default()),
        Some(Some(number)) => {
            PageLimit::new(number).inspect_err(|invalid| fields.wrong("limit", invalid.to_string())).ok()
        }
        None => None,
    };
    let (before, after, around) = (fields.number("before"), fields.number("after"), fields.number("around"));
    let start = match (before.flatten(), after.flatten(), around.flatten()) {
        (None, None, None) => Some(PageStart::Latest),
        (Some(seq), None, None) => Some(PageStart::Before(Seq(seq))),
        (None, Some(seq), None) => Some(PageStart::After(Seq(seq))),
        (None, None, Some(seq)) => Some(PageStart::Around(Seq(seq))),
        (Some(_), _, _) => {
            fields.wrong("before", "excludes after and around");
            None
        }
        (None, Some(_), Some(_)) => {
            fields.wrong("after", "excludes around");
            None
        }
    };
    fields.finish(|| Some(ListMessages { caller, chat: chat?, start: start?, limit: limit? }))
}

/// `{chatId, seq}`
///
/// # Errors
/// [`Problem`] that names the fields.
pub fn mark_seen(Request { caller, mut fields, .. }: Request) -> Result<MarkSeenCommand, Problem> {
    let chat = fields.required("chatId");
    let seq = fields.number("seq");
    if seq == Some(None) {
        fields.wrong("seq", "is required");
    }
    fields.finish(|| Some(MarkSeenCommand { caller, chat: chat?, seq: Seq(seq??) }))
}

/// `{}`: the frame that asks whether the connection is alive.
///
/// # Errors
/// [`Problem`] that names the fields, or for any other action than ping, the actions that there are.
pub fn ping(Request { action, fields, .. }: Request) -> Result<(), Problem> {
    match action.as_deref() {
        Some("ping") => fields.finish(|| Some(())),
        Some(_) => Err(Problem::field("action", format!("is not known; known are {}", ACTIONS.join(", ")))),
        None => Err(Problem::field("action", format!("is required, and must be one of {}", ACTIONS.join(", ")))),
    }
}

/// Every action of the WebSocket API.
pub const ACTIONS: [&str; 5] = ["createChat", "sendMessage", "listMessages", "markSeen", "ping"];
