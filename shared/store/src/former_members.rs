//! What is kept of users who left a chat: reads, and their part of a change's transaction.

use crate::DynamoStore;
use crate::chats::member_key;
use crate::deletions::unchanged;
use crate::items::{FormerMemberItem, SettingsItem, from_item, n, past_key, s, to_item};
use crate::query::query_at_most;
use crate::transaction::{delete, put};
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::former_member::{Departure, FormerMember};
use domain::ids::{ChatId, Seq, UserId};
use domain::ports::{Consistency, Env, ReadFormerMembers, ReadingOrder, StoreError};

/// The local index of former members by how far they have read. Who has read nothing is not in it.
const INDEX: &str = "pastByReadSeq";

impl<E: Env, C: Sync> ReadFormerMembers for DynamoStore<E, C> {
    async fn former_members(&self, chat: &ChatId, users: &[UserId]) -> Result<Vec<FormerMember>, StoreError> {
        let keys = users.iter().map(|user| FormerMemberItem::key(chat, user)).collect();
        let items = self.get_all(&self.tables.chat_members, keys, Consistency::Strong).await?;
        let former = |item| from_item::<FormerMemberItem>("ChatMembers", item).map(FormerMember::from);
        items.into_iter().map(former).collect()
    }

    async fn former_readers(
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
            .scan_index_forward(order == ReadingOrder::LeastFirst);
        query_at_most::<FormerMemberItem, _>("ChatMembers", query, max).await
    }
}

impl<E: Env, C: Sync> DynamoStore<E, C> {
    /// Deletes the member's item and stores what is kept of them. Fails if they have read more since they were read: a
    /// message shows that.
    pub(crate) fn departure_items(
        &self,
        chat: &ChatId,
        left: &Departure,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let settings = SettingsItem::value(&left.settings)?;
        let settings_unchanged =
            if settings.is_some() { "settings = :settings" } else { "attribute_not_exists(settings)" };
        let mut member = Delete::builder()
            .table_name(&self.tables.chat_members)
            .set_key(Some(member_key(chat, left.user())))
            .condition_expression(format!("attribute_exists(userId) AND readSeq = :read AND {settings_unchanged}"))
            .expression_attribute_values(":read", n(left.period.read_seq));
        if let Some(settings) = settings {
            member = member.expression_attribute_values(":settings", settings);
        }
        let former = Put::builder()
            .table_name(&self.tables.chat_members)
            .set_item(Some(to_item("ChatMembers", &FormerMemberItem::new(chat, &left.former))?));
        let mut items = vec![delete(member)?, put(unchanged(former, left.before))?];
        if left.settings.is_listed() {
            items.push(self.unlist_chat(chat, left.user())?);
        }
        Ok(items)
    }
}
