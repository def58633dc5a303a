//! The steps that all changes of a group share. Read the chat with all its members. Let a rule plan the change.
//! Commit it unless something changed since the read. Push an event to every member, past and present.

use super::error::{ChatError, Refusal};
use super::get_chat::MemberView;
use super::state::{ChatReader, FullState};
use super::turn::{NextTry, Turn, in_turn};
use super::uploads::UploadError;
use super::{App, Caller};
use crate::attachment::{Attachment, SENT_UPLOAD_TTL};
use crate::budget::RateLimited;
use crate::change::{Change, ChangeKind};
use crate::chat::{Chat, ChatView, MAX_DOCUMENT_BYTES};
use crate::event::Event;
use crate::former_member::{Departure, FormerMember};
use crate::ids::{AttachmentId, ChatId, UserId};
use crate::member::Member;
use crate::meter::PushReport;
use crate::ports::{ChangeOutcome, CommitChanges, DirectoryError, Env, Push, ReadChats, Registry, StoreError};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use crate::user_limits::LimitsChange;

/// The group after the change.
#[derive(Debug)]
pub struct ChangedGroup {
    /// The group as the caller sees it; None if they are no longer in it.
    pub chat: Option<ChatView>,
    /// The avatar that the group had before, if the change replaced or removed it.
    pub(super) former_avatar: Option<AttachmentId>,
    /// The results of the posts.
    pub pushed: PushReport,
    /// The number of retries after conflicts with other transactions.
    pub retries: u32,
}

