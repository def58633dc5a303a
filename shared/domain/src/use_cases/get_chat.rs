//! One chat with its members, as the caller sees them.

use super::error::ChatError;
use super::list_members::MAX_MEMBERS_PER_PAGE;
use super::state::{ChatReader, ChatState};
use super::{App, Caller};
use crate::chat::ChatView;
use crate::chat_user::{ChatUser, ChatUserView};
use crate::ids::{ChatId, Seq, UserId};
use crate::member::Member;
use crate::ports::{Directory, Env, ReadChats, UserStore};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use futures_util::future::try_join;
use serde::Serialize;

/// A chat with its members, as the caller sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatDetails {
    /// The chat, with the cursors to start from.
    pub chat: ChatView,
    /// The number of messages that the caller has not read.
    pub unread_count: u64,
    /// All members with their read positions, sorted by `userId`.
    pub members: Vec<MemberView>,
    /// Whether the members have no `user`, because there are more than a page of members has.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub members_limited: bool,
}

/// One member of a chat, as every participant sees them.
#[derive(Debug, Clone, Serialize)]
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
    /// Nickname, presence and profile. Absent in a sync, and in [`ChatDetails`] with `members_limited`.
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
            user: None,
        }
    }
}

impl<S: ReadChats + UserStore, P, E: Env> App<S, P, E> {
    /// Reads a chat and its members.
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
        let (members, mut users) = try_join(self.store.members(id), users).await?;
        let now = self.env.now();
        let view = |member| {
            let view = MemberView::new(member);
            // Who joined after the document was read is shown by their id.
            let user = users
                .remove(&view.user_id)
                .unwrap_or_else(|| ChatUserView::new(&ChatUser::unknown(view.user_id.clone()), &caller.user, now));
            MemberView { user: (!members_limited).then_some(user), ..view }
        };
        Ok(ChatDetails {
            chat: ChatView::new(&chat, &head, member.floor()),
            unread_count: member.unread(head.last_seq),
            members: members.into_iter().map(view).collect(),
            members_limited,
        })
    }
}
