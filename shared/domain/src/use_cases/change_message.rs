//! The steps that edits, deletions and reactions share. Read the message with its chat. Let a rule return the changed
//! message. Commit it unless something changed since the read. Push an event to the users who can see the message.

use super::error::{ChatError, Refusal};
use super::state::{ChatReader, FullState};
use super::turn::{NextTry, in_turn};
use super::{App, Caller};
use crate::budget::RateLimited;
use crate::change::{Change, ChangeKind};
use crate::chat::MAX_DOCUMENT_BYTES;
use crate::deletions::DeletionRecord;
use crate::event::{Event, Reaction};
use crate::ids::{ChatId, Seq, UserId};
use crate::member::Member;
use crate::message::{Message, MessageView, TooLarge};
use crate::meter::PushReport;
use crate::ports::{ChangeOutcome, CommitChanges, Env, Push, ReadChats, ReadFormerMembers, ReadingOrder, Registry};
use crate::reactions::{Emoji, ReactionLimitExceeded};
use crate::readers::{PastReaders, Readers};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use std::collections::BTreeSet;

/// The message after the change.
#[derive(Debug)]
pub struct ChangedMessage {
    /// The message as the caller sees it.
    pub message: MessageView,
    /// The message as it is stored.
    pub(super) stored: Message,
    /// The results of the posts.
    pub pushed: PushReport,
    /// The number of retries after conflicts with other transactions.
    pub retries: u32,
}

/// Why a change of a message is refused.
#[derive(Debug, thiserror::Error)]
pub enum ChangeMessageError {
    /// There is no such message, the caller cannot see it, or it was deleted for everyone.
    #[error("message not found")]
    MessageNotFound,
    /// The chat is closed: its messages can be read and deleted, but not edited or reacted to.
    #[error("chat closed")]
    ChatClosed,
    /// One of the two participants of the private chat blocks the other one: its messages can be read and deleted, but
    /// not edited or reacted to.
    #[error("blocked")]
    Blocked,
    /// Only the sender may edit a message.
    #[error("not the sender")]
    NotTheSender,
    /// Only the sender and admins may delete a message for everyone.
    #[error("not an admin")]
    NotAnAdmin,
    /// The message is older than [`EDIT_WINDOW`](crate::message::EDIT_WINDOW).
    #[error("the edit window is over")]
    EditWindowOver,
    /// This mentioned user is not in the chat.
    #[error("mentions a user who is not in the chat")]
    UnknownMention(UserId),
    /// The new text is blank, and there is no attachment.
    #[error("the text is blank")]
    Blank,
    /// The text, the mentions and the custom data together do not fit in a frame.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The caller has deleted so many messages of the chat for themselves before reading them that no more are recorded.
    #[error("too many unread messages were deleted")]
    TooManyUnreadDeletions,
    /// The message would have too many reactions.
    #[error("too many reactions")]
    TooManyReactions(ReactionLimitExceeded),
    /// The caller changes this chat too fast.
    #[error(transparent)]
    RateLimited(RateLimited),
}

impl Refusal for ChangeMessageError {}

/// Who sees a change of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everyone who can see the message.
    Everyone,
    /// Only the caller.
    Caller,
}

/// What recipients are sent of a change.
#[derive(Debug, Clone, Copy)]
pub(super) enum Notice<'a> {
    /// The message after the change.
    Message,
    /// The caller's reactions alone, because a message may be long.
    Reaction(&'a BTreeSet<Emoji>),
}

/// Who sees a change of a message, and what they are sent of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Announcement<'a> {
    pub(super) scope: Scope,
    pub(super) notice: Notice<'a>,
}

/// The input of a rule.
pub(super) struct RuleInput<'a> {
    pub(super) message: &'a Message,
    pub(super) state: &'a FullState,
    pub(super) now: Timestamp,
}

/// Plans what a change stores besides the message. Asked again after a conflict.
pub(super) trait PlanRecord<S, P, E>: Sync {
    /// What the change that makes `after` of `before` stores so that unread counts stay exact; None if they do not
    /// change.
    fn record(
        &self,
        app: &App<S, P, E>,
        state: &FullState,
        before: &Message,
        after: &Message,
    ) -> impl Future<Output = Result<Option<DeletionRecord>, ChatError<ChangeMessageError>>> + Send;
}

/// For changes that delete nothing.
impl<S: Sync, P: Sync, E: Sync> PlanRecord<S, P, E> for () {
    async fn record(
        &self,
        _: &App<S, P, E>,
        _: &FullState,
        _: &Message,
        _: &Message,
    ) -> Result<Option<DeletionRecord>, ChatError<ChangeMessageError>> {
        Ok(None)
    }
}

