//! The deletions that do not fit into the head and the member item: reads, and their part of a change's transaction.

use crate::DynamoStore;
use crate::items::{
    OlderOwnDeletionsItem, SeqSetItem, TombstoneBlockItem, n, older_own_deletions_key, to_item, to_value,
    tombstone_block_seq,
};
use crate::query::query_all;
use crate::transaction::put;
use aws_sdk_dynamodb::types::builders::{PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use domain::deletions::{DeletionRecord, OlderOwnDeletions, RecentDeletions, Rewrite, TombstoneBlock};
use domain::ids::{ChatId, Rev, UserId};
use domain::ports::{Consistency, Env, ReadDeletions, StoreError};

impl<E: Env, C: Sync> ReadDeletions for DynamoStore<E, C> {
    async fn tombstone_blocks(&self, chat: &ChatId, from: u64, to: u64) -> Result<Vec<TombstoneBlock>, StoreError> {
        // A higher block has a lower seq, so the query goes backwards.
        let query = self.query_log(chat, tombstone_block_seq(to), tombstone_block_seq(from)).scan_index_forward(false);
        query_all::<TombstoneBlockItem, TombstoneBlock>("Messages", query).await
    }

    async fn older_own_deletions(&self, chat: &ChatId, user: &UserId) -> Result<Option<OlderOwnDeletions>, StoreError> {
        let (table, key) = (&self.tables.chat_members, older_own_deletions_key(chat, user));
        let item = self.get::<OlderOwnDeletionsItem>("ChatMembers", table, key, Consistency::Strong).await?;
        Ok(item.map(OlderOwnDeletions::from))
    }
}

/// The condition that an item has the rev that was read, or that there is none.
pub(crate) fn unchanged(put: PutBuilder, before: Option<Rev>) -> PutBuilder {
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
