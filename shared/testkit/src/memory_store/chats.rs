//! Chats, their members, and reads of many chats at once.

use super::{MemoryStore, State};
use crate::rng::Rng;
use domain::chat::{Chat, Head};
use domain::former_member::FormerMember;
use domain::ids::{ChatId, Seq, UserId};
use domain::member::Member;
use domain::member_settings::MemberSettings;
use domain::ports::{
    ChatSnapshot, Consistency, CreateChats, Creation, FindMembers, PageMembers, ReadChats, ReadFormerMembers,
    ReadInbox, ReadingOrder, StoreError,
};
use domain::user_limits::LimitsChange;
use std::collections::{BTreeMap, BTreeSet};

impl ReadChats for MemoryStore {
    async fn snapshot(
        &self,
        chat: &ChatId,
        user: Option<&UserId>,
        message: Option<Seq>,
    ) -> Result<ChatSnapshot, StoreError> {
        // 0 is the seq of the head. DynamoDB refuses a BatchGetItem with the same key twice.
        assert_ne!(message, Some(Seq(0)));
        self.read(|state| {
            self.calls.count(|calls| calls.snapshots += 1);
            ChatSnapshot {
                chat: state.document(&self.rng, chat, Consistency::Eventual),
                head: state.heads.get(chat).cloned(),
                member: user.and_then(|user| state.members.get(&(chat.clone(), user.clone()))).cloned(),
                message: message.and_then(|seq| state.messages.get(&(chat.clone(), seq)).cloned()),
            }
        })
        .await
    }

    async fn position(&self, chat: &ChatId, user: &UserId) -> Result<Option<(Head, Member)>, StoreError> {
        let ChatSnapshot { head, member, .. } = self.snapshot(chat, Some(user), None).await?;
        Ok(head.zip(member))
    }

    async fn chat(&self, chat: &ChatId, consistency: Consistency) -> Result<Option<Chat>, StoreError> {
        self.read(|state| state.document(&self.rng, chat, consistency)).await
    }

    async fn members(&self, chat: &ChatId) -> Result<Vec<Member>, StoreError> {
        self.read(|state| state.members.iter().filter(|((of, _), _)| of == chat).map(|(_, m)| m.clone()).collect())
            .await
    }
}

impl ReadFormerMembers for MemoryStore {
    async fn former_members(&self, chat: &ChatId, users: &[UserId]) -> Result<Vec<FormerMember>, StoreError> {
        assert_different(users);
        self.read(|state| {
            let former = |user: &UserId| state.former_member(&self.rng, &(chat.clone(), user.clone()));
            users.iter().filter_map(former).collect()
        })
        .await
    }

    async fn former_readers(
        &self,
        chat: &ChatId,
        from: Seq,
        order: ReadingOrder,
        max: usize,
    ) -> Result<Vec<FormerMember>, StoreError> {
        self.read(|state| {
            let of_chat = state.past.iter().filter(|((of, _), _)| of == chat);
            let former = of_chat.map(|(_, former)| former.clone());
            let mut readers: Vec<_> = former.filter_map(|former| Some((former.past_read_seq()?, former))).collect();
            readers.retain(|(read, _)| *read >= from);
            readers.sort_by_key(|(read, _)| *read);
            if order == ReadingOrder::MostFirst {
                readers.reverse();
            }
            readers.into_iter().take(max).map(|(_, former)| former).collect()
        })
        .await
    }
}

impl State {
    /// The document of a chat as a read sees it.
    fn document(&self, rng: &Rng, chat: &ChatId, consistency: Consistency) -> Option<Chat> {
        match consistency {
            Consistency::Eventual if rng.percent(self.faults.stale_chat) => self.stale_chats.get(chat).cloned(),
            _ => self.chats.get(chat).cloned(),
        }
    }

