//! What edits, deletions and reactions have in common: the message is read with its chat, one rule decides what it
//! becomes, the change is committed if all is still as it was read, and those who can see the message are told.

use super::error::{ChatError, Refusal};
use super::state::{FullState, chat_state, full_state};
use super::{App, Caller};
use crate::change::{Change, ChangeKind};
use crate::chat::MAX_DOCUMENT_BYTES;
use crate::event::Event;
use crate::ids::{ChatId, Seq, UserId};
use crate::member::Member;
use crate::message::{Message, MessageView, TooLarge};
use crate::meter::PushReport;
use crate::ports::{ChangeOutcome, CommitChanges, Env, Push, ReadChats, Registry};
use crate::reactions::ReactionLimitExceeded;
use crate::retry::Retry;
use crate::timestamp::Timestamp;

/// A message after a change.
#[derive(Debug)]
pub struct ChangedMessage {
    /// As the caller is shown it.
    pub message: MessageView,
    /// As it is stored.
    pub(super) stored: Message,
    /// What became of the pushes.
    pub pushed: PushReport,
    /// How often other transactions were in the way.
    pub retries: u32,
}

/// Why a message is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeMessageError {
    /// There is no such message, the caller cannot see it, or it was deleted.
    #[error("message not found")]
    MessageNotFound,
    /// The chat is closed: it can be read, and what is there can be deleted.
    #[error("chat closed")]
    ChatClosed,
    /// Only its sender edits a message.
    #[error("not the sender")]
    NotTheSender,
    /// Only its sender and admins delete a message for everyone.
    #[error("not an admin")]
    NotAnAdmin,
    /// It was sent too long ago to be edited.
    #[error("the time to edit is over")]
    EditWindowOver,
    /// Somebody is mentioned who is not in the chat.
    #[error("mentions somebody else")]
    Mention(UserId),
    /// Nothing is left to read, and there is no attachment.
    #[error("blank")]
    Blank,
    /// The text and those it mentions do not fit a frame together.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// More reactions than a message takes.
    #[error("too many reactions")]
    TooManyReactions(ReactionLimitExceeded),
}

impl Refusal for ChangeMessageError {}

/// Whom a change of a message concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everyone who can see the message.
    Everyone,
    /// The caller alone.
    Caller,
}

/// What a rule decides upon.
pub(super) struct RuleInput<'a> {
    pub(super) message: &'a Message,
    pub(super) state: &'a FullState,
    pub(super) now: Timestamp,
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Changes message `seq` as `rule` says; None of the rule is: it is so already. Tried again while other
    /// transactions are in the way, and the rule is asked anew each time.
    pub(super) async fn change_message(
        &self,
        caller: &Caller,
        chat: &ChatId,
        seq: Seq,
        scope: Scope,
        rule: impl Fn(RuleInput<'_>) -> Result<Option<Message>, ChangeMessageError>,
    ) -> Result<ChangedMessage, ChatError<ChangeMessageError>> {
        // Place 0 is the head's.
        if seq == Seq(0) {
            return Err(ChangeMessageError::MessageNotFound.into());
        }
        let user = &caller.user;
        let mut retry = Retry::new(&self.env);
        loop {
            let state = match scope {
                Scope::Everyone => full_state(&self.store, &mut retry, chat, user, Some(seq)).await?,
                // Who else is in the chat is nothing to what is the caller's own.
                Scope::Caller => {
                    chat_state(&self.store, &mut retry, chat, user, Some(seq)).await?.map(FullState::of_one)
                }
            };
            let state = state.ok_or(ChatError::NotFound)?;
            let floor = state.member(user).map(Member::floor).ok_or(ChatError::NotFound)?;
            let found = state.message.as_ref().ok_or(ChangeMessageError::MessageNotFound)?;
            // Who deletes for themselves what they have deleted is told so, and not that it is not there.
            let deleted = scope == Scope::Caller && floor.shows(seq) && found.deleted_for.contains(user);
            if !deleted && !found.is_visible_to(user, floor) {
                return Err(ChangeMessageError::MessageNotFound.into());
            }
            let shown = |message: &Message, members: &[Member]| {
                let mut view = MessageView::of(message, members, user, floor);
                view.limit(MAX_DOCUMENT_BYTES);
                view
            };
            let now = self.env.now();
            let Some(after) = rule(RuleInput { message: found, state: &state, now })? else {
                let (message, stored) = (shown(found, &state.members), found.clone());
                return Ok(ChangedMessage { message, stored, pushed: PushReport::default(), retries: retry.count() });
            };
            let rev = state.head.last_rev.next();
            let public_rev = if scope == Scope::Everyone { rev } else { after.public_rev };
            let after = Message { rev, public_rev, ..after };
            let change = Change {
                chat: chat.clone(),
                head: state.head,
                at: now,
                only_for: (scope == Scope::Caller).then(|| user.clone()),
                what: ChangeKind::Message { after: after.clone(), before: found.rev },
            };
            match self.store.commit_change(&change).await? {
                ChangeOutcome::Committed => {
                    let message = shown(&after, &state.members);
                    let told = state.members.iter().filter(|member| match scope {
                        Scope::Everyone => after.is_visible_to(&member.user, member.floor()),
                        Scope::Caller => member.user == *user,
                    });
                    let told: Vec<UserId> = told.map(|member| member.user.clone()).collect();
                    // What the caller is shown is what everyone concerned is shown.
                    let event = Event::message_updated(message.clone());
                    let pushed = self.push(&self.load_audience(&told).await, caller.connection.as_ref(), &event).await;
                    return Ok(ChangedMessage { message, stored: after, pushed, retries: retry.count() });
                }
                ChangeOutcome::Conflict if retry.again().await => {}
                ChangeOutcome::Conflict => return Err(ChatError::Busy),
            }
        }
    }
}
