//! Reads of many chats of one user at once.

use crate::DynamoStore;
use crate::chats::{chat_key, member_key, message_key};
use crate::items::{ChatItem, HasChatId, HeadItem, Item, MemberItem, MemberKey, from_item, s};
use crate::query::query_index;
use domain::chat::{Chat, Head};
use domain::ids::{ChatId, Seq, UserId};
use domain::member::Member;
use domain::member_settings::MemberSettings;
use domain::ports::{Consistency, Env, ReadInbox, StoreError};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The member items of a user in the index byUser. The keys of other items, such as those of former members, come after
/// every chat id: they begin with a letter from g to z.
pub(crate) const MEMBERSHIPS: &str = "userId = :user AND chatId < :end";

/// The value of `:end` in [`MEMBERSHIPS`].
pub(crate) const MEMBERSHIPS_END: &str = "g";

impl<E: Env, C: Sync> ReadInbox for DynamoStore<E, C> {
    async fn indexed_chats(&self, user: &UserId) -> Result<Vec<(ChatId, MemberSettings)>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.tables.chat_members)
            .index_name("byUser")
            .key_condition_expression(MEMBERSHIPS)
            .expression_attribute_values(":user", s(user.as_str()))
            .expression_attribute_values(":end", s(MEMBERSHIPS_END));
        query_index::<MemberKey, _>("ChatMembers", query).await
    }

    async fn heads(&self, chats: &[ChatId], consistency: Consistency) -> Result<BTreeMap<ChatId, Head>, StoreError> {
        let keys = chats.iter().map(|chat| message_key(chat, Seq(0))).collect();
        by_chat::<HeadItem, Head>("Messages", self.get_all(&self.tables.messages, keys, consistency).await?)
    }

    async fn memberships(
        &self,
        user: &UserId,
        chats: &[ChatId],
        consistency: Consistency,
    ) -> Result<BTreeMap<ChatId, Member>, StoreError> {
        let keys = chats.iter().map(|chat| member_key(chat, user)).collect();
        let items = self.get_all(&self.tables.chat_members, keys, consistency).await?;
        by_chat::<MemberItem, Member>("ChatMembers", items)
    }

    async fn chats(&self, chats: &[ChatId]) -> Result<BTreeMap<ChatId, Chat>, StoreError> {
        let keys = chats.iter().map(chat_key).collect();
        by_chat::<ChatItem, Chat>("Chats", self.get_all(&self.tables.chats, keys, Consistency::Eventual).await?)
    }
}

/// Parses items and returns them by chat id.
fn by_chat<I: DeserializeOwned + HasChatId, T: From<I>>(
    table: &'static str,
    items: Vec<Item>,
) -> Result<BTreeMap<ChatId, T>, StoreError> {
    let parse = |item: Item| {
        let item: I = from_item(table, item)?;
        Ok((item.chat_id().clone(), item.into()))
    };
    items.into_iter().map(parse).collect()
}