/// Why a change of a group is refused.
#[derive(Debug, thiserror::Error)]
pub enum ChangeGroupError {
    /// The chat is private: it has no name and no admins, and its two participants never change.
    #[error("not a group")]
    NotAGroup,
    /// The group is closed: nobody can change it.
    #[error("chat closed")]
    ChatClosed,
    /// Only an admin may make this change.
    #[error("not an admin")]
    NotAnAdmin,
    /// The user to change or remove is not in the group.
    #[error("not a participant")]
    NotAParticipant,
    /// The change would leave the group without an admin.
    #[error("the last admin")]
    LastAdmin,
    /// The group has two participants: neither can be removed, but both can leave.
    #[error("the group has only two participants")]
    LastTwo,
    /// The group would have too many participants.
    #[error("more than {limit} participants")]
    TooManyParticipants {
        /// The most participants.
        limit: usize,
    },
    /// These users do not exist.
    #[error("users do not exist")]
    UnknownUsers(Vec<UserId>),
    /// These users are in so many chats that nobody can add them to another one.
    #[error("users are in too many chats")]
    UsersInTooManyChats {
        /// The users.
        users: Vec<UserId>,
        /// The most chats into which others can put a user.
        limit: u32,
    },
    /// At least one of the users cannot be added by the caller. The caller does not learn which.
    #[error("users cannot be added")]
    CannotBeAdded,
    /// The caller changes this group too fast.
    #[error(transparent)]
    RateLimited(RateLimited),
    /// The caller adds people to chats too fast.
    #[error(transparent)]
    AddingTooFast(RateLimited),
    /// The upload cannot become the avatar.
    #[error(transparent)]
    Avatar(#[from] UploadError),
    /// The Auth Service did not say whether the users exist.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl Refusal for ChangeGroupError {}

/// The planned change of a group.
pub(super) struct Plan {
    /// The new document; `members_rev` is set at the commit.
    pub(super) chat: Chat,
    /// New members.
    pub(super) joined: Vec<Member>,
    /// The member who leaves or is removed.
    pub(super) left: Option<UserId>,
    /// Whether the change closes the group.
    pub(super) closes: bool,
    /// The upload that becomes the avatar.
    pub(super) new_avatar: Option<AttachmentId>,
}

impl Plan {
    /// A plan that changes only the document.
    pub(super) fn of(chat: Chat) -> Self {
        Self { chat, joined: Vec::new(), left: None, closes: false, new_avatar: None }
    }

    /// How many changes it takes from the budget of `user`: one per person. Leaving takes none, because it ends the
    /// membership that has the budget.
    fn cost(&self, user: &UserId) -> u64 {
        match &self.left {
            Some(left) if left == user => 0,
            _ => u64::try_from(self.joined.len()).unwrap_or(u64::MAX).max(1),
        }
    }
}

/// What a change needs besides the chat. Asked again after a conflict.
pub(super) trait PlanReads<S, P, E>: Sync {
    /// What adding these people takes from the caller's limits. Fails if they may not be added.
    fn admit(
        &self,
        _: &App<S, P, E>,
        _joined: &[Member],
    ) -> impl Future<Output = Result<Option<LimitsChange>, ChatError<ChangeGroupError>>> + Send {
        async { Ok(None) }
    }

    /// What is kept of `user`, who leaves the chat, from earlier stays. Not asked if the chat has no former members.
    fn former_member(
        &self,
        _: &App<S, P, E>,
        _chat: &ChatId,
        _user: &UserId,
    ) -> impl Future<Output = Result<Option<FormerMember>, StoreError>> + Send {
        async { Ok(None) }
    }

    /// The attachment that becomes the avatar of `chat`. Asked only if the plan has a new avatar.
    fn avatar(
        &self,
        _: &App<S, P, E>,
        _chat: &ChatId,
        _user: &UserId,
        _id: &AttachmentId,
    ) -> impl Future<Output = Result<Attachment, ChatError<ChangeGroupError>>> + Send {
        async { Err(UploadError::NotFound).map_err(|error| ChangeGroupError::from(error).into()) }
    }
}

/// For changes with which nobody joins, nobody leaves, and the avatar stays.
impl<S: Sync, P: Sync, E: Sync> PlanReads<S, P, E> for () {}

/// Checks that the chat is an open group and that `user` is one of its admins.
pub(super) fn check_admin(state: &FullState, user: &UserId) -> Result<(), ChangeGroupError> {
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
    /// Changes a group according to `rule`. If the rule returns None, nothing changes and the current group is the
    /// answer. After a conflict with another transaction, calls the rule again, and reads again if more than the head
    /// may have changed.
    pub(super) async fn change_group(
        &self,
        caller: &Caller,
        id: &ChatId,
        reads: impl PlanReads<S, P, E>,
        rule: impl Fn(&FullState, Timestamp) -> Result<Option<Plan>, ChangeGroupError>,
    ) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let request = async |turn: &mut Turn| self.change_group_in_turn(turn, caller, id, reads, rule).await;
        in_turn(&self.store, &self.env, id, request).await
    }

    async fn change_group_in_turn(
        &self,
        turn: &mut Turn,
        caller: &Caller,
        id: &ChatId,
        reads: impl PlanReads<S, P, E>,
        rule: impl Fn(&FullState, Timestamp) -> Result<Option<Plan>, ChangeGroupError>,
    ) -> Result<ChangedGroup, ChatError<ChangeGroupError>> {
        let user = &caller.user;
        let mut retry = Retry::new(&self.env);
        let mut kept = None;
        loop {
            let state = match kept.take() {
                Some(state) => Some(state),
                None => ChatReader::new(&self.store, &mut retry, id).full_state(user, None).await?,
            };
            let state = state.ok_or(ChatError::NotFound)?;
            let now = self.env.now();
            let Some(plan) = rule(&state, now)? else {
                let view = |member: &Member| ChatView::new(&state.chat, &state.head, member.floor());
                let chat = state.member(user).map(view).map(|view| view.limited(MAX_DOCUMENT_BYTES));
                let pushed = PushReport::default();
                return Ok(ChangedGroup { chat, former_avatar: None, pushed, retries: retry.count() });
            };
            // Before the queue: who may not change anything takes no place in it.
            let budget = state.member(user).and_then(|member| member.change_budget);
            let spending = match plan.cost(user) {
                0 => None,
                cost => {
                    let spending = self.settings.changes.spend(budget, cost, now);
                    Some((user.clone(), spending.map_err(ChangeGroupError::RateLimited)?))
                }
            };
            if let Some(head) = turn.wait(&self.store, &mut retry, id, &state.head).await? {
                kept = state.at_head(head);
                continue;
            }
            let limits = reads.admit(self, &plan.joined).await?;
            let Plan { mut chat, joined, left, closes, new_avatar } = plan;
            if let Some(avatar) = &new_avatar {
                chat.avatar = Some(reads.avatar(self, id, user, avatar).await?);
            }
            let avatar_id = |chat: &Chat| chat.avatar.as_ref().map(|avatar| avatar.id.clone());
            let former_avatar = avatar_id(&state.chat).filter(|former| avatar_id(&chat).as_ref() != Some(former));
            let left = match left.as_ref().and_then(|user| state.member(user)) {
                Some(member) => {
                    let earlier = match state.head.past_read_seq {
                        Some(_) => reads.former_member(self, id, &member.user).await?,
                        None => None,
                    };
                    Some(Departure::new(member, earlier, &state.head, now))
                }
                None => None,
            };
            let after = Chat { members_rev: state.head.last_rev.next(), ..chat };
            let change = Change {
                chat: id.clone(),
                head: state.head.clone(),
                at: now,
                only_for: None,
                what: ChangeKind::Chat {
                    after: after.clone(),
                    before: state.chat.members_rev,
                    joined: joined.clone(),
                    left: left.clone(),
                    limits,
                    upload: new_avatar.map(|id| (id, now.plus(SENT_UPLOAD_TTL))),
                    closed_chat_of: closes.then(|| state.chat.created_by.clone()),
                },
                spending,
                queue: turn.queue_after(&state.head, now),
            };
            let events = GroupChangeEvents { change, after, members_before: state.members.clone(), joined, left };
            match self.store.commit_change(&events.change).await? {
                ChangeOutcome::Committed => {
                    turn.note_commit();
                    let audience = self.load_audience(&events.recipients()).await;
                    let event_of = |recipient: &UserId| events.event_for(recipient, user);
                    let pushed = self.push_each(&audience, caller.connection.as_ref(), event_of).await;
                    let chat =
                        events.members_after().find(|member| &member.user == user).map(|member| events.view(member));
                    return Ok(ChangedGroup { chat, former_avatar, pushed, retries: retry.count() });
                }
                ChangeOutcome::Conflict(conflict) => match turn.after(&mut retry, conflict).await? {
                    NextTry::Head(head) => kept = state.at_head(head),
                    NextTry::Unchanged => kept = Some(state),
                    NextTry::ReadAgain => {}
                },
            }
        }
    }
}

/// A committed change of a group, with what its events need.
struct GroupChangeEvents {
    change: Change,
    after: Chat,
    members_before: Vec<Member>,
    joined: Vec<Member>,
    left: Option<Departure>,
}

impl GroupChangeEvents {
    /// The members before and after the change.
    fn recipients(&self) -> Vec<UserId> {
        self.members_before.iter().chain(&self.joined).map(|member| member.user.clone()).collect()
    }

