//! Items of blocks: one in UserItems for each block, and one for two users without a private chat.

use super::{FurtherKind, Item, further_seq, s, user_set};
use domain::block::Block;
use domain::ids::UserId;
use domain::text::Invalid;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How the key `item` of a block begins. The id of the blocked user follows.
pub(crate) const BLOCK_PREFIX: &str = "block:";

/// The seq of the item that says which of two users without a private chat blocks the other one.
pub(crate) const BLOCKED_PAIR_SEQ: i64 = further_seq(FurtherKind::BlockedPair, 0);

/// The key of a block.
pub(crate) fn block_key(blocker: &UserId, blocked: &UserId) -> Item {
    let item = s(format!("{BLOCK_PREFIX}{blocked}"));
    Item::from([("userId".to_owned(), s(blocker.as_str())), ("item".to_owned(), item)])
}

/// A block. `userId` is who blocks; the blocked user is in the key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlockItem {
    user_id: UserId,
    item: String,
    blocked_at: i64,
}

impl BlockItem {
    pub(crate) fn new(blocker: &UserId, blocked: &UserId, at: Timestamp) -> Self {
        let item = format!("{BLOCK_PREFIX}{blocked}");
        Self { user_id: blocker.clone(), item, blocked_at: at.millis() }
    }
}

/// A block that was parsed from an item.
#[derive(Deserialize)]
#[serde(try_from = "BlockItem")]
pub(crate) struct StoredBlock(Block);

impl TryFrom<BlockItem> for StoredBlock {
    type Error = Invalid;

    fn try_from(item: BlockItem) -> Result<Self, Invalid> {
        let blocked = item.item.strip_prefix(BLOCK_PREFIX).unwrap_or_default();
        let blocked_at = Timestamp::from_millis(item.blocked_at);
        Ok(Self(Block { user_id: UserId::parse(blocked)?, blocked_at }))
    }
}

impl From<StoredBlock> for Block {
    fn from(StoredBlock(block): StoredBlock) -> Self {
        block
    }
}

/// Which of two users without a private chat blocks the other one. The item exists only while one does.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlockedPairItem {
    #[serde(with = "user_set")]
    pub(crate) blocked_by: BTreeSet<UserId>,
}
