//! Blocks of users.

use super::chats::assert_different;
use super::{MemoryStore, State};
use domain::block::{Block, BlockChange, BlockChangeKind};
use domain::chat::Chat;
use domain::ids::UserId;
use domain::ports::{BlockStore, FindBlockers, ListBlocks, StoreError};

impl ListBlocks for MemoryStore {
    async fn blocks(&self, blocker: &UserId) -> Result<Vec<Block>, StoreError> {
        self.read(|state| {
            state.blocks.iter().filter(|((by, _), _)| by == blocker).map(|(_, block)| block.clone()).collect()
        })
        .await
    }
}

impl FindBlockers for MemoryStore {
    async fn is_blocked_by_any(&self, blocked: &UserId, users: &[UserId]) -> Result<bool, StoreError> {
        assert_different(users);
        self.read(|state| users.iter().any(|user| state.has_block(user, blocked))).await
    }
}

impl BlockStore for MemoryStore {
    async fn block(&self, blocker: &UserId, blocked: &UserId) -> Result<Option<Block>, StoreError> {
        self.read(|state| state.blocks.get(&(blocker.clone(), blocked.clone())).cloned()).await
    }

    async fn change_block(&self, change: &BlockChange) -> Result<bool, StoreError> {
        self.transact(false, |state| state.change_block(change)).await
    }
}

impl State {
    fn has_block(&self, blocker: &UserId, blocked: &UserId) -> bool {
        self.blocks.contains_key(&(blocker.clone(), blocked.clone()))
    }

    /// Whether one of the two users of a private chat blocks the other one: None if not, else whether the creator does.
    pub(super) fn block_between(&self, chat: &Chat) -> Option<bool> {
        let other = chat.participants.iter().find(|user| **user != chat.created_by)?;
        let by_creator = self.has_block(&chat.created_by, other);
        (by_creator || self.has_block(other, &chat.created_by)).then_some(by_creator)
    }

    fn change_block(&mut self, change: &BlockChange) -> bool {
        let BlockChange { blocker, blocked, kind, has_chat, limits } = change;
        let id = change.chat();
        let begins = matches!(kind, BlockChangeKind::Begin(_));
        let is_mutual_as_read = match kind {
            BlockChangeKind::End { is_mutual } if !has_chat => *is_mutual == self.has_block(blocked, blocker),
            BlockChangeKind::Begin(_) | BlockChangeKind::End { .. } => true,
        };
        let is_as_read = self.has_block(blocker, blocked) != begins && self.chats.contains_key(&id) == *has_chat;
        if !is_as_read || !is_mutual_as_read || !self.change_limits(limits) {
            return false;
        }
        let key = (blocker.clone(), blocked.clone());
        match kind {
            BlockChangeKind::Begin(at) => {
                self.blocks.insert(key, Block { user_id: blocked.clone(), blocked_at: *at });
            }
            BlockChangeKind::End { .. } => {
                self.blocks.remove(&key);
            }
        }
        if let Some(mut head) = self.heads.get(&id).cloned() {
            head.blocks = head.blocks.saturating_add_signed(if begins { 1 } else { -1 });
            self.put_head(&id, head);
        }
        if let Some(member) = self.members.get_mut(&(id.clone(), blocker.clone())) {
            member.is_blocking = begins;
            member.member_rev = member.member_rev.next();
        }
        if let Some(mut chat) = self.chats.get(&id).cloned() {
            if begins {
                chat.blocked_by.insert(blocker.clone());
            } else {
                chat.blocked_by.remove(blocker);
            }
            self.stale_chats.extend(self.chats.insert(id.clone(), chat).map(|before| (id, before)));
        }
        true
    }
}
