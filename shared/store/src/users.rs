//! What users say of themselves, in the ChatUsers table.

use crate::DynamoStore;
use crate::errors::failed;
use crate::items::{mutes_item, s};
use crate::registry::{chat_user, if_condition_holds, user_key};
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValue};
use domain::causes::in_full;
use domain::chat_user::{ChatUser, Mutes};
use domain::ids::UserId;
use domain::names::Nickname;
use domain::ports::{Env, KeepConnections, KeepUsers, StoreError};
use std::collections::BTreeMap;

impl<E: Env, C: KeepConnections> KeepUsers for DynamoStore<E, C> {
    async fn user(&self, user: &UserId) -> Result<Option<ChatUser>, StoreError> {
        let call = self.client.get_item().table_name(&self.tables.chat_users).set_key(Some(user_key(user)));
        let output = call.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await;
        let found = output.map_err(|error| failed("GetItem", error))?.item.map(chat_user).transpose()?;
        let mut known = self.with_connections(std::slice::from_ref(user), found.into_iter().collect()).await;
        Ok(known.pop())
    }

    async fn users(&self, users: &[UserId]) -> Result<Vec<ChatUser>, StoreError> {
        Ok(self.with_connections(users, self.stored_users(users).await?).await)
    }

    async fn set_nickname(&self, user: &UserId, nickname: &Nickname) -> Result<ChatUser, StoreError> {
        let call = self
            .update_user(user)
            .update_expression("SET nickname = :nickname")
            .expression_attribute_values(":nickname", s(nickname.as_str()))
            .return_values(ReturnValue::AllNew);
        let output = call.send().await.map_err(|error| failed("UpdateItem", error))?;
        let user = chat_user(output.attributes.unwrap_or_default())?;
        Ok(self.with_own_connections(user).await)
    }

    async fn replace_mutes(
        &self,
        user: &UserId,
        before: &Mutes,
        after: &Mutes,
    ) -> Result<Option<ChatUser>, StoreError> {
        let unchanged = if before.is_empty() { "attribute_not_exists(mutedChats) OR " } else { "" };
        let call = self
            .update_user(user)
            .update_expression("SET mutedChats = :after")
            .condition_expression(format!("{unchanged}mutedChats = :before"))
            .expression_attribute_values(":before", mutes_item(before))
            .expression_attribute_values(":after", mutes_item(after))
            .return_values(ReturnValue::AllNew);
        let output = if_condition_holds(call.send().await)?;
        match output {
            Some(output) => {
                let user = chat_user(output.attributes.unwrap_or_default())?;
                Ok(Some(self.with_own_connections(user).await))
            }
            None => Ok(None),
        }
    }
}

impl<E: Env, C: KeepConnections> DynamoStore<E, C> {
    /// These users with their connections, where those are kept elsewhere. While they cannot be had, users are shown
    /// without: reading does not fail for it.
    async fn with_connections(&self, asked: &[UserId], found: Vec<ChatUser>) -> Vec<ChatUser> {
        let Some(elsewhere) = &self.connections else { return found };
        let connected = elsewhere.of(asked).await.unwrap_or_else(|error| {
            tracing::warn!(error = in_full(&error), "users are shown as offline");
            Vec::new()
        });
        let mut users: BTreeMap<UserId, ChatUser> = found.into_iter().map(|user| (user.id.clone(), user)).collect();
        for (id, connections) in connected {
            users.entry(id.clone()).or_insert_with(|| ChatUser::unknown(id)).connections = connections;
        }
        users.into_values().collect()
    }

    async fn with_own_connections(&self, user: ChatUser) -> ChatUser {
        let id = user.id.clone();
        let known = self.with_connections(std::slice::from_ref(&id), vec![user]).await;
        known.into_iter().next().unwrap_or_else(|| ChatUser::unknown(id))
    }
}
