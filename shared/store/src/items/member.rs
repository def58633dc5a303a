//! Items of participants.

use super::{BudgetItem, HasChatId};
use domain::budget::Budget;
use domain::ids::{ChatId, MemberRev, Seq, UserId};
use domain::member::Member;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberItem {
    chat_id: ChatId,
    user_id: UserId,
    read_seq: Seq,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<i64>,
    cleared_seq: Seq,
    joined_seq: Seq,
    joined_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<BudgetItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_budget: Option<BudgetItem>,
    /// Absent in items from before it existed, until their next write.
    #[serde(default)]
    member_rev: MemberRev,
}

/// The part of a member item in the index byUser, which contains only keys.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberKey {
    pub(crate) chat_id: ChatId,
}

impl From<MemberKey> for ChatId {
    fn from(key: MemberKey) -> Self {
        key.chat_id
    }
}

impl MemberItem {
    pub(crate) fn new(chat: &ChatId, member: &Member) -> Self {
        Self {
            chat_id: chat.clone(),
            user_id: member.user.clone(),
            read_seq: member.read_seq,
            read_at: member.read_at.map(Timestamp::millis),
            cleared_seq: member.cleared_seq,
            joined_seq: member.joined_seq,
            joined_at: member.joined_at.millis(),
            budget: member.budget.map(BudgetItem::from),
            change_budget: member.change_budget.map(BudgetItem::from),
            member_rev: member.member_rev,
        }
    }
}

impl From<MemberItem> for Member {
    fn from(item: MemberItem) -> Self {
        Self {
            user: item.user_id,
            read_seq: item.read_seq,
            read_at: item.read_at.map(Timestamp::from_millis),
            cleared_seq: item.cleared_seq,
            joined_seq: item.joined_seq,
            joined_at: Timestamp::from_millis(item.joined_at),
            budget: item.budget.map(Budget::from),
            change_budget: item.change_budget.map(Budget::from),
            member_rev: item.member_rev,
        }
    }
}

impl HasChatId for MemberItem {
    fn chat_id(&self) -> &ChatId {
        &self.chat_id
    }
}
