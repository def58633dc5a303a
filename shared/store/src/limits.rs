//! What users have made so far, in the UserLimits table. It is no part of ChatUsers: each connection writes a user's item
//! there.

use crate::DynamoStore;
use crate::errors::{failed, unbuildable};
use crate::inbox::{MEMBERSHIPS, MEMBERSHIPS_END};
use crate::items::{LimitsItem, SET_VERSION, SpendingUpdate, n, s, version_value};
use crate::registry::user_key;
use crate::transaction::{TRANSACTION, update};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, Select, TransactWriteItem, Update};
use domain::ids::UserId;
use domain::ports::{Consistency, CountMemberships, Env, LimitsStore, StoreError};
use domain::user_limits::{LimitsChange, UserLimits};

impl<E: Env, C: Sync> LimitsStore for DynamoStore<E, C> {
    async fn limits(&self, user: &UserId) -> Result<UserLimits, StoreError> {
        let (table, key) = (&self.tables.user_limits, user_key(user));
        let item = self.get::<LimitsItem>("UserLimits", table, key, Consistency::Strong).await?;
        Ok(item.map(UserLimits::from).unwrap_or_default())
    }

    async fn change_limits(&self, change: &LimitsChange) -> Result<bool, StoreError> {
        let update = self.update_limits(change)?;
        let call = self
            .client
            .update_item()
            .table_name(&self.tables.user_limits)
            .set_key(Some(user_key(&change.user)))
            .update_expression(update.update_expression())
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_values(update.expression_attribute_values)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(
                    UpdateItemError::ConditionalCheckFailedException(_)
                    | UpdateItemError::TransactionConflictException(_),
                ) => Ok(false),
                _ => Err(failed("UpdateItem", error)),
            },
        }
    }
}

impl<E: Env, C: Sync> CountMemberships for DynamoStore<E, C> {
    async fn membership_count(&self, user: &UserId, max: u32) -> Result<u32, StoreError> {
        let (mut count, mut start) = (0, None);
        loop {
            let call = self
                .client
                .query()
                .table_name(&self.tables.chat_members)
                .index_name("byUser")
                .key_condition_expression(MEMBERSHIPS)
                .expression_attribute_values(":user", s(user.as_str()))
                .expression_attribute_values(":end", s(MEMBERSHIPS_END))
                .select(Select::Count)
                .limit(i32::try_from(max - count).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let output = call.send().await.map_err(|error| failed("Query", error))?;
            count += u32::try_from(output.count).unwrap_or_default();
            start = output.last_evaluated_key;
            if count >= max || start.is_none() {
                return Ok(count);
            }
        }
    }
}

impl<E: Env, C: Sync> DynamoStore<E, C> {
    /// The change, as an item of a transaction.
    pub(crate) fn limits_item(&self, change: &LimitsChange) -> Result<TransactWriteItem, StoreError> {
        Ok(TransactWriteItem::builder().update(self.update_limits(change)?).build())
    }

    /// A chat of the creator is closed: it is no longer one of their open chats.
    pub(crate) fn closed_chat_item(&self, creator: &UserId) -> Result<TransactWriteItem, StoreError> {
        let version = version_value();
        let limits = Update::builder()
            .table_name(&self.tables.user_limits)
            .set_key(Some(user_key(creator)))
            .update_expression(format!("SET {SET_VERSION} ADD openChats :one"))
            .expression_attribute_values(version.0, version.1)
            .expression_attribute_values(":one", n(-1));
        update(limits)
    }

    fn update_limits(&self, change: &LimitsChange) -> Result<Update, StoreError> {
        let LimitsChange { user, new_chats, added_people, declared_bytes, block_changes, more_blocked_users } = change;
        let mut update = Update::builder().table_name(&self.tables.user_limits).set_key(Some(user_key(user)));
        let (mut sets, mut conditions) = (vec![SET_VERSION.to_owned()], Vec::new());
        let buckets = [
            ("newChats", new_chats),
            ("addedPeople", added_people),
            ("declaredBytes", declared_bytes),
            ("blockChanges", block_changes),
        ];
        for (name, spending) in buckets.into_iter().filter_map(|(name, spending)| Some((name, (*spending)?))) {
            let SpendingUpdate { set, condition, values } = SpendingUpdate::new("UserLimits", name, spending)?;
            sets.push(set);
            conditions.push(condition);
            for (placeholder, value) in values {
                update = update.expression_attribute_values(placeholder, value);
            }
        }
        if !conditions.is_empty() {
            update = update.condition_expression(conditions.join(" AND "));
        }
        let mut adds = String::from("openChats :opened");
        if *more_blocked_users != 0 {
            adds.push_str(", blockedUsers :moreBlocked");
            update = update.expression_attribute_values(":moreBlocked", n(*more_blocked_users));
        }
        let version = version_value();
        update
            .expression_attribute_values(version.0, version.1)
            .expression_attribute_values(":opened", n(u8::from(new_chats.is_some())))
            .update_expression(format!("SET {} ADD {adds}", sets.join(", ")))
            .build()
            .map_err(unbuildable(TRANSACTION))
    }
}
