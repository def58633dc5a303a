//! Editing a message.

use super::change_message::{ChangeMessageError, ChangedMessage, RuleInput, Scope};
use super::error::ChatError;
use super::{App, Caller};
use crate::content::Content;
use crate::ids::{ChatId, Seq, UserId};
use crate::message::{Body, EDIT_WINDOW, LiveBody, Message};
use crate::ports::{CommitChanges, Env, Push, ReadChats, Registry};
use std::collections::BTreeSet;

/// Edits a message.
#[derive(Debug, Clone)]
pub struct EditMessage {
    /// Who asks; only the sender may.
    pub caller: Caller,
    /// In which chat.
    pub chat: ChatId,
    /// Which message.
    pub seq: Seq,
    /// What it says from now on; empty only beside an attachment.
    pub content: Content,
    /// Whom it mentions from now on; None for as before.
    pub mentions: Option<BTreeSet<UserId>>,
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Edits a message, within [`EDIT_WINDOW`]. One that was deleted meanwhile stays deleted.
    ///
    /// # Errors
    /// [`ChatError`], and [`ChangeMessageError`].
    pub async fn edit_message(&self, command: EditMessage) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
        let EditMessage { caller, chat, seq, content, mentions } = command;
        let user = &caller.user;
        let edit = |RuleInput { message, state, now }: RuleInput<'_>| {
            if message.sender != *user {
                return Err(ChangeMessageError::NotTheSender);
            }
            let said = message.said().ok_or(ChangeMessageError::MessageNotFound)?;
            if state.chat.closed_at.is_some() {
                return Err(ChangeMessageError::ChatClosed);
            }
            let after = LiveBody {
                content: content.clone(),
                mentions: mentions.clone().unwrap_or_else(|| said.mentions.clone()),
                ..said.clone()
            };
            // An edit that was repeated is no other edit, and is answered also when its time is over.
            if after == *said {
                return Ok(None);
            }
            if now.since(message.created_at) > EDIT_WINDOW {
                return Err(ChangeMessageError::EditWindowOver);
            }
            if let Some(stranger) = after.mentions.difference(&state.chat.participants).next()
                && mentions.is_some()
            {
                return Err(ChangeMessageError::Mention(stranger.clone()));
            }
            if after.content.is_empty() && after.attachment.is_none() {
                return Err(ChangeMessageError::Blank);
            }
            LiveBody::fits(&after.content, &after.mentions, after.attachment.is_some())?;
            let body = Body::Live(LiveBody { edited_at: Some(now), ..after });
            Ok(Some(Message { body, ..message.clone() }))
        };
        self.change_message(&caller, &chat, seq, Scope::Everyone, edit).await
    }
}