    /// What is kept of a former member as a read sees it. Once a read has shown the last departure, every later read
    /// shows it.
    fn former_member(&mut self, rng: &Rng, key: &(ChatId, UserId)) -> Option<FormerMember> {
        match self.unsettled_past.get(key) {
            Some(before) if rng.percent(self.faults.half_read) => before.clone(),
            _ => {
                self.unsettled_past.remove(key);
                self.past.get(key).cloned()
            }
        }
    }
}

/// DynamoDB refuses a BatchGetItem that has the same key twice.
pub(super) fn assert_different(users: &[UserId]) {
    let different: BTreeSet<_> = users.iter().collect();
    assert_eq!(different.len(), users.len(), "a user is named twice: {users:?}");
}

impl FindMembers for MemoryStore {
    async fn members_among(&self, chat: &ChatId, users: &[UserId]) -> Result<BTreeMap<UserId, Member>, StoreError> {
        assert_different(users);
        self.read(|state| {
            let member = |user: &UserId| state.members.get(&(chat.clone(), user.clone())).cloned();
            users.iter().filter_map(|user| Some((user.clone(), member(user)?))).collect()
        })
        .await
    }
}

impl PageMembers for MemoryStore {
    async fn members_after(
        &self,
        chat: &ChatId,
        after: Option<&UserId>,
        max: usize,
    ) -> Result<Vec<Member>, StoreError> {
        let members = self.members(chat).await?;
        let rest = members.into_iter().filter(|member| after.is_none_or(|after| member.user > *after));
        Ok(rest.take(max).collect())
    }
}

impl CreateChats for MemoryStore {
    async fn create_chat(
        &self,
        chat: &Chat,
        head: &Head,
        members: &[Member],
        limits: &LimitsChange,
    ) -> Result<Creation, StoreError> {
        self.transact(Creation::Conflict, |state| {
            if state.chats.contains_key(&chat.id) {
                return Creation::Exists;
            }
            if !chat.is_group
                && let Some(by_creator) = state.block_between(chat)
            {
                return Creation::Blocked { by_creator };
            }
            if !state.change_limits(limits) {
                return Creation::Conflict;
            }
            state.chats.insert(chat.id.clone(), chat.clone());
            state.put_head(&chat.id, head.clone());
            for member in members {
                state.members.insert((chat.id.clone(), member.user.clone()), member.clone());
            }
            Creation::Created
        })
        .await
    }
}

impl ReadInbox for MemoryStore {
    async fn indexed_chats(&self, user: &UserId) -> Result<Vec<(ChatId, MemberSettings)>, StoreError> {
        self.read(|state| {
            let of_user = state.members.iter().filter(|((_, member), _)| member == user);
            of_user.map(|((chat, _), member)| (chat.clone(), member.settings)).collect()
        })
        .await
    }

    async fn heads(&self, chats: &[ChatId], consistency: Consistency) -> Result<BTreeMap<ChatId, Head>, StoreError> {
        self.read(|state| {
            let head = |chat: &ChatId| match consistency {
                Consistency::Eventual if self.rng.percent(state.faults.stale_chat) => state.stale_heads.get(chat),
                _ => state.heads.get(chat),
            };
            chats.iter().filter_map(|chat| Some((chat.clone(), head(chat)?.clone()))).collect()
        })
        .await
    }

    async fn memberships(
        &self,
        user: &UserId,
        chats: &[ChatId],
        _: Consistency,
    ) -> Result<BTreeMap<ChatId, Member>, StoreError> {
        self.read(|state| {
            let member = |chat: &ChatId| state.members.get(&(chat.clone(), user.clone())).cloned();
            chats.iter().filter_map(|chat| Some((chat.clone(), member(chat)?))).collect()
        })
        .await
    }

    async fn chats(&self, chats: &[ChatId]) -> Result<BTreeMap<ChatId, Chat>, StoreError> {
        let mut documents = BTreeMap::new();
        for id in chats {
            documents.extend(self.chat(id, Consistency::Eventual).await?.map(|chat| (id.clone(), chat)));
        }
        Ok(documents)
    }
}
