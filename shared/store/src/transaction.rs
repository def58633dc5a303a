//! TransactWriteItems: its items, and why it was cancelled.

use crate::DynamoStore;
use crate::errors::{failed, unbuildable};
use crate::items::{HeadItem, Item, from_item};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::{ConditionCheckBuilder, DeleteBuilder, PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{self, ReturnConsumedCapacity, TransactWriteItem};
use domain::ports::{Conflict, StoreError};

/// The name of the call in errors.
pub(crate) const TRANSACTION: &str = "TransactWriteItems";

/// An item that is put.
pub(crate) fn put(builder: PutBuilder) -> Result<TransactWriteItem, StoreError> {
    Ok(TransactWriteItem::builder().put(builder.build().map_err(unbuildable(TRANSACTION))?).build())
}

/// An item that is updated.
pub(crate) fn update(builder: UpdateBuilder) -> Result<TransactWriteItem, StoreError> {
    Ok(TransactWriteItem::builder().update(builder.build().map_err(unbuildable(TRANSACTION))?).build())
}

/// An item that is deleted.
pub(crate) fn delete(builder: DeleteBuilder) -> Result<TransactWriteItem, StoreError> {
    Ok(TransactWriteItem::builder().delete(builder.build().map_err(unbuildable(TRANSACTION))?).build())
}

/// An item that stays as it is, with a condition.
pub(crate) fn check(builder: ConditionCheckBuilder) -> Result<TransactWriteItem, StoreError> {
    Ok(TransactWriteItem::builder().condition_check(builder.build().map_err(unbuildable(TRANSACTION))?).build())
}

impl<E: Sync, C: Sync> DynamoStore<E, C> {
    /// Writes all items or none. False if something changed since the read, or if another transaction or a throttle was
    /// in the way: then the caller reads again. So it does not ask for the items whose conditions failed.
    pub(crate) async fn commit(&self, items: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
        Ok(self.transact(items).await?.is_none())
    }

    /// Writes all items or none. The reasons if something changed since the read, or if another transaction or a
    /// throttle was in the way; None if the items are written.
    pub(crate) async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
    ) -> Result<Option<Vec<CancellationReason>>, StoreError> {
        let call = self.client.transact_write_items().set_transact_items(Some(items));
        match call.return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await {
            Ok(_) => Ok(None),
            Err(error) => match canceled(&error) {
                Some(reasons) if is_conflict(&reasons) => Ok(Some(reasons)),
                _ => Err(failed(TRANSACTION, error)),
            },
        }
    }
}

/// Why a transaction was cancelled, for one of its items. DynamoDB returns the reasons in the order of the items.
pub(crate) struct CancellationReason {
    pub(crate) code: String,
    /// The stored item, if the condition asked for it and the item exists.
    pub(crate) item: Option<Item>,
}

impl CancellationReason {
    /// Whether the condition of this item failed.
    pub(crate) fn is_condition(&self) -> bool {
        self.code == "ConditionalCheckFailed"
    }

    /// Whether another transaction was writing this item.
    fn is_in_progress(&self) -> bool {
        self.code == "TransactionConflict"
    }

    /// Whether this item had no error, or only a conflict with another transaction or a throttle.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
    pub(crate) fn is_transient(&self) -> bool {
        ["None", "TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"]
            .contains(&self.code.as_str())
    }
}

/// Whether a cancelled transaction may succeed after reading again.
pub(crate) fn is_conflict(reasons: &[CancellationReason]) -> bool {
    reasons.iter().all(|reason| reason.is_condition() || reason.is_transient())
}

/// What was in the way of a commit that [`is_conflict`]. The first item is the head, which returns itself if its
/// condition fails. The first `with_head` items change only together with the head.
pub(crate) fn conflict(reasons: Vec<CancellationReason>, with_head: usize) -> Result<Conflict, StoreError> {
    let mut reasons = reasons.into_iter();
    let Some(head) = reasons.next() else { return Ok(Conflict::Outdated) };
    let others: Vec<_> = reasons.collect();
    let is_unharmed = |reason: &CancellationReason| reason.code == "None";
    if !others.iter().skip(with_head.saturating_sub(1)).all(is_unharmed) {
        return Ok(Conflict::Outdated);
    }
    if head.is_in_progress() {
        return Ok(Conflict::InProgress);
    }
    match head.item {
        Some(item) if head.code == "ConditionalCheckFailed" => {
            Ok(Conflict::HeadChanged(from_item::<HeadItem>("Messages", item)?.into()))
        }
        _ => Ok(Conflict::Outdated),
    }
}

/// The reasons why a transaction was cancelled; None if it failed in another way.
pub(crate) fn canceled(error: &SdkError<TransactWriteItemsError>) -> Option<Vec<CancellationReason>> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
            let reason = |reason: &types::CancellationReason| CancellationReason {
                code: reason.code().unwrap_or("None").to_owned(),
                item: reason.item.clone(),
            };
            Some(canceled.cancellation_reasons().iter().map(reason).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_condition_or_throttle_is_a_conflict() {
        let reasons = |codes: &[&str]| -> Vec<CancellationReason> {
            codes.iter().map(|code| CancellationReason { code: (*code).to_owned(), item: None }).collect()
        };
        for conflict in [
            &["ConditionalCheckFailed", "None", "None"][..],
            &["None", "None", "ConditionalCheckFailed", "None"],
            &["TransactionConflict", "None", "None"],
            &["None", "ThrottlingError", "ProvisionedThroughputExceeded"],
        ] {
            assert!(is_conflict(&reasons(conflict)), "{conflict:?}");
        }
        for other in [&["None", "ValidationError", "None"][..], &["ItemCollectionSizeLimitExceeded", "None"]] {
            assert!(!is_conflict(&reasons(other)), "{other:?}");
        }
    }
}
