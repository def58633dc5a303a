//! Blocks a user, ends a block, and lists the caller's blocks.

use super::error::{ChatError, Refusal};
use super::{App, Caller};
use crate::block::{Block, BlockChange, BlockChangeKind, MAX_BLOCKED_USERS};
use crate::budget::RateLimited;
use crate::event::Event;
use crate::ids::{ChatId, UserId};
use crate::meter::PushReport;
use crate::ports::{BlockStore, Env, LimitsStore, ListBlocks, Push, ReadChats, Registry, StoreError};
use crate::retry::Retry;
use crate::user_limits::LimitsChange;
use futures_util::future::try_join;
use serde::Serialize;

/// The request to block a user, or to end the block.
#[derive(Debug, Clone)]
pub struct BlockUser {
    /// The user who blocks.
    pub caller: Caller,
    /// The user to block. Nobody asks the Auth Service about them: a block must work while that service is down, and of
    /// a user who does not exist it has no effect.
    pub user: UserId,
    /// True to block, false to end the block.
    pub block: bool,
}

/// The state of the block after the request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockOutcome {
    /// The other user.
    pub user_id: UserId,
    /// Whether the caller blocks them.
    pub blocked: bool,
    /// The results of the posts to the caller's other devices.
    #[serde(skip)]
    pub pushed: PushReport,
}

/// The caller's blocks.
#[derive(Debug, Serialize)]
pub struct Blocks {
    /// The blocks, sorted by `userId`; at most [`MAX_BLOCKED_USERS`].
    pub blocks: Vec<Block>,
}

/// Why a block is refused.
#[derive(Debug, thiserror::Error)]
pub enum BlockUserError {
    /// The caller names themselves.
    #[error("nobody blocks themselves")]
    Yourself,
    /// The caller blocks too many users.
    #[error("more than {limit} blocked users")]
    TooMany {
        /// The most users whom one user can block.
        limit: u64,
    },
    /// The caller changes their blocks too fast.
    #[error(transparent)]
    RateLimited(RateLimited),
}

impl Refusal for BlockUserError {}

impl<S: BlockStore + ReadChats + LimitsStore + Registry, P: Push, E: Env> App<S, P, E> {
    /// Blocks a user or ends the block, and pushes `block.updated` to the caller's other devices. The other user learns
    /// nothing. A request that changes nothing writes nothing.
    ///
    /// # Errors
    /// [`ChatError`] and [`BlockUserError`].
    pub async fn block_user(&self, command: BlockUser) -> Result<BlockOutcome, ChatError<BlockUserError>> {
        let BlockUser { caller, user: blocked, block } = command;
        let blocker = &caller.user;
        if *blocker == blocked {
            return Err(BlockUserError::Yourself.into());
        }
        let chat = ChatId::private(blocker, &blocked);
        let mut retry = Retry::new(&self.env);
        loop {
            let (present, limits) = try_join(self.store.block(blocker, &blocked), self.store.limits(blocker)).await?;
            if present.is_some() == block {
                return Ok(BlockOutcome { user_id: blocked, blocked: block, pushed: PushReport::default() });
            }
            let now = self.env.now();
            let spending = self.settings.profile_changes.spend(limits.block_changes, 1, now);
            let spending = spending.map_err(BlockUserError::RateLimited)?;
            // Every change of the number also writes the bucket, so the commit fails if the number is no longer this one.
            if block && limits.blocked_users >= MAX_BLOCKED_USERS {
                return Err(BlockUserError::TooMany { limit: MAX_BLOCKED_USERS }.into());
            }
            let has_chat = self.store.position(&chat, blocker).await?.is_some();
            let kind = match block {
                true => BlockChangeKind::Begin(now),
                false => {
                    let is_mutual = !has_chat && self.store.block(&blocked, blocker).await?.is_some();
                    BlockChangeKind::End { is_mutual }
                }
            };
            let limits = LimitsChange {
                block_changes: Some(spending),
                more_blocked_users: if block { 1 } else { -1 },
                ..LimitsChange::of(blocker.clone())
            };
            let change = BlockChange { blocker: blocker.clone(), blocked: blocked.clone(), kind, has_chat, limits };
            if self.store.change_block(&change).await? {
                let audience = self.load_audience(std::slice::from_ref(blocker)).await;
                let event = Event::block_updated(blocked.clone(), block);
                let pushed = self.push(&audience, caller.connection.as_ref(), &event).await;
                return Ok(BlockOutcome { user_id: blocked, blocked: block, pushed });
            }
            if !retry.again().await {
                return Err(ChatError::Busy);
            }
        }
    }
}

impl<S: ListBlocks, P, E> App<S, P, E> {
    /// Lists the users whom the caller blocks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_blocks(&self, caller: &Caller) -> Result<Blocks, StoreError> {
        Ok(Blocks { blocks: self.store.blocks(&caller.user).await? })
    }
}
