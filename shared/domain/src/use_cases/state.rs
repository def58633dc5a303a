//! Reads a chat consistently: the parts of a state belong to one moment. A read that must be repeated uses up the
//! caller's [`Retry`].

use crate::chat::{Chat, Head};
use crate::ids::{ChatId, Seq, UserId};
use crate::member::Member;
use crate::message::Message;
use crate::ports::{ChatSnapshot, Consistency, Env, ReadChats, StoreError};
use crate::retry::Retry;

/// A chat as one participant finds it. The chat document is as new as the head.
#[derive(Debug)]
pub(super) struct ChatState {
    pub(super) chat: Chat,
    pub(super) head: Head,
    pub(super) member: Member,
    /// The requested message; None if none was requested or it does not exist.
    pub(super) message: Option<Message>,
}

/// A chat with all of its members at one moment.
#[derive(Debug)]
pub(super) struct FullState {
    pub(super) chat: Chat,
    pub(super) head: Head,
    pub(super) members: Vec<Member>,
    /// The requested message; None if none was requested or it does not exist.
    pub(super) message: Option<Message>,
}

impl FullState {
    /// A state whose only member is the caller, for changes that do not depend on the others.
    pub(super) fn with_one_member(ChatState { chat, head, member, message }: ChatState) -> Self {
        Self { chat, head, members: vec![member], message }
    }

    pub(super) fn member(&self, user: &UserId) -> Option<&Member> {
        self.members.iter().find(|member| &member.user == user)
    }

    pub(super) fn is_admin(&self, user: &UserId) -> bool {
        self.chat.admins.contains(user)
    }
}

/// The chat as `user` finds it, with message `seq` if one is requested. None if there is no such chat or the user is
/// not in it.
pub(super) async fn chat_state(
    store: &impl ReadChats,
    retry: &mut Retry<'_, impl Env>,
    id: &ChatId,
    user: &UserId,
    seq: Option<Seq>,
) -> Result<Option<ChatState>, StoreError> {
    let ChatSnapshot { chat, head, member, message } = store.snapshot(id, Some(user), seq).await?;
    let (Some(head), Some(member)) = (head, member) else {
        return Ok(None);
    };
    let chat = wait_for_rev(&head, chat, store, retry, id).await?;
    Ok(Some(ChatState { chat, head, member, message }))
}

/// Like [`chat_state`], with all members. Reads again if a membership changes between the reads, so that the document
/// and the members belong to one moment.
pub(super) async fn full_state(
    store: &impl ReadChats,
    retry: &mut Retry<'_, impl Env>,
    id: &ChatId,
    user: &UserId,
    seq: Option<Seq>,
) -> Result<Option<FullState>, StoreError> {
    loop {
        // The members are read after the head. A later change of the members also changes the head, so the commit
        // fails.
        let ChatSnapshot { chat, head: Some(head), message, .. } = store.snapshot(id, None, seq).await? else {
            return Ok(None);
        };
        let members = store.members(id).await?;
        if !members.iter().any(|member| &member.user == user) {
            return Ok(None);
        }
        let chat = wait_for_rev(&head, chat, store, retry, id).await?;
        // A closed group has one member left, while its document keeps both of the last two.
        let has_same_members = match chat.closed_at {
            None => members.iter().map(|member| &member.user).eq(&chat.participants),
            Some(_) => members.len() == 1,
        };
        if has_same_members && chat.members_rev == head.members_rev {
            return Ok(Some(FullState { chat, head, members, message }));
        }
        if !retry.again().await {
            return Err(StoreError::Unavailable {
                operation: "reading a chat",
                source: "the members of the chat kept changing".into(),
            });
        }
    }
}

/// Returns the chat document once it is at least as new as its head. While it is behind, reads it again with strong
/// consistency, until the transaction that changed both is visible in both.
pub(super) async fn wait_for_rev(
    head: &Head,
    chat: Option<Chat>,
    store: &impl ReadChats,
    retry: &mut Retry<'_, impl Env>,
    id: &ChatId,
) -> Result<Chat, StoreError> {
    let mut latest = chat;
    loop {
        if let Some(chat) = latest.filter(|chat| chat.members_rev >= head.members_rev) {
            return Ok(chat);
        }
        latest = Some(fresh_chat(store, id).await?);
        let is_behind = latest.as_ref().is_some_and(|chat| chat.members_rev < head.members_rev);
        if is_behind && !retry.again().await {
            return Err(StoreError::Unavailable {
                operation: "reading a chat",
                source: "the chat document stays behind the head".into(),
            });
        }
    }
}

/// Reads the document of an existing chat with strong consistency.
async fn fresh_chat(store: &impl ReadChats, id: &ChatId) -> Result<Chat, StoreError> {
    store.chat(id, Consistency::Strong).await?.ok_or_else(|| StoreError::Inconsistent {
        table: "Chats",
        key: id.to_string(),
        attribute: "the item is missing, but the chat has a head".to_owned(),
    })
}
