//! Commands for messages: send, list, edit, delete and react.

use super::custom::{custom, new_custom};
use super::{limit, seq};
use crate::fields::Fields;
use crate::problem::Problem;
use crate::request::Request;
use domain::content::{Content, MessageType};
use domain::custom::Custom;
use domain::ids::{ClientMessageId, Seq, UserId};
use domain::message::{LiveBody, MAX_MENTIONS};
use domain::patch::Patch;
use domain::reactions::{Emoji, Reactions};
use domain::use_cases::{
    DeleteFor, DeleteMessage, EditMessage, ListMessages, PageStart, ReactToMessage, SendMessage, SendMessageError,
};
use std::collections::BTreeSet;

/// `{chatId, type, content, replyTo?, mentions?, custom?, clientMessageId?}`. With an attachment, `attachmentId` is required and
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
    let has_attachment = matches!(attachment, Some(Some(_)));
    let is_caption = has_attachment || matches!(kind, Some(kind) if kind != MessageType::Text);
    let mentions = mentions(&mut fields).map(Option::unwrap_or_default);
    let custom = new_custom(&mut fields);
    let content = self::content(&mut fields, content, mentions.as_ref(), custom.iter().flatten().next(), is_caption);
    if kind == Some(MessageType::Text) {
        if has_attachment {
            fields.problem(SendMessageError::Kind(MessageType::Text));
        } else if content.as_ref().is_some_and(Content::is_empty) {
            fields.problem(SendMessageError::Blank);
        }
    }
    let reply_to = fields.number("replyTo");
    let client_message_id = fields.optional::<ClientMessageId>("clientMessageId");
    fields.finish(|| {
        Some(SendMessage {
            caller,
            chat: chat?,
            kind: kind?,
            content: content?,
            attachment: attachment?,
            reply_to: reply_to?.map(Seq),
            mentions: mentions?,
            custom: custom?,
            client_message_id: client_message_id?,
        })
    })
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

/// `{chatId, seq, content?, mentions?, custom?}`: at least one of the three. null removes the custom data.
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn edit_message(Request { caller, mut fields, .. }: Request) -> Result<EditMessage, Problem> {
    let chat = fields.required("chatId");
    let seq = seq(&mut fields);
    let text = fields.optional::<String>("content");
    let mentions = mentions(&mut fields);
    let custom = custom(&mut fields, Custom::MAX_BYTES);
    if (&text, &mentions, &custom) == (&Some(None), &Some(None), &Some(None)) {
        fields.wrong("content", "is required if mentions and custom are absent");
    }
    // It may be the caption of an attachment, with a lower limit: that is known when the message is read.
    let new_custom = custom.iter().flatten().find_map(Patch::value);
    let content = match text {
        Some(Some(text)) => {
            self::content(&mut fields, Some(text), mentions.iter().flatten().next(), new_custom, false).map(Some)
        }
        Some(None) => Some(None),
        None => None,
    };
    fields.finish(|| {
        Some(EditMessage { caller, chat: chat?, seq: seq?, content: content?, mentions: mentions?, custom: custom? })
    })
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

/// Checks a text, alone and together with the mentions and the custom data. None if it is missing or wrong.
fn content(
    fields: &mut Fields,
    text: Option<String>,
    mentions: Option<&BTreeSet<UserId>>,
    custom: Option<&Custom>,
    is_caption: bool,
) -> Option<Content> {
    let text = text?;
    let parsed = if is_caption { Content::caption(text) } else { Content::parse(text) };
    let content = parsed.map_err(|error| fields.problem(error)).ok()?;
    let nobody = BTreeSet::new();
    if let Err(error) = LiveBody::fits(&content, mentions.unwrap_or(&nobody), custom, is_caption) {
        fields.problem(error);
    }
    Some(content)
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
