//! One chat, with its participants as the caller may see them.

use super::error::ChatError;
use super::state::{ChatState, chat_state};
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

/// Above this many participants the members come without their ChatUser: reading those is paid by the head.
const MAX_MEMBERS_WITH_USER: usize = 100;

/// A chat and its members.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatDetails {
    /// The chat, as the caller is shown it.
    pub chat: ChatView,
    /// How many messages the caller has not read.
    pub unread_count: u64,
    /// Every participant's read position, by userId.
    pub members: Vec<MemberView>,
}

/// One participant of a chat.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    /// Who.
    pub user_id: UserId,
    /// The last message before they joined.
    pub joined_seq: Seq,
    /// When they joined.
    pub joined_at: Timestamp,
    /// The last message that they have read. Clearing is not reading: who has seen a message follows from this.
    pub read_seq: Seq,
    /// When they read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// Nickname, presence, last seen; in chats of at most 100 participants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ChatUserView>,
}

impl MemberView {
    /// What every participant is shown of a member.
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
    /// The chat and its members' read positions.
    ///
    /// # Errors
    /// [`ChatError`].
    pub async fn get_chat(&self, caller: &Caller, id: &ChatId) -> Result<ChatDetails, ChatError> {
        let state = chat_state(&self.store, &mut Retry::new(&self.env), id, &caller.user, None).await?;
        let ChatState { chat, head, member, .. } = state.ok_or(ChatError::NotFound)?;
        let shown: Vec<UserId> = match chat.participants.len() {
            0..=MAX_MEMBERS_WITH_USER => chat.participants.iter().cloned().collect(),
            _ => Vec::new(),
        };
        let (members, known) = try_join(self.store.members(id), self.store.users(&shown)).await?;
        let now = self.env.now();
        let mut users: BTreeMap<UserId, ChatUser> = known.into_iter().map(|user| (user.id.clone(), user)).collect();
        let mut view = |user: &UserId| {
            let known = users.remove(user).unwrap_or_else(|| ChatUser::unknown(user.clone()));
            ChatUserView::new(&known, &caller.user, now)
        };
        let members = members
            .into_iter()
            .map(|member| {
                let user = (!shown.is_empty()).then(|| view(&member.user));
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
