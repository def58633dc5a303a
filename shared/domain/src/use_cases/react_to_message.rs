//! Reacting to a message.

use super::change_message::{ChangeMessageError, ChangedMessage, RuleInput, Scope};
use super::error::ChatError;
use super::{App, Caller};
use crate::ids::{ChatId, Seq};
use crate::message::{Body, LiveBody, Message};
use crate::ports::{CommitChanges, Env, Push, ReadChats, Registry};
use crate::reactions::Emoji;
use std::collections::BTreeSet;

/// Sets the caller's own reactions to a message.
#[derive(Debug, Clone)]
pub struct ReactToMessage {
    /// Who reacts.
    pub caller: Caller,
    /// In which chat.
    pub chat: ChatId,
    /// To which message.
    pub seq: Seq,
    /// With what; nothing takes all back.
    pub emojis: BTreeSet<Emoji>,
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Sets the caller's own reactions, whatever they were.
    ///
    /// # Errors
    /// [`ChatError`], and [`ChangeMessageError`].
    pub async fn react_to_message(
        &self,
        command: ReactToMessage,
    ) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
        let ReactToMessage { caller, chat, seq, emojis } = command;
        let react = |RuleInput { message, state, .. }: RuleInput<'_>| {
            let said = message.said().ok_or(ChangeMessageError::MessageNotFound)?;
            if state.chat.closed_at.is_some() {
                return Err(ChangeMessageError::ChatClosed);
            }
            let reactions = said.reactions.with(&caller.user, &emojis).map_err(ChangeMessageError::TooManyReactions)?;
            if reactions == said.reactions {
                return Ok(None);
            }
            Ok(Some(Message { body: Body::Live(LiveBody { reactions, ..said.clone() }), ..message.clone() }))
        };
        self.change_message(&caller, &chat, seq, Scope::Everyone, react).await
    }
}
