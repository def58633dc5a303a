//! One chat with its members, as the caller sees them.

use super::error::ChatError;
use super::state::{ChatReader, ChatState};
use super::{App, Caller};
use crate::chat::ChatView;
use crate::chat_user::{ChatUser, ChatUserView};
use crate::ids::{ChatId, Seq, UserId};
use crate::member::Member;
use crate::ports::{Env, ReadChats, UserStore};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use futures_util::future::try_join;
use serde::Serialize;
use std::collections::BTreeMap;

/// Above this many participants, members come without `user`: each ChatUser costs a read.
const MAX_MEMBERS_WITH_USER: usize = 100;

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
    /// Nickname and presence; absent in chats of more than 100 participants.
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
    pub async fn get_chat(&self, caller: &Caller, id: &ChatId) -> Result<ChatDetails, ChatError> {
        let state = ChatReader::new(&self.store, &mut Retry::new(&self.env), id).state(&caller.user, None).await?;
        let ChatState { chat, head, member, .. } = state.ok_or(ChatError::NotFound)?;
        let user_ids: Vec<UserId> = match chat.participants.len() {
            0..=MAX_MEMBERS_WITH_USER => chat.participants.iter().cloned().collect(),
            _ => Vec::new(),
        };
        let (members, users) = try_join(self.store.members(id), self.store.users(&user_ids)).await?;
        let now = self.env.now();
        let mut users: BTreeMap<UserId, ChatUser> = users.into_iter().map(|user| (user.id.clone(), user)).collect();
        let mut view = |id: &UserId| {
            let user = users.remove(id).unwrap_or_else(|| ChatUser::unknown(id.clone()));
            ChatUserView::new(&user, &caller.user, now)
        };
        let members = members
            .into_iter()
            .map(|member| {
                let user = (!user_ids.is_empty()).then(|| view(&member.user));
                MemberView { user, ..MemberView::new(member) }
            })
            .collect();
        Ok(ChatDetails {
            chat: ChatView::new(&chat, &head, member.floor()),
            unread_count: member.unread(head.last_seq),
            members,
        })
    }
}
