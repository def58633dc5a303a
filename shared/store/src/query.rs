//! Queries that read all pages, or one. DynamoDB returns at most 1 MB per page.

use crate::errors::failed;
use crate::items::from_item;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use domain::ports::StoreError;
use serde::de::DeserializeOwned;

/// Reads all items of a query, strongly consistent, page by page. One page has at most 1 MB.
pub(crate) async fn query_all<I: DeserializeOwned, T: From<I>>(
    table: &'static str,
    query: QueryFluentBuilder,
) -> Result<Vec<T>, StoreError> {
    read_all::<I, T>(table, query.consistent_read(true)).await
}

/// Reads all items of a query on an index. Index reads are always eventually consistent.
pub(crate) async fn query_index<I: DeserializeOwned, T: From<I>>(
    table: &'static str,
    query: QueryFluentBuilder,
) -> Result<Vec<T>, StoreError> {
    read_all::<I, T>(table, query).await
}

async fn read_all<I: DeserializeOwned, T: From<I>>(
    table: &'static str,
    query: QueryFluentBuilder,
) -> Result<Vec<T>, StoreError> {
    let query = query.return_consumed_capacity(ReturnConsumedCapacity::Indexes);
    let mut items = query.into_paginator().items().send();
    let mut values = Vec::new();
    while let Some(item) = items.next().await {
        values.push(from_item::<I>(table, item.map_err(|error| failed("Query", error))?)?.into());
    }
    Ok(values)
}

/// Reads the first items of a query, at most `max`, strongly consistent. DynamoDB reads no more than those, so no more are
/// billed. Their size must be below 1 MB, at which it ends a page.
pub(crate) async fn query_at_most<I: DeserializeOwned, T: From<I>>(
    table: &'static str,
    query: QueryFluentBuilder,
    max: usize,
) -> Result<Vec<T>, StoreError> {
    let query = query.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Indexes);
    let query = query.limit(i32::try_from(max).unwrap_or(i32::MAX));
    let items = query.send().await.map_err(|error| failed("Query", error))?.items.unwrap_or_default();
    items.into_iter().map(|item| from_item::<I>(table, item).map(T::from)).collect()
}
