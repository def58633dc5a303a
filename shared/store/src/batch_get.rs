//! BatchGetItem that does not lose keys: what DynamoDB leaves unprocessed is asked for again, a bounded number of times.

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
/// How often unprocessed keys are read again.
const MAX_RETRIES: u32 = 4;
const WAITS: Backoff = Backoff { first: Duration::from_millis(25), max: Duration::from_millis(200) };

/// The most keys of one call.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>
const MAX_KEYS_PER_CALL: usize = 100;

impl<E: Env, C: Sync> DynamoStore<E, C> {
    /// The items of any number of keys of one table, in any order.
    pub(crate) async fn get_all(
        &self,
        table: &str,
        keys: Vec<Item>,
        consistency: Consistency,
    ) -> Result<Vec<Item>, StoreError> {
        let calls = keys.chunks(MAX_KEYS_PER_CALL).map(|some| async move {
            let wanted = keys_and_attributes(some.to_vec(), consistency)?;
            self.batch_get(HashMap::from([(table.to_owned(), wanted)])).await
        });
        let found = try_join_all(calls).await?;
        Ok(found.into_iter().flat_map(HashMap::into_values).flatten().collect())
    }

    /// The items of these keys (at most 100), by table.
    pub(crate) async fn batch_get(
        &self,
        keys: HashMap<String, KeysAndAttributes>,
    ) -> Result<HashMap<String, Vec<Item>>, StoreError> {
        let mut found: HashMap<String, Vec<Item>> = HashMap::new();
        let mut wanted = keys;
        for retry in 0..=MAX_RETRIES {
            if let Some(earlier) = retry.checked_sub(1) {
                self.env.sleep(WAITS.wait(&self.env, earlier)).await;
            }
            let call = self.client.batch_get_item().set_request_items(Some(wanted));
            let call = call.return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let output = call.send().await.map_err(|error| failed(OPERATION, error))?;
            for (table, items) in output.responses.unwrap_or_default() {
                found.entry(table).or_default().extend(items);
            }
            wanted = output.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(found);
            }
        }
        Err(StoreError::Unavailable { operation: OPERATION, source: "keys stayed unprocessed".into() })
    }
}
