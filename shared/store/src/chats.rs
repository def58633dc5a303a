//! Chats: creation, and the reads with which every use case starts.

use crate::DynamoStore;
use crate::errors::{failed, unbuildable};
use crate::items::{BlockedPairItem, ChatItem, HeadItem, Item, MemberItem, StoredMessage, from_item, n, s, to_item};
use crate::transaction::{CancellationReason, TRANSACTION, canceled, is_conflict, put};
use aws_sdk_dynamodb::types::{KeysAndAttributes, Put, ReturnConsumedCapacity};
use domain::chat::{Chat, Head};
use domain::ids::{ChatId, Seq, UserId};
use domain::member::Member;
use domain::message::Message;
use domain::ports::{ChatSnapshot, Consistency, CreateChats, Creation, Env, ReadChats, StoreError};
use domain::user_limits::LimitsChange;
use std::collections::HashMap;

impl<E: Env, C: Sync> ReadChats for DynamoStore<E, C> {
    async fn snapshot(
        &self,
        chat: &ChatId,
        user: Option<&UserId>,
        message: Option<Seq>,
    ) -> Result<ChatSnapshot, StoreError> {
        let log = [Some(Seq(0)), message].into_iter().flatten().map(|seq| message_key(chat, seq));
        let mut requests = HashMap::from([
            (self.tables.chats.clone(), keys([chat_key(chat)], Consistency::Eventual)?),
            (self.tables.messages.clone(), keys(log, Consistency::Strong)?),
        ]);
        if let Some(user) = user {
            requests.insert(self.tables.chat_members.clone(), keys([member_key(chat, user)], Consistency::Strong)?);
        }
        let mut items = self.batch_get(requests).await?;
        let chat = first::<ChatItem>("Chats", items.remove(&self.tables.chats))?.map(Chat::from);
        let (heads, messages): (Vec<Item>, Vec<Item>) =
            items.remove(&self.tables.messages).unwrap_or_default().into_iter().partition(is_head);
        let head = first::<HeadItem>("Messages", Some(heads))?.map(Head::from);
        let message = first::<StoredMessage>("Messages", Some(messages))?.map(Message::from);
        let member = first::<MemberItem>("ChatMembers", items.remove(&self.tables.chat_members))?.map(Member::from);
        Ok(ChatSnapshot { chat, head, member, message })
    }

    async fn position(&self, chat: &ChatId, user: &UserId) -> Result<Option<(Head, Member)>, StoreError> {
        let mut items = self
            .batch_get(HashMap::from([
                (self.tables.messages.clone(), keys([message_key(chat, Seq(0))], Consistency::Strong)?),
                (self.tables.chat_members.clone(), keys([member_key(chat, user)], Consistency::Strong)?),
            ]))
            .await?;
        let head = first::<HeadItem>("Messages", items.remove(&self.tables.messages))?.map(Head::from);
        let member = first::<MemberItem>("ChatMembers", items.remove(&self.tables.chat_members))?.map(Member::from);
        Ok(head.zip(member))
    }

    async fn chat(&self, chat: &ChatId, consistency: Consistency) -> Result<Option<Chat>, StoreError> {
        let document = self.get::<ChatItem>("Chats", &self.tables.chats, chat_key(chat), consistency).await?;
        Ok(document.map(Chat::from))
    }

    async fn members(&self, chat: &ChatId) -> Result<Vec<Member>, StoreError> {
        self.query_members(chat).await
    }
}

impl<E: Env, C: Sync> CreateChats for DynamoStore<E, C> {
    async fn create_chat(
        &self,
        chat: &Chat,
        head: &Head,
        members: &[Member],
        limits: &LimitsChange,
    ) -> Result<Creation, StoreError> {
        // If the chat is new, its head and members are new too. So only the chat and the limits need a condition.
        let document = Put::builder()
            .table_name(&self.tables.chats)
            .set_item(Some(to_item("Chats", &ChatItem::from(chat))?))
            .condition_expression("attribute_not_exists(chatId)");
        let log = Put::builder()
            .table_name(&self.tables.messages)
            .set_item(Some(to_item("Messages", &HeadItem::new(&chat.id, head))?));
        let mut puts = vec![document, log];
        for member in members {
            let item = to_item("ChatMembers", &MemberItem::new(&chat.id, member))?;
            puts.push(Put::builder().table_name(&self.tables.chat_members).set_item(Some(item)));
        }
        let mut items = puts.into_iter().map(put).collect::<Result<Vec<_>, _>>()?;
        items.push(self.limits_item(limits)?);
        if !chat.is_group {
            items.push(self.check_pair(&chat.id)?);
        }
        let call = self.client.transact_write_items().set_transact_items(Some(items));
        match call.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await {
            Ok(_) => Ok(Creation::Created),
            Err(error) => match canceled(&error) {
                Some(reasons) if reasons.first().is_some_and(CancellationReason::is_condition) => Ok(Creation::Exists),
                Some(reasons) if !chat.is_group && reasons.last().is_some_and(CancellationReason::is_condition) => {
                    let pair = reasons.into_iter().next_back().and_then(|reason| reason.item);
                    let pair = from_item::<BlockedPairItem>("Messages", pair.unwrap_or_default())?;
                    Ok(Creation::Blocked { by_creator: pair.blocked_by.contains(&chat.created_by) })
                }
                Some(reasons) if is_conflict(&reasons) => Ok(Creation::Conflict),
                _ => Err(failed(TRANSACTION, error)),
            },
        }
    }
}

/// Whether an item of the Messages table is the head of a log.
fn is_head(item: &Item) -> bool {
    item.get("seq") == Some(&n(0))
}

fn keys(keys: impl IntoIterator<Item = Item>, consistency: Consistency) -> Result<KeysAndAttributes, StoreError> {
    keys_and_attributes(keys.into_iter().collect(), consistency)
}

/// The part of a BatchGetItem request for one table.
pub(crate) fn keys_and_attributes(keys: Vec<Item>, consistency: Consistency) -> Result<KeysAndAttributes, StoreError> {
    let builder = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistency == Consistency::Strong);
    builder.build().map_err(unbuildable("BatchGetItem"))
}

fn first<T: serde::de::DeserializeOwned>(
    table: &'static str,
    items: Option<Vec<Item>>,
) -> Result<Option<T>, StoreError> {
    items.unwrap_or_default().into_iter().next().map(|item| from_item(table, item)).transpose()
}

/// The key of a chat document.
pub(crate) fn chat_key(chat: &ChatId) -> Item {
    Item::from([("chatId".to_owned(), s(chat.as_str()))])
}

/// The key of a message; with seq 0, the key of the head of the chat's log.
pub(crate) fn message_key(chat: &ChatId, seq: Seq) -> Item {
    Item::from([("chatId".to_owned(), s(chat.as_str())), ("seq".to_owned(), n(seq))])
}

/// The key of a participant's item in ChatMembers.
pub(crate) fn member_key(chat: &ChatId, user: &UserId) -> Item {
    Item::from([("chatId".to_owned(), s(chat.as_str())), ("userId".to_owned(), s(user.as_str()))])
}
