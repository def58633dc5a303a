//! Participants' items: read positions, and some of the members of a chat.

use crate::DynamoStore;
use crate::chats::member_key;
use crate::errors::failed;
use crate::items::{MemberItem, from_item, n, s};
use crate::query::{query_all, query_at_most};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::ids::{ChatId, Seq, UserId};
use domain::member::Member;
use domain::ports::{Consistency, Env, FindMembers, MarkSeen, PageMembers, SeenOutcome, StoreError};
use domain::timestamp::Timestamp;
use std::collections::BTreeMap;

/// What a failed update of a member item says.
fn not_updated(error: SdkError<UpdateItemError>) -> Result<SeenOutcome, StoreError> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failure)) => match failure.item().cloned() {
            Some(item) => Ok(SeenOutcome::Unchanged(from_item::<MemberItem>("ChatMembers", item)?.into())),
            None => Ok(SeenOutcome::NotAMember),
        },
        Some(UpdateItemError::TransactionConflictException(_)) => Ok(SeenOutcome::Conflict),
        _ => Err(failed("UpdateItem", error)),
    }
}

impl<E: Env, C: Sync> MarkSeen for DynamoStore<E, C> {
    async fn mark_seen(
        &self,
        chat: &ChatId,
        user: &UserId,
        seq: Seq,
        now: Timestamp,
    ) -> Result<SeenOutcome, StoreError> {
        let call =
            self.client.update_item().table_name(&self.tables.chat_members).set_key(Some(member_key(chat, user)));
        let result = call
            .update_expression("SET readSeq = :seq, readAt = :now REMOVE markedUnread ADD memberRev :one")
            .condition_expression("attribute_exists(userId) AND readSeq < :seq")
            .expression_attribute_values(":seq", n(seq))
            .expression_attribute_values(":now", n(now.millis()))
            .expression_attribute_values(":one", n(1))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .send()
            .await;
        match result {
            Ok(_) => Ok(SeenOutcome::Advanced),
            Err(error) => not_updated(error),
        }
    }

    async fn unmark(&self, chat: &ChatId, user: &UserId) -> Result<SeenOutcome, StoreError> {
        let call =
            self.client.update_item().table_name(&self.tables.chat_members).set_key(Some(member_key(chat, user)));
        let result = call
            .update_expression("REMOVE markedUnread ADD memberRev :one")
            .condition_expression("attribute_exists(markedUnread)")
            .expression_attribute_values(":one", n(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .send()
            .await;
        match result {
            Ok(output) => {
                let item = output.attributes.unwrap_or_default();
                Ok(SeenOutcome::Unchanged(from_item::<MemberItem>("ChatMembers", item)?.into()))
            }
            Err(error) => not_updated(error),
        }
    }
}

impl<E: Env, C: Sync> FindMembers for DynamoStore<E, C> {
    async fn members_among(&self, chat: &ChatId, users: &[UserId]) -> Result<BTreeMap<UserId, Member>, StoreError> {
        let keys = users.iter().map(|user| member_key(chat, user)).collect();
        let items = self.get_all(&self.tables.chat_members, keys, Consistency::Strong).await?;
        let parse = |item| {
            let member = Member::from(from_item::<MemberItem>("ChatMembers", item)?);
            Ok((member.user.clone(), member))
        };
        items.into_iter().map(parse).collect()
    }
}

impl<E: Env, C: Sync> PageMembers for DynamoStore<E, C> {
    async fn members_after(
        &self,
        chat: &ChatId,
        after: Option<&UserId>,
        max: usize,
    ) -> Result<Vec<Member>, StoreError> {
        let query = self.members_query(chat).set_exclusive_start_key(after.map(|user| member_key(chat, user)));
        query_at_most::<MemberItem, _>("ChatMembers", query, max).await
    }
}

impl<E: Env, C: Sync> DynamoStore<E, C> {
    /// The items of all participants.
    pub(crate) async fn query_members(&self, chat: &ChatId) -> Result<Vec<Member>, StoreError> {
        query_all::<MemberItem, _>("ChatMembers", self.members_query(chat)).await
    }

    fn members_query(&self, chat: &ChatId) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.tables.chat_members)
            .key_condition_expression("chatId = :chat")
            .expression_attribute_values(":chat", s(chat.as_str()))
    }
}
