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

impl ChatState {
    /// The same state with a later head. None if something else may have changed that a message depends on: the
    /// participants, or the message that it replies to if `is_reply`.
    pub(super) fn at_head(self, head: Head, is_reply: bool) -> Option<Self> {
        let is_same = head.members_rev == self.head.members_rev && (!is_reply || head.last_rev == self.head.last_rev);
        is_same.then_some(Self { head, ..self })
    }
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

    /// The same state with a later head; None if something else may have changed that a change depends on. Messages
    /// that were stored since change nothing of it. Read positions may have moved, which an answer then shows a moment
    /// late.
    pub(super) fn at_head(self, head: Head) -> Option<Self> {
        let is_same = head.members_rev == self.head.members_rev && head.last_rev == self.head.last_rev;
        is_same.then_some(Self { head, ..self })
    }

    pub(super) fn member(&self, user: &UserId) -> Option<&Member> {
        self.members.iter().find(|member| &member.user == user)
    }

    pub(super) fn is_admin(&self, user: &UserId) -> bool {
        self.chat.admins.contains(user)
    }
}

/// What a user finds under a chat id. Only use cases that create chats may tell the first two apart in their answers.
pub(super) enum Found {
    /// There is no such chat.
    Nothing,
    /// The user is not in the chat.
    NotAMember,
    /// The chat as the user finds it.
    Chat(Box<ChatState>),
}

/// Reads one chat. Every retry takes from the time that the use case has for all of its tries.
pub(super) struct ChatReader<'a, 'e, S, E> {
    store: &'a S,
    retry: &'a mut Retry<'e, E>,
    chat: &'a ChatId,
}

impl<'a, 'e, S: ReadChats, E: Env> ChatReader<'a, 'e, S, E> {
    pub(super) fn new(store: &'a S, retry: &'a mut Retry<'e, E>, chat: &'a ChatId) -> Self {
        Self { store, retry, chat }
    }

    /// The chat as `user` finds it, with message `seq` if one is requested. None if there is no such chat or the user
    /// is not in it.
    pub(super) async fn state(self, user: &UserId, seq: Option<Seq>) -> Result<Option<ChatState>, StoreError> {
        match self.find(user, seq).await? {
            Found::Chat(state) => Ok(Some(*state)),
            Found::Nothing | Found::NotAMember => Ok(None),
        }
    }

    /// Like [`Self::state`], but tells a chat that does not exist from one that the user is not in.
    pub(super) async fn find(mut self, user: &UserId, seq: Option<Seq>) -> Result<Found, StoreError> {
        let ChatSnapshot { chat, head, member, message } = self.store.snapshot(self.chat, Some(user), seq).await?;
        let Some(head) = head else { return Ok(Found::Nothing) };
        let Some(member) = member else { return Ok(Found::NotAMember) };
        let chat = self.wait_for_rev(&head, chat).await?;
        Ok(Found::Chat(Box::new(ChatState { chat, head, member, message })))
    }

    /// Like [`Self::state`], with all members. Reads again if a membership changes between the reads, so that the
    /// document and the members belong to one moment.
    pub(super) async fn full_state(mut self, user: &UserId, seq: Option<Seq>) -> Result<Option<FullState>, StoreError> {
        loop {
            // The members are read after the head. A later change of the members also changes the head, so the commit
            // fails.
            let snapshot = self.store.snapshot(self.chat, None, seq).await?;
            let ChatSnapshot { chat, head: Some(head), message, .. } = snapshot else { return Ok(None) };
            let members = self.store.members(self.chat).await?;
            if !members.iter().any(|member| &member.user == user) {
                return Ok(None);
            }
            let chat = self.wait_for_rev(&head, chat).await?;
            // A closed group has one member left, while its document keeps both of the last two.
            let has_same_members = match chat.closed_at {
                None => members.iter().map(|member| &member.user).eq(&chat.participants),
                Some(_) => members.len() == 1,
            };
            if has_same_members && chat.members_rev == head.members_rev {
                return Ok(Some(FullState { chat, head, members, message }));
            }
            self.wait("the members of the chat kept changing").await?;
        }
    }

    /// Returns the chat document once it is at least as new as its head. While it is behind, reads it again with strong
    /// consistency, until the transaction that changed both is visible in both.
    pub(super) async fn wait_for_rev(&mut self, head: &Head, chat: Option<Chat>) -> Result<Chat, StoreError> {
        let mut latest = chat;
        loop {
            if let Some(chat) = latest.filter(|chat| chat.members_rev >= head.members_rev) {
                return Ok(chat);
            }
            latest = Some(self.fresh_chat().await?);
            if latest.as_ref().is_some_and(|chat| chat.members_rev < head.members_rev) {
                self.wait("the chat document stays behind the head").await?;
            }
        }
    }

    /// Waits before the chat is read again.
    async fn wait(&mut self, problem: &'static str) -> Result<(), StoreError> {
        if self.retry.again().await {
            return Ok(());
        }
        Err(StoreError::Unavailable { operation: "reading a chat", source: problem.into() })
    }

    /// Reads the document of an existing chat with strong consistency.
    async fn fresh_chat(&self) -> Result<Chat, StoreError> {
        self.store.chat(self.chat, Consistency::Strong).await?.ok_or_else(|| StoreError::Inconsistent {
            table: "Chats",
            key: self.chat.to_string(),
            attribute: "the item is missing, but the chat has a head".to_owned(),
        })
    }
}
