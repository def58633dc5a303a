//! One chat with its members, as the caller sees them.

use super::error::ChatError;
use super::list_members::MAX_MEMBERS_PER_PAGE;
use super::state::{ChatReader, ChatState};
use super::{App, Caller};
use crate::chat::ChatView;
use crate::chat_user::{ChatUser, ChatUserView};
use crate::former_member::{FormerMember, Period};
use crate::ids::{ChatId, Seq, UserId};
use crate::member::{Floor, Member};
use crate::ports::{Directory, Env, ReadChats, ReadDeletions, ReadFormerMembers, ReadingOrder, UserStore};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use futures_util::future::try_join3;
use serde::Serialize;

/// A chat with its members, as the caller sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatDetails {
    /// The chat, with the cursors to start from.
    pub chat: ChatView,
    /// The number of messages that the caller has not read.
    pub unread_count: u64,
    /// True if the caller blocks the other participant of this private chat. The other one sees nothing of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// All members with their read positions, sorted by `userId`. Then the stays of former members who have read a
    /// message that the caller can see, of those who read furthest first.
    pub members: Vec<MemberView>,
    /// Whether there are more such former members.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub former_members_limited: bool,
    /// Whether the members have no `user`, because there are more than a page of members has.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub members_limited: bool,
}

/// One member of a chat, or one stay of a former member, as every participant sees them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    /// The member.
    pub user_id: UserId,
    /// The seq of the last message before they joined.
    pub joined_seq: Seq,
    /// When they joined.
    pub joined_at: Timestamp,
    /// The seq of the last message that they have read. Clearing the chat does not move it: it says who has seen a
    /// message.
    pub read_seq: Seq,
    /// When they read that message; absent if they have read none since they joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// The seq of the last message when they left; absent for a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_seq: Option<Seq>,
    /// When they left or were removed; absent for a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_at: Option<Timestamp>,
    /// Nickname, presence and profile. Absent in a sync, in [`ChatDetails`] with `members_limited`, and
    /// for a former member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ChatUserView>,
}

impl MemberView {
    /// Leaves `user` empty.
    pub(super) fn new(member: Member) -> Self {
        Self {
            read_seq: member.read_seq,
            joined_seq: member.joined_seq,
            joined_at: member.joined_at,
            read_at: member.read_at,
            user_id: member.user,
            left_seq: None,
            left_at: None,
            user: None,
        }
    }

    /// A stay of a former member.
    pub(super) fn former_members(user: &UserId, period: &Period) -> Self {
        Self {
            user_id: user.clone(),
            joined_seq: period.joined_seq,
            joined_at: period.joined_at,
            read_seq: period.read_seq,
            read_at: period.read_at,
            left_seq: Some(period.left_seq),
            left_at: Some(period.left_at),
            user: None,
        }
    }

    /// The stays of a former member that a reader with this floor may learn of: those in which the former member read
    /// a message that the reader can see.
    pub(super) fn past_above(former: &FormerMember, floor: Floor) -> impl Iterator<Item = Self> {
        let shown = former.periods.iter().filter(move |period| period.is_shown_above(floor));
        shown.map(|period| Self::former_members(&former.user, period))
    }
}

impl<S: ReadChats + ReadDeletions + ReadFormerMembers + UserStore, P: Sync, E: Env> App<S, P, E> {
    /// Reads a chat, its members, and who has read in it before they left.
    ///
    /// # Errors
    /// [`ChatError`].
    pub async fn get_chat(
        &self,
        directory: &impl Directory,
        caller: &Caller,
        id: &ChatId,
    ) -> Result<ChatDetails, ChatError> {
        let state = ChatReader::new(&self.store, &mut Retry::new(&self.env), id).state(&caller.user, None).await?;
        let ChatState { chat, head, member, .. } = state.ok_or(ChatError::NotFound)?;
        let members_limited = chat.participants.len() > MAX_MEMBERS_PER_PAGE;
        let user_ids: Vec<UserId> = match members_limited {
            false => chat.participants.iter().cloned().collect(),
            true => Vec::new(),
        };
        let users = self.load_users(directory, &caller.user, &user_ids);
        let unread_count = self.unread_count(id, &head, &member);
        let (members, mut users, unread_count) = try_join3(self.store.members(id), users, unread_count).await?;
        let floor = member.floor();
        let from = floor.seq().next();
        let past = self.former_readers(id, &head, &members, from, ReadingOrder::MostFirst).await?;
        let now = self.env.now();
        let view = |member| {
            let view = MemberView::new(member);
            // Who joined after the document was read is shown by their id.
            let user = users
                .remove(&view.user_id)
                .unwrap_or_else(|| ChatUserView::new(&ChatUser::unknown(view.user_id.clone()), &caller.user, now));
            MemberView { user: (!members_limited).then_some(user), ..view }
        };
        let former = past.former.iter().flat_map(|former| MemberView::past_above(former, floor));
        Ok(ChatDetails {
            chat: ChatView::new(&chat, &head, floor),
            unread_count,
            blocked: member.is_blocking,
            members: members.into_iter().map(view).chain(former).collect(),
            former_members_limited: past.is_limited,
            members_limited,
        })
    }
}
