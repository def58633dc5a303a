//! BatchGetItem that loses no keys: it reads unprocessed keys again, up to a maximum number of times.

use crate::DynamoStore;
use crate::chats::keys_and_attributes;
use crate::errors::failed;
use crate::items::Item;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use domain::ports::{Consistency, Env, StoreError};
use domain::retry::Backoff;
use futures_util::future::try_join_all;
use std::collections::HashMap;
use std::time::Duration;

const OPERATION: &str = "BatchGetItem";
/// The maximum number of retries for unprocessed keys.
const MAX_RETRIES: u32 = 4;
const WAITS: Backoff = Backoff { first: Duration::from_millis(25), max: Duration::from_millis(200) };

/// The maximum number of keys in one call.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>
const MAX_KEYS_PER_CALL: usize = 100;

impl<E: Env, C: Sync> DynamoStore<E, C> {
    /// Reads any number of keys of one table. The items come in any order.
    pub(crate) async fn get_all(
        &self,
        table: &str,
        keys: Vec<Item>,
        consistency: Consistency,
    ) -> Result<Vec<Item>, StoreError> {
        let calls = keys.chunks(MAX_KEYS_PER_CALL).map(|chunk| async move {
            let request = keys_and_attributes(chunk.to_vec(), consistency)?;
            self.batch_get(HashMap::from([(table.to_owned(), request)])).await
        });
        let responses = try_join_all(calls).await?;
        Ok(responses.into_iter().flat_map(HashMap::into_values).flatten().collect())
    }

    /// Reads at most 100 keys. Returns the items by table name.
    pub(crate) async fn batch_get(
        &self,
        keys: HashMap<String, KeysAndAttributes>,
    ) -> Result<HashMap<String, Vec<Item>>, StoreError> {
        let mut items_by_table: HashMap<String, Vec<Item>> = HashMap::new();
        let mut pending = keys;
        for retry in 0..=MAX_RETRIES {
            if let Some(earlier) = retry.checked_sub(1) {
                self.env.sleep(WAITS.wait(&self.env, earlier)).await;
            }
            let call = self.client.batch_get_item().set_request_items(Some(pending));
            let call = call.return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let output = call.send().await.map_err(|error| failed(OPERATION, error))?;
            for (table, items) in output.responses.unwrap_or_default() {
                items_by_table.entry(table).or_default().extend(items);
            }
            pending = output.unprocessed_keys.unwrap_or_default();
            if pending.is_empty() {
                return Ok(items_by_table);
            }
        }
        Err(StoreError::Unavailable {
            operation: OPERATION,
            source: "some keys are still unprocessed after all retries".into(),
        })
    }
}
