//! Reading a chat as use cases need it: what is read together is of one moment. Reading again takes of the time that the
//! use case has for all its tries.

use crate::chat::{Chat, Head};
use crate::ids::{ChatId, Seq, UserId};
use crate::member::Member;
use crate::message::Message;
use crate::ports::{ChatSnapshot, Consistency, Env, ReadChats, StoreError};
use crate::retry::Retry;

/// A chat, fresh enough to act upon: the chat document is that of the head.
#[derive(Debug)]
pub(super) struct ChatState {
    pub(super) chat: Chat,
    pub(super) head: Head,
    pub(super) member: Member,
    /// The message that was asked for, if there is one.
    pub(super) message: Option<Message>,
}

/// A chat with all of its members, as they were at one moment.
#[derive(Debug)]
pub(super) struct FullState {
    pub(super) chat: Chat,
    pub(super) head: Head,
    pub(super) members: Vec<Member>,
    /// The message that was asked for, if there is one.
    pub(super) message: Option<Message>,
}

impl FullState {
    /// The same with one member alone, where the others do not matter.
    pub(super) fn of_one(ChatState { chat, head, member, message }: ChatState) -> Self {
        Self { chat, head, members: vec![member], message }
    }

    pub(super) fn member(&self, user: &UserId) -> Option<&Member> {
        self.members.iter().find(|member| &member.user == user)
    }

    pub(super) fn is_admin(&self, user: &UserId) -> bool {
        self.chat.admins.contains(user)
    }
}

/// The chat as `user` finds it, with the message at `place`; None if it is not there or they are not in it.
pub(super) async fn chat_state(
    store: &impl ReadChats,
    retry: &mut Retry<'_, impl Env>,
    id: &ChatId,
    user: &UserId,
    place: Option<Seq>,
) -> Result<Option<ChatState>, StoreError> {
    let ChatSnapshot { chat, head, member, message } = store.snapshot(id, Some(user), place).await?;
    let (Some(head), Some(member)) = (head, member) else {
        return Ok(None);
    };
    let chat = wait_for_rev(&head, chat, store, retry, id).await?;
    Ok(Some(ChatState { chat, head, member, message }))
}

/// The same with all members; None also if `user` is none of them. A membership that changes between the two reads is
/// read again, so that document and members are of one moment.
pub(super) async fn full_state(
    store: &impl ReadChats,
    retry: &mut Retry<'_, impl Env>,
    id: &ChatId,
    user: &UserId,
    place: Option<Seq>,
) -> Result<Option<FullState>, StoreError> {
    loop {
        // The members after the head: whatever changed them since has moved the head on, and so fails the commit.
        let ChatSnapshot { chat, head: Some(head), message, .. } = store.snapshot(id, None, place).await? else {
            return Ok(None);
        };
        let members = store.members(id).await?;
        if !members.iter().any(|member| &member.user == user) {
            return Ok(None);
        }
        let chat = wait_for_rev(&head, chat, store, retry, id).await?;
        // In a closed group the last member is alone, while the document keeps both.
        let agree = match chat.closed_at {
            None => members.iter().map(|member| &member.user).eq(&chat.participants),
            Some(_) => members.len() == 1,
        };
        if agree && chat.members_rev == head.members_rev {
            return Ok(Some(FullState { chat, head, members, message }));
        }
        if !retry.again().await {
            return Err(StoreError::Unavailable {
                operation: "reading a chat",
                source: "its members kept changing".into(),
            });
        }
    }
}

/// A chat document that is not behind its head: one that is, is read again, strongly, until the transaction that
/// changed both can be seen in both.
pub(super) async fn wait_for_rev(
    head: &Head,
    chat: Option<Chat>,
    store: &impl ReadChats,
    retry: &mut Retry<'_, impl Env>,
    id: &ChatId,
) -> Result<Chat, StoreError> {
    let mut found = chat;
    loop {
        if let Some(chat) = found.filter(|chat| chat.members_rev >= head.members_rev) {
            return Ok(chat);
        }
        found = Some(fresh_chat(store, id).await?);
        let behind = found.as_ref().is_some_and(|chat| chat.members_rev < head.members_rev);
        if behind && !retry.again().await {
            return Err(StoreError::Unavailable {
                operation: "reading a chat",
                source: "its document stays behind".into(),
            });
        }
    }
}

/// The chat document, read strongly, of a chat that is known to be there.
async fn fresh_chat(store: &impl ReadChats, id: &ChatId) -> Result<Chat, StoreError> {
    store.chat(id, Consistency::Strong).await?.ok_or_else(|| StoreError::Inconsistent {
        table: "Chats",
        key: id.to_string(),
        attribute: "the item is missing, but the chat has a head".to_owned(),
    })
}
