//! What is kept of users who left a chat.

use crate::DynamoStore;
use crate::items::{FormerMemberItem, from_item, n, past_key, s};
use crate::query::query_at_most;
use domain::former_member::FormerMember;
use domain::ids::{ChatId, Seq, UserId};
use domain::ports::{Consistency, Env, ReadFormerMembers, ReadingOrder, StoreError};

/// The local index of former members by how far they have read. Who has read nothing is not in it.
const INDEX: &str = "pastByReadSeq";

impl<E: Env, C: Sync> ReadFormerMembers for DynamoStore<E, C> {
    async fn past(&self, chat: &ChatId, users: &[UserId]) -> Result<Vec<FormerMember>, StoreError> {
        let keys = users.iter().map(|user| FormerMemberItem::key(chat, user)).collect();
        let items = self.get_all(&self.tables.chat_members, keys, Consistency::Strong).await?;
        let former = |item| from_item::<FormerMemberItem>("ChatMembers", item).map(FormerMember::from);
        items.into_iter().map(former).collect()
    }

    async fn past_readers(
        &self,
        chat: &ChatId,
        from: Seq,
        order: ReadingOrder,
        max: usize,
    ) -> Result<Vec<FormerMember>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.tables.chat_members)
            .index_name(INDEX)
            .key_condition_expression("chatId = :past AND pastReadSeq >= :from")
            .expression_attribute_values(":past", s(past_key(chat)))
            .expression_attribute_values(":from", n(from))
            .scan_index_forward(order == ReadingOrder::LeastFirst)
            .consistent_read(true);
        query_at_most::<FormerMemberItem, _>("ChatMembers", query, max).await
    }
}
