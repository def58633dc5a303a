//! Queries, read to their end.

use crate::errors::failed;
use crate::items::from_item;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use domain::ports::StoreError;
use serde::de::DeserializeOwned;

/// All that a query finds, strongly, answer after answer: one holds at most 1 MB.
pub(crate) async fn query_all<I: DeserializeOwned, T: From<I>>(
    table: &'static str,
    query: QueryFluentBuilder,
) -> Result<Vec<T>, StoreError> {
    read_all::<I, T>(table, query.consistent_read(true)).await
}

/// All that a query of an index finds, which no query reads strongly.
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
    let mut found = Vec::new();
    while let Some(item) = items.next().await {
        found.push(from_item::<I>(table, item.map_err(|error| failed("Query", error))?)?.into());
    }
    Ok(found)
}
