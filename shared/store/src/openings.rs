//! The log of who opens a connection, in the table UserItems.

use crate::DynamoStore;
use crate::errors::failed;
use crate::items::{OpeningItem, opening_keys, s, to_item};
use crate::query::query_at_most;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use domain::ids::UserId;
use domain::ports::{Env, StoreError};
use domain::timestamp::Timestamp;

impl<E: Env, C: Sync> DynamoStore<E, C> {
    pub(crate) async fn put_opening(&self, user: &UserId, at: Timestamp) -> Result<(), StoreError> {
        let item = to_item("UserItems", &OpeningItem::new(user, at))?;
        let call = self.client.put_item().table_name(&self.tables.user_items).set_item(Some(item));
        let call = call.return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        call.send().await.map(drop).map_err(|error| failed("PutItem", error))
    }

    /// Who opened a connection from `since` to `now`; None if there were more than `max` openings.
    pub(crate) async fn query_openings(
        &self,
        since: Timestamp,
        now: Timestamp,
        max: usize,
    ) -> Result<Option<Vec<UserId>>, StoreError> {
        let mut users = Vec::new();
        for partition in opening_keys(since, now) {
            let query = self
                .client
                .query()
                .table_name(&self.tables.user_items)
                .key_condition_expression("userId = :partition AND #item BETWEEN :first AND :last")
                .expression_attribute_names("#item", "item")
                .expression_attribute_values(":partition", s(&partition.key))
                .expression_attribute_values(":first", s(&partition.first))
                .expression_attribute_values(":last", s(&partition.last));
            users.extend(query_at_most::<OpeningItem, UserId>("UserItems", query, max + 1 - users.len()).await?);
            if users.len() > max {
                return Ok(None);
            }
        }
        Ok(Some(users))
    }
}
