//! Items of former members. They are in the table ChatMembers, under a key of their own next to the chat.

use super::{Item, s};
use domain::former_member::{FormerMember, Period};
use domain::ids::{ChatId, Rev, Seq, UserId};
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// The partition key of a chat's former members. No chat id has a colon, so no chat has this key.
pub(crate) fn past_key(chat: &ChatId) -> String {
    format!("past:{chat}")
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FormerMemberItem {
    /// The [`past_key`].
    chat_id: String,
    user_id: UserId,
    periods: Vec<PeriodItem>,
    /// Absent if nothing was read: then the index pastByReadSeq does not have the item.
    #[serde(skip_serializing_if = "Option::is_none")]
    past_read_seq: Option<Seq>,
    rev: Rev,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PeriodItem {
    joined_seq: Seq,
    joined_at: i64,
    left_seq: Seq,
    left_at: i64,
    read_seq: Seq,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<i64>,
}

impl FormerMemberItem {
    pub(crate) fn new(chat: &ChatId, former: &FormerMember) -> Self {
        let period = |period: &Period| PeriodItem {
            joined_seq: period.joined_seq,
            joined_at: period.joined_at.millis(),
            left_seq: period.left_seq,
            left_at: period.left_at.millis(),
            read_seq: period.read_seq,
            read_at: period.read_at.map(Timestamp::millis),
        };
        Self {
            chat_id: past_key(chat),
            user_id: former.user.clone(),
            periods: former.periods.iter().map(period).collect(),
            past_read_seq: former.past_read_seq(),
            rev: former.rev,
        }
    }

    /// The key of a former member's item.
    pub(crate) fn key(chat: &ChatId, user: &UserId) -> Item {
        Item::from([("chatId".to_owned(), s(past_key(chat))), ("userId".to_owned(), s(user.as_str()))])
    }
}

impl From<FormerMemberItem> for FormerMember {
    fn from(item: FormerMemberItem) -> Self {
        let period = |period: PeriodItem| Period {
            joined_seq: period.joined_seq,
            joined_at: Timestamp::from_millis(period.joined_at),
            left_seq: period.left_seq,
            left_at: Timestamp::from_millis(period.left_at),
            read_seq: period.read_seq,
            read_at: period.read_at.map(Timestamp::from_millis),
        };
        Self { user: item.user_id, periods: item.periods.into_iter().map(period).collect(), rev: item.rev }
    }
}
