//! What changes of a group have in common: the chat is read with all its members, one rule decides what it becomes, the
//! change is committed if all is still as it was read, and everyone whom it concerns is told.

use super::error::{ChatError, Refusal};
use super::state::{FullState, full_state};
use super::{App, Caller};
use crate::change::{Change, ChangeKind};
use crate::chat::{Chat, ChatView, MAX_DOCUMENT_BYTES};
use crate::event::Event;
use crate::ids::{ChatId, UserId};
use crate::member::Member;
use crate::meter::PushReport;
use crate::ports::{ChangeOutcome, CommitChanges, DirectoryError, Env, Push, ReadChats, Registry};
use crate::retry::Retry;
use crate::timestamp::Timestamp;

/// A group after a change.
#[derive(Debug)]
pub struct ChangedGroup {
    /// As the caller is shown it; None if they are not in it any more.
    pub chat: Option<ChatView>,
    /// What became of the pushes.
    pub pushed: PushReport,
    /// How often other transactions were in the way.
    pub retries: u32,
}

/// Why a group is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeGroupError {
    /// A private chat has no name and no admins, and its two participants stay.
    #[error("not a group")]
    NotAGroup,
    /// The group is closed.
    #[error("chat closed")]
    ChatClosed,
    /// Only admins may.
    #[error("not an admin")]
    NotAnAdmin,
    /// The user whom it is about is not in the group.
    #[error("not a participant")]
    NotAParticipant,
    /// A group keeps an admin.
    #[error("the last admin")]
    LastAdmin,
    /// Nobody is removed from a group of two.
    #[error("the last two")]
    LastTwo,
    /// More than a group takes.
    #[error("more than {limit} participants")]
    TooManyParticipants {
        /// The most participants.
        limit: usize,
    },
    /// Some of the users do not exist.
    #[error("no such users")]
    UnknownUsers(Vec<UserId>),
    /// Whether the users exist cannot be known now.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl Refusal for ChangeGroupError {}

/// What a group becomes.
pub(super) struct Plan {
    /// The document, but for its membersRev.
    pub(super) chat: Chat,
    /// Members who are new.
    pub(super) joined: Vec<Member>,
    /// A member who is not one any more.
    pub(super) left: Option<UserId>,
}

impl Plan {
    /// The document alone changes.
    pub(super) fn of(chat: Chat) -> Self {
        Self { chat, joined: Vec::new(), left: None }
    }
}

/// What any change of a group by an admin asks for.
pub(super) fn changed_by_admin(state: &FullState, user: &UserId) -> Result<(), ChangeGroupError> {
    if !state.chat.is_group {
        return Err(ChangeGroupError::NotAGroup);
    }
    if state.chat.closed_at.is_some() {
        return Err(ChangeGroupError::ChatClosed);
    }
    if !state.is_admin(user) {
        return Err(ChangeGroupError::NotAnAdmin);
    }
    Ok(())
}

impl<S: ReadChats + CommitChanges + Registry, P: Push, E: Env> App<S, P, E> {
    /// Changes a group as `rule` says; None of the rule is: it is so already. Tried again while other transactions are
    /// in the way, and the rule is asked anew each time.
    pub(super) async fn change_group(
        &self,
        caller: &Caller,
        id: &ChatId,
        rule: impl Fn(&FullState, Timestamp) -> Result<Option<Plan>, ChangeGroupError>,
    ) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let user = &caller.user;
        let mut retry = Retry::new(&self.env);
        loop {
            let state = full_state(&self.store, &mut retry, id, user, None).await?;
            let state = state.ok_or(ChatError::NotFound)?;
            let now = self.env.now();
            let Some(Plan { chat, joined, left }) = rule(&state, now)? else {
                let view = |member: &Member| ChatView::new(&state.chat, &state.head, member.floor());
                let chat = state.member(user).map(view).map(|view| view.limited(MAX_DOCUMENT_BYTES));
                return Ok(ChangedGroup { chat, pushed: PushReport::default(), retries: retry.count() });
            };
            let after = Chat { members_rev: state.head.last_rev.next(), ..chat };
            let change = Change {
                chat: id.clone(),
                head: state.head,
                at: now,
                only_for: None,
                what: ChangeKind::Chat {
                    after: after.clone(),
                    before: state.chat.members_rev,
                    joined: joined.clone(),
                    left: left.clone(),
                },
            };
            let news = GroupChangeEvents { change, after, stayed: state.members, joined, left };
            match self.store.commit_change(&news.change).await? {
                ChangeOutcome::Committed => {
                    let audience = self.load_audience(&news.users()).await;
                    let event_of = |told: &UserId| news.event_for(told, user);
                    let pushed = self.push_each(&audience, caller.connection.as_ref(), event_of).await;
                    let chat = news.remaining().find(|member| &member.user == user).map(|member| news.view(member));
                    return Ok(ChangedGroup { chat, pushed, retries: retry.count() });
                }
                ChangeOutcome::Conflict if retry.again().await => {}
                ChangeOutcome::Conflict => return Err(ChatError::Busy),
            }
        }
    }
}

/// A change of a group, and whom it concerns.
struct GroupChangeEvents {
    change: Change,
    after: Chat,
    /// The members before.
    stayed: Vec<Member>,
    joined: Vec<Member>,
    left: Option<UserId>,
}

impl GroupChangeEvents {
    /// Everyone who was or is in the group.
    fn users(&self) -> Vec<UserId> {
        self.stayed.iter().chain(&self.joined).map(|member| member.user.clone()).collect()
    }

    fn remaining(&self) -> impl Iterator<Item = &Member> {
        self.stayed.iter().chain(&self.joined).filter(|member| Some(&member.user) != self.left.as_ref())
    }

    fn view(&self, member: &Member) -> ChatView {
        ChatView::new(&self.after, &self.change.head_after(), member.floor()).limited(MAX_DOCUMENT_BYTES)
    }

    /// What one of them is told, under a key that is the same for those who are told the same.
    fn event_for(&self, told: &UserId, by: &UserId) -> Option<(EventKey, Event)> {
        if self.left.as_ref() == Some(told) {
            let event = Event::chat_left(self.change.chat.clone(), self.change.rev(), by.clone());
            return Some((EventKey::Left, event));
        }
        if let Some(member) = self.joined.iter().find(|member| &member.user == told) {
            return Some((EventKey::Joined, Event::chat_created(self.view(member))));
        }
        let member = self.stayed.iter().find(|member| &member.user == told)?;
        Some((EventKey::Stayed(member.floor()), Event::chat_updated(self.view(member))))
    }
}

/// Those who are told the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum EventKey {
    Left,
    Joined,
    /// A chat is shown with its reader's floor.
    Stayed(crate::member::Floor),
}
