//! Items of participants.

use super::{BudgetItem, HasChatId, SeqSetItem, to_value};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::budget::Budget;
use domain::deletions::RecentDeletions;
use domain::ids::{ChatId, MemberRev, Seq, UserId};
use domain::member::Member;
use domain::member_settings::{MemberSettings, Notifications, NotifyLevel};
use domain::ports::StoreError;
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
    /// Absent if nothing was ever set, and in items from before it existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<SettingsItem>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    marked_unread: bool,
    /// Present only while it is true.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_blocking: bool,
    #[serde(default, skip_serializing_if = "SeqSetItem::is_empty")]
    own_deletions: SeqSetItem,
    /// `own_deletions` has all own deletions above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    own_deletions_above: Option<Seq>,
    /// Absent in items from before it existed, until their next write.
    #[serde(default)]
    member_rev: MemberRev,
}

/// What a member set for the chat. It is one attribute, so that one condition compares all of it. The index byUser
/// contains it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsItem {
    /// Absent for all messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    notify: Option<NotifyLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mute_until: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_seq: Option<Seq>,
}

impl SettingsItem {
    /// None if nothing is set: then the attribute is absent.
    pub(crate) fn new(settings: &MemberSettings) -> Option<Self> {
        let MemberSettings { notifications, is_pinned, archived_seq } = settings;
        (*settings != MemberSettings::default()).then(|| Self {
            notify: Some(notifications.level()).filter(|level| *level != NotifyLevel::All),
            mute_until: notifications.mute_until().map(Timestamp::millis),
            pinned: *is_pinned,
            archived_seq: *archived_seq,
        })
    }

    /// The attribute's value; None if it is absent.
    pub(crate) fn value(settings: &MemberSettings) -> Result<Option<AttributeValue>, StoreError> {
        Self::new(settings).map(|item| to_value("ChatMembers", &item)).transpose()
    }
}

impl From<SettingsItem> for MemberSettings {
    fn from(item: SettingsItem) -> Self {
        let notifications = match item.notify {
            None | Some(NotifyLevel::All) => Notifications::All,
            Some(NotifyLevel::Mentions) => Notifications::Mentions,
            Some(NotifyLevel::None) => Notifications::Muted(item.mute_until.map(Timestamp::from_millis)),
        };
        Self { notifications, is_pinned: item.pinned, archived_seq: item.archived_seq }
    }
}

/// The part of a member item in the index byUser.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberKey {
    pub(crate) chat_id: ChatId,
    settings: Option<SettingsItem>,
}

impl From<MemberKey> for (ChatId, MemberSettings) {
    fn from(key: MemberKey) -> Self {
        (key.chat_id, key.settings.map(MemberSettings::from).unwrap_or_default())
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
            settings: SettingsItem::new(&member.settings),
            marked_unread: member.is_marked_unread,
            is_blocking: member.is_blocking,
            own_deletions: SeqSetItem(member.own_deletions.seqs.clone()),
            own_deletions_above: Some(member.own_deletions.above).filter(|above| *above > Seq(0)),
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
            settings: item.settings.map(MemberSettings::from).unwrap_or_default(),
            is_marked_unread: item.marked_unread,
            is_blocking: item.is_blocking,
            own_deletions: RecentDeletions {
                above: item.own_deletions_above.unwrap_or_default(),
                seqs: item.own_deletions.0,
            },
            member_rev: item.member_rev,
        }
    }
}

impl HasChatId for MemberItem {
    fn chat_id(&self) -> &ChatId {
        &self.chat_id
    }
}
