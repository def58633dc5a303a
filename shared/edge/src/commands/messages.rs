//! Commands for messages: send, list, edit, delete and react.

use super::{limit, seq};
use crate::fields::Fields;
use crate::problem::Problem;
use crate::request::Request;
use domain::content::{Content, MessageType};
use domain::ids::{ClientMessageId, Seq, UserId};
use domain::message::MAX_MENTIONS;
use domain::reactions::{Emoji, Reactions};
use domain::use_cases::{DeleteFor, DeleteMessage, EditMessage, ListMessages, PageStart, ReactToMessage, SendMessage};
use std::collections::BTreeSet;

/// `{chatId, type, content, replyTo?, mentions?, clientMessageId?}`. With an attachment, `attachmentId` is required and
/// `content` is optional.
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn send_message(Request { caller, mut fields, .. }: Request) -> Result<SendMessage, Problem> {
    let chat = fields.required("chatId");
    let kind = fields.required::<MessageType>("type");
    let (content, attachment) = match kind {
        Some(MessageType::Text) => (fields.required::<String>("content"), fields.optional("attachmentId")),
        // The type is wrong, so it is unknown which fields are required.
        None => (fields.optional("content").flatten(), fields.optional("attachmentId")),
        Some(_) => {
            let caption = fields.optional::<String>("content").map(Option::unwrap_or_default);
            (caption, fields.required("attachmentId").map(Some))
        }
    };
    let reply_to = fields.number("replyTo");
    let mentions = mentions(&mut fields);
    let client_message_id = fields.optional::<ClientMessageId>("clientMessageId");
    let (chat, kind, content, attachment, reply_to, mentions, client_message_id) =
        fields.finish(|| Some((chat?, kind?, content?, attachment?, reply_to?, mentions?, client_message_id?)))?;
    let content = if attachment.is_some() { Content::caption(content) } else { Content::parse(content) }?;
    let mentions = mentions.unwrap_or_default();
    let reply_to = reply_to.map(Seq);
    Ok(SendMessage { caller, chat, kind, content, attachment, reply_to, mentions, client_message_id })
}

/// `{chatId, before?, after?, around?, limit?}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn list_messages(Request { caller, mut fields, .. }: Request) -> Result<ListMessages, Problem> {
    let chat = fields.required("chatId");
    let limit = limit(&mut fields);
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

/// `{chatId, seq, content, mentions?}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn edit_message(Request { caller, mut fields, .. }: Request) -> Result<EditMessage, Problem> {
    let chat = fields.required("chatId");
    let seq = seq(&mut fields);
    let content = fields.required::<String>("content");
    let mentions = mentions(&mut fields);
    let (chat, seq, content, mentions) = fields.finish(|| Some((chat?, seq?, content?, mentions?)))?;
    Ok(EditMessage { caller, chat, seq, content: Content::parse(content)?, mentions })
}

/// `{chatId, seq, for}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn delete_message(Request { caller, mut fields, .. }: Request) -> Result<DeleteMessage, Problem> {
    let chat = fields.required("chatId");
    let seq = seq(&mut fields);
    let for_whom = fields.required::<DeleteFor>("for");
    fields.finish(|| Some(DeleteMessage { caller, chat: chat?, seq: seq?, for_whom: for_whom? }))
}

/// `{chatId, seq, emojis}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn react_to_message(Request { caller, mut fields, .. }: Request) -> Result<ReactToMessage, Problem> {
    let chat = fields.required("chatId");
    let seq = seq(&mut fields);
    let emojis = fields.required::<BTreeSet<Emoji>>("emojis");
    if emojis.as_ref().is_some_and(|emojis| emojis.len() > Reactions::MAX_EMOJIS) {
        fields.wrong("emojis", format!("must be at most {}", Reactions::MAX_EMOJIS));
    }
    fields.finish(|| Some(ReactToMessage { caller, chat: chat?, seq: seq?, emojis: emojis? }))
}

/// The mentioned users; None inside if the field is absent.
#[allow(clippy::option_option)]
fn mentions(fields: &mut Fields) -> Option<Option<BTreeSet<UserId>>> {
    let mentions = fields.optional::<BTreeSet<UserId>>("mentions")?;
    if mentions.as_ref().is_some_and(|users| users.len() > MAX_MENTIONS) {
        fields.wrong("mentions", format!("must name at most {MAX_MENTIONS} participants"));
    }
    Some(mentions)
}
