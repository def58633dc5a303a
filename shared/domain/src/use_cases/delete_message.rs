//! Deleting a message: for oneself, or for everyone.

use super::change_message::{ChangeMessageError, ChangedMessage, RuleInput, Scope};
use super::error::ChatError;
use super::{App, Caller};
use crate::error_chain::error_chain;
use crate::ids::{ChatId, Seq};
use crate::message::{Body, Message};
use crate::meter;
use crate::ports::{CommitChanges, Env, Push, ReadChats, Registry, RemoveObjects};
use crate::text::word_enum;

word_enum!(
    /// For whom a message is deleted.
    DeleteFor,
    "must be me or everyone",
    /// For the caller: they no longer see it.
    Me = "me",
    /// For everyone: a tombstone takes its place.
    Everyone = "everyone",
);

/// Deletes a message.
#[derive(Debug, Clone)]
pub struct DeleteMessage {
    /// Who asks.
    pub caller: Caller,
    /// In which chat.
    pub chat: ChatId,
    /// Which message.
    pub seq: Seq,
    /// For whom.
    pub for_whom: DeleteFor,
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Deletes a message, whatever it was and however long ago. One that is deleted already stays so. What a message
    /// carried is removed when it is deleted for everyone; should that fail, deleting it once more tries again.
    ///
    /// # Errors
    /// [`ChatError`], and [`ChangeMessageError`].
    pub async fn delete_message(
        &self,
        bucket: &impl RemoveObjects,
        command: DeleteMessage,
    ) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
        let DeleteMessage { caller, chat, seq, for_whom } = command;
        let user = &caller.user;
        let scope = match for_whom {
            DeleteFor::Me => Scope::Caller,
            DeleteFor::Everyone => Scope::Everyone,
        };
        let delete = |RuleInput { message, state, now }: RuleInput<'_>| match for_whom {
            DeleteFor::Me if message.deleted_for.contains(user) => Ok(None),
            DeleteFor::Me => {
                let mut after = message.clone();
                after.deleted_for.insert(user.clone());
                Ok(Some(after))
            }
            DeleteFor::Everyone if message.sender != *user && !state.is_admin(user) => {
                Err(ChangeMessageError::NotAnAdmin)
            }
            DeleteFor::Everyone if message.said().is_none() => Ok(None),
            DeleteFor::Everyone => {
                let attachment = message.attachment().cloned();
                Ok(Some(Message { body: Body::Deleted { at: now, by: user.clone(), attachment }, ..message.clone() }))
            }
        };
        let deleted = self.change_message(&caller, &chat, seq, scope, delete).await?;
        // Also where it was deleted before: the first try may have failed to, or died before it could.
        if let Body::Deleted { attachment: Some(attachment), .. } = &deleted.stored.body
            && let Err(error) = bucket.remove(attachment).await
        {
            meter::object_not_removed();
            tracing::error!(%attachment, error = error_chain(&error), "the object of a deleted message was not removed");
        }
        Ok(deleted)
    }
}
