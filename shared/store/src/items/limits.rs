//! Items of what users have made so far.

use super::BudgetItem;
use domain::budget::Budget;
use domain::user_limits::UserLimits;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LimitsItem {
    new_chats: Option<BudgetItem>,
    added_people: Option<BudgetItem>,
    declared_bytes: Option<BudgetItem>,
    /// Can be negative: chats from before the attribute existed were not counted when they were made.
    #[serde(default)]
    open_chats: i64,
    block_changes: Option<BudgetItem>,
    #[serde(default)]
    blocked_users: u64,
}

impl From<LimitsItem> for UserLimits {
    fn from(item: LimitsItem) -> Self {
        Self {
            new_chats: item.new_chats.map(Budget::from),
            added_people: item.added_people.map(Budget::from),
            declared_bytes: item.declared_bytes.map(Budget::from),
            block_changes: item.block_changes.map(Budget::from),
            blocked_users: item.blocked_users,
            open_chats: u64::try_from(item.open_chats).unwrap_or_default(),
        }
    }
}
