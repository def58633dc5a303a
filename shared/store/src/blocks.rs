//! Blocks: the transaction that begins or ends one, and the reads.

use crate::DynamoStore;
use crate::chats::{chat_key, member_key, message_key};
use crate::items::{
    BLOCK_PREFIX, BLOCKED_PAIR_SEQ, BlockItem, Item, SET_VERSION, StoredBlock, block_key, n, s, to_item, version_value,
};
use crate::query::query_all;
use crate::transaction::{check, delete, put, update};
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::block::{Block, BlockChange, BlockChangeKind};
use domain::chat::Head;
use domain::ids::{ChatId, Seq, UserId};
use domain::ports::{BlockStore, Consistency, Env, FindBlockers, ListBlocks, StoreError};

/// The condition that the head has as many blocks as were read. Needs the value `:blocks`.
pub(crate) fn blocks_condition(head: &Head) -> &'static str {
    match head.blocks {
        0 => "(attribute_not_exists(blockCount) OR blockCount = :blocks)",
        _ => "blockCount = :blocks",
    }
}

impl<E: Env, C: Sync> ListBlocks for DynamoStore<E, C> {
    async fn blocks(&self, blocker: &UserId) -> Result<Vec<Block>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.tables.user_items)
            .key_condition_expression("userId = :user AND begins_with(#item, :prefix)")
            .expression_attribute_names("#item", "item")
            .expression_attribute_values(":user", s(blocker.as_str()))
            .expression_attribute_values(":prefix", s(BLOCK_PREFIX));
        query_all::<StoredBlock, Block>("UserItems", query).await
    }
}

impl<E: Env, C: Sync> FindBlockers for DynamoStore<E, C> {
    async fn is_blocked_by_any(&self, blocked: &UserId, users: &[UserId]) -> Result<bool, StoreError> {
        let keys = users.iter().map(|user| block_key(user, blocked)).collect();
        Ok(!self.get_all(&self.tables.user_items, keys, Consistency::Eventual).await?.is_empty())
    }
}

impl<E: Env, C: Sync> BlockStore for DynamoStore<E, C> {
    async fn block(&self, blocker: &UserId, blocked: &UserId) -> Result<Option<Block>, StoreError> {
        let (table, key) = (&self.tables.user_items, block_key(blocker, blocked));
        let block = self.get::<StoredBlock>("UserItems", table, key, Consistency::Strong).await?;
        Ok(block.map(Block::from))
    }

    async fn change_block(&self, change: &BlockChange) -> Result<bool, StoreError> {
        let mut items = vec![self.write_block(change)?, self.limits_item(&change.limits)?];
        items.extend(match change.has_chat {
            true => self.block_chat(change)?.to_vec(),
            false => self.block_pair(change)?,
        });
        self.commit(items).await
    }
}

impl<E: Env, C: Sync> DynamoStore<E, C> {
    fn write_block(&self, change: &BlockChange) -> Result<TransactWriteItem, StoreError> {
        let BlockChange { blocker, blocked, kind, .. } = change;
        let table = &self.tables.user_items;
        match kind {
            BlockChangeKind::Begin(at) => put(Put::builder()
                .table_name(table)
                .set_item(Some(to_item("UserItems", &BlockItem::new(blocker, blocked, *at))?))
                .condition_expression("attribute_not_exists(userId)")),
            BlockChangeKind::End { .. } => delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(block_key(blocker, blocked)))
                    .condition_expression("attribute_exists(userId)"),
            ),
        }
    }

    /// The block in the items of the private chat: its head, which every commit is conditioned on; the blocker's member
    /// item, which every read of the blocker has; and the chat document, by which presence is pushed.
    fn block_chat(&self, change: &BlockChange) -> Result<[TransactWriteItem; 3], StoreError> {
        let BlockChange { blocker, kind, .. } = change;
        let chat = change.chat();
        let begins = matches!(kind, BlockChangeKind::Begin(_));
        let head = Update::builder()
            .table_name(&self.tables.messages)
            .set_key(Some(message_key(&chat, Seq(0))))
            .update_expression("ADD blockCount :more")
            .condition_expression("attribute_exists(chatId)")
            .expression_attribute_values(":more", n(if begins { 1 } else { -1 }));
        let member = Update::builder()
            .table_name(&self.tables.chat_members)
            .set_key(Some(member_key(&chat, blocker)))
            .condition_expression("attribute_exists(userId)")
            .expression_attribute_values(":one", n(1));
        let member = match begins {
            true => member
                .update_expression("SET isBlocking = :true ADD memberRev :one")
                .expression_attribute_values(":true", AttributeValue::Bool(true)),
            false => member.update_expression("REMOVE isBlocking ADD memberRev :one"),
        };
        let document = Update::builder()
            .table_name(&self.tables.chats)
            .set_key(Some(chat_key(&chat)))
            .update_expression(if begins { "ADD blockedBy :blocker" } else { "DELETE blockedBy :blocker" })
            .condition_expression("attribute_exists(chatId)")
            .expression_attribute_values(":blocker", user_set(blocker));
        Ok([update(head)?, update(member)?, update(document)?])
    }

    /// The block of two users without a private chat: the item of the pair, and the check that they still have none.
    fn block_pair(&self, change: &BlockChange) -> Result<Vec<TransactWriteItem>, StoreError> {
        let BlockChange { blocker, blocked, kind, .. } = change;
        let chat = change.chat();
        let update_pair = || Update::builder().table_name(&self.tables.messages).set_key(Some(pair_key(&chat)));
        let pair = match kind {
            BlockChangeKind::Begin(_) => {
                let (version, value) = version_value();
                update(
                    update_pair()
                        .update_expression(format!("SET {SET_VERSION} ADD blockedBy :blocker"))
                        .expression_attribute_values(version, value)
                        .expression_attribute_values(":blocker", user_set(blocker)),
                )?
            }
            BlockChangeKind::End { is_mutual: true } => update(
                update_pair()
                    .update_expression("DELETE blockedBy :blocker")
                    .condition_expression("contains(blockedBy, :other)")
                    .expression_attribute_values(":blocker", user_set(blocker))
                    .expression_attribute_values(":other", s(blocked.as_str())),
            )?,
            BlockChangeKind::End { is_mutual: false } => delete(
                Delete::builder()
                    .table_name(&self.tables.messages)
                    .set_key(Some(pair_key(&chat)))
                    .condition_expression("blockedBy = :blocker")
                    .expression_attribute_values(":blocker", user_set(blocker)),
            )?,
        };
        let no_chat = ConditionCheck::builder()
            .table_name(&self.tables.chats)
            .set_key(Some(chat_key(&chat)))
            .condition_expression("attribute_not_exists(chatId)");
        Ok(vec![pair, check(no_chat)?])
    }

    /// For the transaction of a new private chat: neither of the two blocks the other one. If the check fails, DynamoDB
    /// returns the item, which says who does.
    pub(crate) fn check_pair(&self, chat: &ChatId) -> Result<TransactWriteItem, StoreError> {
        check(
            ConditionCheck::builder()
                .table_name(&self.tables.messages)
                .set_key(Some(pair_key(chat)))
                .condition_expression("attribute_not_exists(chatId)")
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld),
        )
    }
}

/// The key of the item that says which of two users without a private chat blocks the other one.
fn pair_key(chat: &ChatId) -> Item {
    Item::from([("chatId".to_owned(), s(chat.as_str())), ("seq".to_owned(), n(BLOCKED_PAIR_SEQ))])
}

fn user_set(user: &UserId) -> AttributeValue {
    AttributeValue::Ss(vec![user.as_str().to_owned()])
}
