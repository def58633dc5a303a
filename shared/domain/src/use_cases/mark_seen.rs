//! Moves a participant's read position and pushes `receipt.updated`.

use super::error::{ChatError, Refusal};
use super::state::ChatReader;
use super::{App, Caller};
use crate::chat::{Chat, Head};
use crate::event::{Event, Receipt};
use crate::ids::{ChatId, Seq};
use crate::member::Member;
use crate::member_settings::SettingsView;
use crate::meter::PushReport;
use crate::ports::{Consistency, Env, MarkSeen, Push, ReadChats, ReadDeletions, Registry, SeenOutcome, StoreError};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use error_text::error_chain;
use futures_util::future::join;
use serde::Serialize;

/// Above this many participants, no receipt is pushed and the chat document is not read.
const MAX_PARTICIPANTS_FOR_RECEIPTS: u32 = 100;

/// The request to mark messages as seen.
#[derive(Debug, Clone)]
pub struct MarkSeenCommand {
    /// The reader.
    pub caller: Caller,
    /// The chat that they read.
    pub chat: ChatId,
    /// The seq of the last message that they have seen.
    pub seq: Seq,
}

/// The caller's read position after the request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkSeenOutcome {
    /// The chat of the read position.
    pub chat_id: ChatId,
    /// The seq of the last message that the caller has read.
    pub read_seq: Seq,
    /// When they read that message; absent if they have read none since they joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// The number of messages that the caller has not read.
    pub unread_count: u64,
    /// The caller's view of the chat, if they had marked it as unread and the read position did not move: the mark is
    /// taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<SettingsView>,
    /// The results of the posts.
    #[serde(skip)]
    pub pushed: PushReport,
}

/// Why the read position cannot move.
#[derive(Debug, thiserror::Error)]
pub enum MarkSeenError {
    /// The request names a seq after the last message.
    #[error("past the last message")]
    SeqTooHigh {
        /// The seq of the last message.
        last: Seq,
    },
}

impl Refusal for MarkSeenError {}

impl<S: ReadChats + ReadDeletions + MarkSeen + Registry, P: Push, E: Env> App<S, P, E> {
    /// Moves the caller's read position forward to `seq`. It never moves back: a lower seq changes nothing.
    ///
    /// # Errors
    /// [`ChatError`] and [`MarkSeenError`].
    pub async fn mark_seen(&self, command: MarkSeenCommand) -> Result<MarkSeenOutcome, ChatError<MarkSeenError>> {
        let MarkSeenCommand { caller, chat, seq } = command;
        let (head, member) = self.store.position(&chat, &caller.user).await?.ok_or(ChatError::NotFound)?;
        if seq > head.last_seq {
            return Err(MarkSeenError::SeqTooHigh { last: head.last_seq }.into());
        }
        if seq <= member.read_up_to() {
            return self.take_mark_back(&caller, chat, member, &head).await;
        }
        let now = self.env.now();
        let advance = self.advance_read_position(&chat, &caller, seq, now);
        let (outcome, receipt_chat) = join(advance, self.load_receipt_chat(&chat, &head)).await;
        match outcome? {
            SeenOutcome::NotAMember => Err(ChatError::NotFound),
            SeenOutcome::Conflict => Err(ChatError::Busy),
            SeenOutcome::Unchanged(member) => self.take_mark_back(&caller, chat, member, &head).await,
            SeenOutcome::Advanced => {
                let receipt = Receipt { user_id: caller.user.clone(), read_seq: seq, read_at: now };
                let push = async {
                    match receipt_chat {
                        Some(chat) => self.push_receipt(&caller, &chat, receipt).await,
                        None => PushReport::default(),
                    }
                };
                let member = Member { read_seq: seq, ..member };
                let (pushed, unread_count) = join(push, self.unread_count(&chat, &head, &member)).await;
                let unread_count = unread_count?;
                let (chat_id, read_at) = (chat, Some(now));
                Ok(MarkSeenOutcome { chat_id, read_seq: seq, read_at, unread_count, settings: None, pushed })
            }
        }
    }