impl<S: ReadChats + ReadFormerMembers + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Changes message `seq` according to `rule`. If the rule returns None, nothing changes and the current message
    /// is the answer. After a conflict with another transaction, calls the rule again, and reads again if more than the
    /// head may have changed.
    pub(super) async fn change_message(
        &self,
        caller: &Caller,
        chat: &ChatId,
        seq: Seq,
        Announcement { scope, notice }: Announcement<'_>,
        records: impl PlanRecord<S, P, E>,
        rule: impl Fn(RuleInput<'_>) -> Result<Option<Message>, ChangeMessageError>,
    ) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
        // Seq 0 is the head, not a message.
        if seq == Seq(0) {
            return Err(ChangeMessageError::MessageNotFound.into());
        }
        let user = &caller.user;
        in_turn(&self.store, &self.env, chat, async |turn| {
            let mut retry = Retry::new(&self.env);
            let mut kept = None;
            loop {
                let reader = ChatReader::new(&self.store, &mut retry, chat);
                let state = match (kept.take(), scope) {
                    (Some(state), _) => Some(state),
                    (None, Scope::Everyone) => reader.full_state(user, Some(seq)).await?,
                    // A change that only the caller sees does not depend on the other members.
                    (None, Scope::Caller) => reader.state(user, Some(seq)).await?.map(FullState::with_one_member),
                };
                let state = state.ok_or(ChatError::NotFound)?;
                let floor = state.member(user).map(Member::floor).ok_or(ChatError::NotFound)?;
                let before = state.message.as_ref().ok_or(ChangeMessageError::MessageNotFound)?;
                // A caller who deletes a message for themselves again gets the same answer, not "message not found".
                let is_deleted = scope == Scope::Caller && floor.shows(seq) && before.deleted_for.contains(user);
                if !is_deleted && !before.is_visible_to(user, floor) {
                    return Err(ChangeMessageError::MessageNotFound.into());
                }
                let past = async || match scope {
                    Scope::Everyone => {
                        self.former_readers(chat, &state.head, &state.members, seq, ReadingOrder::LeastFirst).await
                    }
                    // The caller has deleted the message for themselves, and does not see who has read it.
                    Scope::Caller => Ok(PastReaders::default()),
                };
                let caller_view = |message: &Message, past: &PastReaders| {
                    let mut view = MessageView::of(message, Readers::new(&state.members, past), user, floor);
                    view.limit(MAX_DOCUMENT_BYTES);
                    view
                };
                let now = self.env.now();
                let Some(after) = rule(RuleInput { message: before, state: &state, now })? else {
                    let (message, stored) = (caller_view(before, &past().await?), before.clone());
                    return Ok(ChangedMessage {
                        message,
                        stored,
                        pushed: PushReport::default(),
                        retries: retry.count(),
                    });
                };
                // Before the queue: who may not change anything takes no place in it.
                let budget = state.member(user).and_then(|member| member.change_budget);
                let spending = self.settings.changes.spend(budget, 1, now).map_err(ChangeMessageError::RateLimited)?;
                if let Some(head) = turn.wait(&self.store, &mut retry, chat, &state.head).await? {
                    kept = state.at_head(head);
                    continue;
                }
                let past = past().await?;
                let rev = state.head.last_rev.next();
                let public_rev = if scope == Scope::Everyone { rev } else { after.public_rev };
                let after = Message { rev, public_rev, ..after };
                let deletion = records.record(self, &state, before, &after).await?;
                let change = Change {
                    chat: chat.clone(),
                    head: state.head.clone(),
                    at: now,
                    only_for: (scope == Scope::Caller).then(|| user.clone()),
                    what: ChangeKind::Message { after: after.clone(), before: before.rev, deletion },
                    spending: Some((user.clone(), spending)),
                    queue: turn.queue_after(&state.head, now),
                };
                match self.store.commit_change(&change).await? {
                    ChangeOutcome::Committed => {
                        turn.note_commit();
                        let message = caller_view(&after, &past);
                        let recipients = state.members.iter().filter(|member| match scope {
                            Scope::Everyone => after.is_visible_to(&member.user, member.floor()),
                            Scope::Caller => member.user == *user,
                        });
                        let recipients: Vec<UserId> = recipients.map(|member| member.user.clone()).collect();
                        // All recipients see the message as the caller sees it.
                        let event = match notice {
                            Notice::Message => Event::message_updated(message.clone()),
                            Notice::Reaction(emojis) => {
                                let reaction = Reaction { user_id: user.clone(), emojis: emojis.clone() };
                                Event::reaction_updated(chat.clone(), seq, rev, reaction)
                            }
                        };
                        let audience = self.load_audience(&recipients).await;
                        let pushed = self.push(&audience, caller.connection.as_ref(), &event).await;
                        return Ok(ChangedMessage { message, stored: after, pushed, retries: retry.count() });
                    }
                    ChangeOutcome::Conflict(conflict) => match turn.after(&mut retry, conflict).await? {
                        NextTry::Head(head) => kept = state.at_head(head),
                        NextTry::Unchanged => kept = Some(state),
                        NextTry::ReadAgain => {}
                    },
                }
            }
        })
        .await
    }
}
