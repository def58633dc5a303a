//! GetItem.

use crate::DynamoStore;
use crate::errors::failed;
use crate::items::{Item, from_item};
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use domain::ports::{Consistency, StoreError};
use serde::de::DeserializeOwned;

impl<E: Sync, C: Sync> DynamoStore<E, C> {
    /// Reads one item; None if there is none. `table` is for errors: the name without that of the stack.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        table: &'static str,
        table_name: &str,
        key: Item,
        consistency: Consistency,
    ) -> Result<Option<T>, StoreError> {
        let call = self.client.get_item().table_name(table_name).set_key(Some(key));
        let call = call.consistent_read(consistency == Consistency::Strong);
        let output = call.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await;
        let item = output.map_err(|error| failed("GetItem", error))?.item;
        item.map(|item| from_item(table, item)).transpose()
    }
}