    /// The answer to a request that does not move the read position. If the caller had marked the chat as unread, it no
    /// longer is, and their other devices get `member.updated`.
    async fn take_mark_back(
        &self,
        caller: &Caller,
        chat: ChatId,
        member: Member,
        head: &Head,
    ) -> Result<MarkSeenOutcome, ChatError<MarkSeenError>> {
        if !member.is_marked_unread {
            let unread_count = self.unread_count(&chat, head, &member).await?;
            return Ok(unchanged_outcome(chat, &member, unread_count));
        }
        let mut retry = Retry::new(&self.env);
        let member = loop {
            match self.store.unmark(&chat, &caller.user).await? {
                SeenOutcome::Unchanged(member) => break member,
                SeenOutcome::NotAMember => return Err(ChatError::NotFound),
                SeenOutcome::Advanced | SeenOutcome::Conflict if retry.again().await => {}
                SeenOutcome::Advanced | SeenOutcome::Conflict => return Err(ChatError::Busy),
            }
        };
        let own = self.own_member(&chat, head, &member, self.env.now()).await?;
        let (unchanged, settings) = (unchanged_outcome(chat.clone(), &member, own.unread_count), Some(own.settings));
        let audience = self.load_audience(std::slice::from_ref(&caller.user)).await;
        let event = Event::member_updated(chat, own);
        let pushed = self.push(&audience, caller.connection.as_ref(), &event).await;
        Ok(MarkSeenOutcome { settings, pushed, ..unchanged })
    }

    /// Moves the position. Retries after conflicts with a send of the same user.
    async fn advance_read_position(
        &self,
        chat: &ChatId,
        caller: &Caller,
        seq: Seq,
        now: Timestamp,
    ) -> Result<SeenOutcome, StoreError> {
        let mut retry = Retry::new(&self.env);
        loop {
            let outcome = self.store.mark_seen(chat, &caller.user, seq, now).await?;
            if outcome != SeenOutcome::Conflict || !retry.again().await {
                return Ok(outcome);
            }
        }
    }

    /// The chat whose participants get the receipt. None if the chat is too large, or if it cannot be read: that does
    /// not keep the read position from moving.
    async fn load_receipt_chat(&self, id: &ChatId, head: &Head) -> Option<Chat> {
        if head.participant_count > MAX_PARTICIPANTS_FOR_RECEIPTS {
            return None;
        }
        let chat = match self.store.chat(id, Consistency::Eventual).await {
            Ok(chat) => ChatReader::new(&self.store, &mut Retry::new(&self.env), id).wait_for_rev(head, chat).await,
            Err(error) => Err(error),
        };
        chat.inspect_err(|error| tracing::warn!(error = error_chain(error), "no receipt is pushed")).ok()
    }

    /// A user who marks faster than anybody reads moves their read position, but the others get no more events.
    async fn push_receipt(&self, caller: &Caller, chat: &Chat, receipt: Receipt) -> PushReport {
        if !self.recent.may_push_receipt(&chat.id, &caller.user, self.env.now()) {
            return PushReport::default();
        }
        // The document of a closed chat keeps both participants, but only the caller is still a member.
        let participants: Vec<_> = match chat.closed_at {
            None => chat.participants.iter().cloned().collect(),
            Some(_) => vec![caller.user.clone()],
        };
        let audience = self.load_audience(&participants).await;
        self.push(&audience, caller.connection.as_ref(), &Event::receipt_updated(chat.id.clone(), receipt)).await
    }
}

/// The answer if the position was as high already.
fn unchanged_outcome(chat_id: ChatId, member: &Member, unread_count: u64) -> MarkSeenOutcome {
    let (read_seq, read_at, pushed) = (member.read_up_to(), member.read_at, PushReport::default());
    MarkSeenOutcome { chat_id, read_seq, read_at, unread_count, settings: None, pushed }
}
