//! Token buckets, in the items that have some, and the condition that a bucket is as it was read.

use super::to_value;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::budget::{Budget, Spending};
use domain::ports::StoreError;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// A token bucket. It is one attribute, so that one condition compares all of it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BudgetItem {
    millis: u64,
    at: i64,
}

impl From<Budget> for BudgetItem {
    fn from(budget: Budget) -> Self {
        Self { millis: budget.millis, at: budget.at.millis() }
    }
}

impl From<BudgetItem> for Budget {
    fn from(item: BudgetItem) -> Self {
        Self { millis: item.millis, at: Timestamp::from_millis(item.at) }
    }
}

/// The parts of an update expression that write a bucket if it is as it was read.
pub(crate) struct SpendingUpdate {
    /// For `SET`: `name = :nameAfter`.
    pub(crate) set: String,
    pub(crate) condition: String,
    /// The placeholders with their values.
    pub(crate) values: Vec<(String, AttributeValue)>,
}

impl SpendingUpdate {
    /// For the bucket in the attribute `name` of this table.
    pub(crate) fn new(
        table: &'static str,
        name: &str,
        Spending { before, after }: Spending,
    ) -> Result<Self, StoreError> {
        let mut values = vec![(format!(":{name}After"), to_value(table, &BudgetItem::from(after))?)];
        let condition = match before {
            Some(before) => {
                values.push((format!(":{name}Before"), to_value(table, &BudgetItem::from(before))?));
                format!("{name} = :{name}Before")
            }
            None => format!("attribute_not_exists({name})"),
        };
        Ok(Self { set: format!("{name} = :{name}After"), condition, values })
    }
}
