//! Clears a chat's history for the caller alone.

use super::error::{ChatError, Refusal};
use super::state::{ChatReader, ChatState};
use super::turn::{NextTry, Turn, in_turn};
use super::{App, Caller};
use crate::budget::RateLimited;
use crate::change::{Change, ChangeKind};
use crate::chat::{ChatView, MAX_DOCUMENT_BYTES};
use crate::event::Event;
use crate::ids::ChatId;
use crate::member::Member;
use crate::meter::PushReport;
use crate::ports::{ChangeOutcome, CommitChanges, Env, Push, ReadChats, Registry};
use crate::retry::Retry;

/// The chat after its history was cleared.
#[derive(Debug)]
pub struct ClearedChat {
    /// The chat as the caller sees it.
    pub chat: ChatView,
    /// The results of the posts to the caller's other devices.
    pub pushed: PushReport,
}

/// The caller changes the chat too fast.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ClearChatError(pub RateLimited);

impl Refusal for ClearChatError {}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Hides all present messages of the chat from the caller. Other participants still see them. If nothing is
    /// visible to the caller, nothing changes.
    ///
    /// # Errors
    /// [`ChatError`] and [`ClearChatError`].
    pub async fn clear_chat(&self, caller: &Caller, id: &ChatId) -> Result<ClearedChat, ChatError<ClearChatError>> {
        in_turn(&self.store, &self.env, id, async |turn| self.clear_chat_in_turn(turn, caller, id).await).await
    }

    async fn clear_chat_in_turn(
        &self,
        turn: &mut Turn,
        caller: &Caller,
        id: &ChatId,
    ) -> Result<ClearedChat, ChatError<ClearChatError>> {
        let mut retry = Retry::new(&self.env);
        let mut kept = None;
        loop {
            let state = match kept.take() {
                Some(state) => Some(state),
                None => ChatReader::new(&self.store, &mut retry, id).state(&caller.user, None).await?,
            };
            let state = state.ok_or(ChatError::NotFound)?;
            let ChatState { chat, head, member, .. } = &state;
            if !member.floor().shows(head.last_seq) {
                let chat = ChatView::new(chat, head, member.floor()).limited(MAX_DOCUMENT_BYTES);
                return Ok(ClearedChat { chat, pushed: PushReport::default() });
            }
            // Before the queue: who may not change anything takes no place in it.
            let now = self.env.now();
            let spending = self.settings.changes.spend(member.change_budget, 1, now).map_err(ClearChatError)?;
            if let Some(head) = turn.wait(&self.store, &mut retry, id, head).await? {
                kept = state.at_head(head, true);
                continue;
            }
            let member = Member { cleared_seq: head.last_seq, is_marked_unread: false, ..member.clone() };
            let floor = member.floor();
            let only_for = Some(caller.user.clone());
            let what = ChangeKind::Cleared(member);
            let spending = Some((caller.user.clone(), spending));
            let (head, queue) = (head.clone(), turn.queue_after(head, now));
            let change = Change { chat: id.clone(), head, at: now, only_for, what, spending, queue };
            match self.store.commit_change(&change).await? {
                ChangeOutcome::Committed => {
                    turn.note_commit();
                    let audience = self.load_audience(std::slice::from_ref(&caller.user)).await;
                    let chat = ChatView::new(chat, &change.head_after(), floor).limited(MAX_DOCUMENT_BYTES);
                    let event = Event::chat_updated(chat.clone(), None);
                    let pushed = self.push(&audience, caller.connection.as_ref(), &event).await;
                    return Ok(ClearedChat { chat, pushed });
                }
                ChangeOutcome::Conflict(conflict) => match turn.after(&mut retry, conflict).await? {
                    NextTry::Head(head) => kept = state.at_head(head, true),
                    NextTry::Unchanged => kept = Some(state),
                    NextTry::ReadAgain => {}
                },
            }
        }
    }
}
