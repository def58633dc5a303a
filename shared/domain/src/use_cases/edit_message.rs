//! Edits a message.

use super::change_message::{Announcement, ChangeMessageError, ChangedMessage, Notice, RuleInput, Scope};
use super::error::ChatError;
use super::{App, Caller};
use crate::content::Content;
use crate::custom::Custom;
use crate::ids::{ChatId, Seq, UserId};
use crate::message::{Body, EDIT_WINDOW, LiveBody, Message};
use crate::patch::Patch;
use crate::ports::{CommitChanges, Env, Push, ReadChats, ReadFormerMembers, Registry};
use std::collections::BTreeSet;

/// The request to edit a message.
#[derive(Debug, Clone)]
pub struct EditMessage {
    /// The sender of the message.
    pub caller: Caller,
    /// The chat of the message.
    pub chat: ChatId,
    /// The message to edit.
    pub seq: Seq,
    /// The new text; may be empty if the message has an attachment. None keeps the text.
    pub content: Option<Content>,
    /// The new mentions; None keeps them.
    pub mentions: Option<BTreeSet<UserId>>,
    /// What happens to the custom data; None keeps it.
    pub custom: Option<Patch<Custom>>,
}

impl<S: ReadChats + ReadFormerMembers + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Edits a message, within [`EDIT_WINDOW`]. A message that is deleted in the meantime stays deleted.
    ///
    /// # Errors
    /// [`ChatError`] and [`ChangeMessageError`].
    pub async fn edit_message(&self, command: EditMessage) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
        let EditMessage { caller, chat, seq, content, mentions, custom } = command;
        let user = &caller.user;
        let edit = |RuleInput { message, state, now }: RuleInput<'_>| {
            if message.sender != *user {
                return Err(ChangeMessageError::NotTheSender);
            }
            let before = message.live_body().ok_or(ChangeMessageError::MessageNotFound)?;
            if state.chat.closed_at.is_some() {
                return Err(ChangeMessageError::ChatClosed);
            }
            if state.head.is_blocked() {
                return Err(ChangeMessageError::Blocked);
            }
            let after = LiveBody {
                content: content.as_ref().unwrap_or(&before.content).clone(),
                mentions: mentions.as_ref().unwrap_or(&before.mentions).clone(),
                custom: Patch::applied(custom.as_ref(), before.custom.as_ref()),
                ..before.clone()
            };
            // A repeated edit changes nothing, and succeeds even after the edit window.
            if after == *before {
                return Ok(None);
            }
            if now.since(message.created_at) > EDIT_WINDOW {
                return Err(ChangeMessageError::EditWindowOver);
            }
            if let Some(outsider) = after.mentions.difference(&state.chat.participants).next()
                && mentions.is_some()
            {
                return Err(ChangeMessageError::UnknownMention(outsider.clone()));
            }
            if after.content.is_empty() && after.attachment.is_none() {
                return Err(ChangeMessageError::Blank);
            }
            let LiveBody { content, mentions, custom, attachment, .. } = &after;
            LiveBody::fits(content, mentions, custom.as_ref(), attachment.is_some())?;
            let body = Body::Live(LiveBody { edited_at: Some(now), ..after });
            Ok(Some(Message { body, ..message.clone() }))
        };
        let announcement = Announcement { scope: Scope::Everyone, notice: Notice::Message };
        self.change_message(&caller, &chat, seq, announcement, (), edit).await
    }
}
