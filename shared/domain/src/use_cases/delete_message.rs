//! Deletes a message for the caller or for everyone.

use super::change_message::{Announcement, ChangeMessageError, ChangedMessage, Notice, PlanRecord, RuleInput, Scope};
use super::error::ChatError;
use super::state::FullState;
use super::{App, Caller};
use crate::deletions::DeletionRecord;
use crate::ids::{ChatId, Seq, UserId};
use crate::message::{Body, Message};
use crate::meter;
use crate::ports::{CommitChanges, Env, Push, ReadChats, ReadDeletions, ReadFormerMembers, Registry, RemoveObjects};
use crate::text::word_enum;
use error_text::error_chain;

word_enum!(
    /// Who can no longer see the deleted message.
    DeleteFor,
    "must be me or everyone",
    /// Only the caller.
    Me = "me",
    /// Everyone: a tombstone replaces the message.
    Everyone = "everyone",
);

/// The request to delete a message.
#[derive(Debug, Clone)]
pub struct DeleteMessage {
    /// For `me`, any participant who can see the message; for `everyone`, the sender or an admin.
    pub caller: Caller,
    /// The chat of the message.
    pub chat: ChatId,
    /// The message to delete.
    pub seq: Seq,
    /// Whether it is deleted for the caller or for everyone.
    pub for_whom: DeleteFor,
}

/// Plans what a deletion stores so that unread counts leave the message out.
struct DeletionOf<'a>(DeleteFor, &'a UserId);

impl<S: ReadDeletions, P: Sync, E: Env> PlanRecord<S, P, E> for DeletionOf<'_> {
    async fn record(
        &self,
        app: &App<S, P, E>,
        state: &FullState,
        before: &Message,
        after: &Message,
    ) -> Result<Option<DeletionRecord>, ChatError<ChangeMessageError>> {
        let Self(for_whom, user) = *self;
        let chat = &after.chat;
        match for_whom {
            DeleteFor::Everyone => {
                app.tombstone_record(chat, &state.head, after.seq, after.rev).await.map(Some).map_err(ChatError::Store)
            }
            // A tombstone and a message that the caller has read do not count anyway.
            DeleteFor::Me => match state.member(user) {
                Some(member) if before.live_body().is_some() && after.seq > member.read_up_to() => {
                    app.own_deletion_record(chat, member, after.seq, after.rev).await.map(Some)
                }
                _ => Ok(None),
            },
        }
    }
}

impl<S: ReadChats + ReadDeletions + ReadFormerMembers + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Deletes a message of any type and age. Deleting it again changes nothing. Deleting it for everyone also
    /// removes the object of its attachment; if that fails, another request to delete it tries again.
    ///
    /// # Errors
    /// [`ChatError`] and [`ChangeMessageError`].
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
            DeleteFor::Everyone if message.live_body().is_none() => Ok(None),
            DeleteFor::Everyone => {
                let attachment = message.attachment().cloned();
                Ok(Some(Message { body: Body::Deleted { at: now, by: user.clone(), attachment }, ..message.clone() }))
            }
        };
        let announcement = Announcement { scope, notice: Notice::Message };
        let deleted =
            self.change_message(&caller, &chat, seq, announcement, DeletionOf(for_whom, user), delete).await?;
        // Remove the object even if the message was deleted before: the first try may have failed or died before this
        // step.
        if let Body::Deleted { attachment: Some(attachment), .. } = &deleted.stored.body
            && let Err(error) = bucket.remove(attachment).await
        {
            meter::count_object_not_removed();
            let error = error_chain(&error);
            tracing::error!(%attachment, error, "the object of a deleted message was not removed");
        }
        Ok(deleted)
    }
}
