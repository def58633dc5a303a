//! What users say of themselves, in the ChatUsers table.

use crate::DynamoStore;
use crate::errors::failed;
use crate::items::{mutes_item, s};
use crate::registry::{chat_user, if_condition_holds, user_key};
use aws_sdk_dynamodb::types::{ReturnConsumedCapacity, ReturnValue};
use domain::chat_user::{ChatUser, Mutes};
use domain::ids::UserId;
use domain::names::Nickname;
use domain::ports::{Env, KeepUsers, StoreError};

impl<E: Env> KeepUsers for DynamoStore<E> {
    async fn user(&self, user: &UserId) -> Result<Option<ChatUser>, StoreError> {
        let call = self.client.get_item().table_name(&self.tables.chat_users).set_key(Some(user_key(user)));
        let output = call.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await;
        output.map_err(|error| failed("GetItem", error))?.item.map(chat_user).transpose()
    }

    async fn set_nickname(&self, user: &UserId, nickname: &Nickname) -> Result<ChatUser, StoreError> {
        let call = self
            .update_user(user)
            .update_expression("SET nickname = :nickname")
            .expression_attribute_values(":nickname", s(nickname.as_str()))
            .return_values(ReturnValue::AllNew);
        let output = call.send().await.map_err(|error| failed("UpdateItem", error))?;
        chat_user(output.attributes.unwrap_or_default())
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
        output.map(|output| chat_user(output.attributes.unwrap_or_default())).transpose()
    }
}