    fn members_after(&self) -> impl Iterator<Item = &Member> {
        self.members_before
            .iter()
            .chain(&self.joined)
            .filter(|member| Some(&member.user) != self.left.as_ref().map(Departure::user))
    }

    fn view(&self, member: &Member) -> ChatView {
        ChatView::new(&self.after, &self.change.head_after(), member.floor()).limited(MAX_DOCUMENT_BYTES)
    }

    /// The event for one recipient. Recipients with equal keys get equal events.
    fn event_for(&self, recipient: &UserId, by: &UserId) -> Option<(EventKey, Event)> {
        if self.left.as_ref().map(Departure::user) == Some(recipient) {
            let event = Event::chat_left(self.change.chat.clone(), self.change.rev(), by.clone());
            return Some((EventKey::Left, event));
        }
        if let Some(member) = self.joined.iter().find(|member| &member.user == recipient) {
            return Some((EventKey::Joined, Event::chat_created(self.view(member))));
        }
        let member = self.members_before.iter().find(|member| &member.user == recipient)?;
        let floor = member.floor();
        let left = self.left.as_ref().filter(|left| left.period.is_shown_above(floor));
        let left = left.map(|left| MemberView::former_members(left.user(), &left.period));
        Some((EventKey::Stayed(floor), Event::chat_updated(self.view(member), left)))
    }
}

/// A group of recipients who get the same event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum EventKey {
    Left,
    Joined,
    /// The chat document in the event contains the recipient's floor.
    Stayed(crate::member::Floor),
}
