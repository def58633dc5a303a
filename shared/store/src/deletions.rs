//! The deletions that do not fit into the head and the member item: reads, and their part of a change's transaction.

use crate::DynamoStore;
use crate::changes::put;
use crate::errors::failed;
use crate::items::{
    OlderOwnDeletionsItem, SeqSetItem, TombstoneBlockItem, block_seq, from_item, n, older_own_deletions_key, s,
    to_item, to_value,
};
use crate::query::query_all;
use aws_sdk_dynamodb::types::builders::{PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{Put, ReturnConsumedCapacity, TransactWriteItem};
use domain::deletions::{DeletionRecord, OlderOwnDeletions, RecentDeletions, Rewrite, TombstoneBlock};
use domain::ids::{ChatId, Rev, UserId};
use domain::ports::{Env, ReadDeletions, StoreError};

impl<E: Env, C: Sync> ReadDeletions for DynamoStore<E, C> {
    async fn tombstone_blocks(&self, chat: &ChatId, from: u64, to: u64) -> Result<Vec<TombstoneBlock>, StoreError> {
        // A higher block has a lower seq, so the query goes backwards.
        let query = self
            .client
            .query()
            .table_name(&self.tables.messages)
            .key_condition_expression("chatId = :chat AND seq BETWEEN :last AND :first")
            .expression_attribute_values(":chat", s(chat.as_str()))
            .expression_attribute_values(":last", n(block_seq(to)))
            .expression_attribute_values(":first", n(block_seq(from)))
            .scan_index_forward(false);
        query_all::<TombstoneBlockItem, TombstoneBlock>("Messages", query).await
    }

    async fn older_own_deletions(&self, chat: &ChatId, user: &UserId) -> Result<Option<OlderOwnDeletions>, StoreError> {
        let call = self.client.get_item().table_name(&self.tables.chat_members);
        let call = call.set_key(Some(older_own_deletions_key(chat, user))).consistent_read(true);
        let output = call.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await;
        let item = output.map_err(|error| failed("GetItem", error))?.item;
        let item = item.map(|item| from_item::<OlderOwnDeletionsItem>("ChatMembers", item)).transpose()?;
        Ok(item.map(OlderOwnDeletions::from))
    }
}

/// The condition that an item has the rev that was read, or that there is none.
fn unchanged(put: PutBuilder, before: Option<Rev>) -> PutBuilder {
    match before {
        Some(rev) => put.condition_expression("rev = :before").expression_attribute_values(":before", n(rev.0)),
        None => put.condition_expression("attribute_not_exists(chatId)"),
    }
}

/// Adds recent deletions to the update of an item, and what its `SET` needs to `sets`. The names of the attributes are
/// `name` and `name` with `Above` at the end.
pub(crate) fn set_recent(
    update: UpdateBuilder,
    table: &'static str,
    sets: &mut Vec<String>,
    name: &'static str,
    recent: &RecentDeletions,
) -> Result<UpdateBuilder, StoreError> {
    sets.push(format!("{name} = :{name}, {name}Above = :{name}Above"));
    let seqs = to_value(table, &SeqSetItem(recent.seqs.clone()))?;
    Ok(update
        .expression_attribute_values(format!(":{name}"), seqs)
        .expression_attribute_values(format!(":{name}Above"), n(recent.above)))
}

impl<E: Env, C: Sync> DynamoStore<E, C> {
    /// The further items that a deletion writes. The recent deletions are in the head, or in the member item of `user`.
    pub(crate) fn older_deletion_items(
        &self,
        chat: &ChatId,
        user: Option<&UserId>,
        deletion: &DeletionRecord,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        match (deletion, user) {
            (DeletionRecord::Tombstone { blocks, .. }, _) => {
                let item = |Rewrite { after, before }: &Rewrite<TombstoneBlock>| {
                    let item = to_item("Messages", &TombstoneBlockItem::new(chat, after))?;
                    let block = Put::builder().table_name(&self.tables.messages).set_item(Some(item));
                    put(unchanged(block, *before))
                };
                blocks.iter().map(item).collect()
            }
            (DeletionRecord::Own { older: Some(Rewrite { after, before }), .. }, Some(user)) => {
                let item = to_item("ChatMembers", &OlderOwnDeletionsItem::new(chat, user, after))?;
                let older = Put::builder().table_name(&self.tables.chat_members).set_item(Some(item));
                Ok(vec![put(unchanged(older, *before))?])
            }
            (DeletionRecord::Own { .. }, _) => Ok(Vec::new()),
        }
    }
}
