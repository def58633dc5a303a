//! Sets the caller's reactions to a message.

use super::change_message::{Announcement, ChangeMessageError, ChangedMessage, Notice, RuleInput, Scope};
use super::error::ChatError;
use super::{App, Caller};
use crate::ids::{ChatId, Seq};
use crate::message::{Body, LiveBody, Message};
use crate::ports::{CommitChanges, Env, Push, ReadChats, ReadFormerMembers, Registry};
use crate::reactions::Emoji;
use std::collections::BTreeSet;

/// The request to set the caller's reactions to a message.
#[derive(Debug, Clone)]
pub struct ReactToMessage {
    /// The participant who reacts.
    pub caller: Caller,
    /// The chat of the message.
    pub chat: ChatId,
    /// The message to react to.
    pub seq: Seq,
    /// All of the caller's reactions from now on; empty removes them.
    pub emojis: BTreeSet<Emoji>,
}

impl<S: ReadChats + ReadFormerMembers + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Replaces the caller's reactions to a message.
    ///
    /// # Errors
    /// [`ChatError`] and [`ChangeMessageError`].
    pub async fn react_to_message(
        &self,
        command: ReactToMessage,
    ) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
        let ReactToMessage { caller, chat, seq, emojis } = command;
        let react = |RuleInput { message, state, .. }: RuleInput<'_>| {
            let body = message.live_body().ok_or(ChangeMessageError::MessageNotFound)?;
            if state.chat.closed_at.is_some() {
                return Err(ChangeMessageError::ChatClosed);
            }
            if state.head.is_blocked() {
                return Err(ChangeMessageError::Blocked);
            }
            let reactions = body.reactions.with(&caller.user, &emojis).map_err(ChangeMessageError::TooManyReactions)?;
            if reactions == body.reactions {
                return Ok(None);
            }
            Ok(Some(Message { body: Body::Live(LiveBody { reactions, ..body.clone() }), ..message.clone() }))
        };
        let announcement = Announcement { scope: Scope::Everyone, notice: Notice::Reaction(&emojis) };
        self.change_message(&caller, &chat, seq, announcement, (), react).await
    }
}
