//! A member's own view of a chat: what notifies them, and where the chat stands in their inbox. Only the member's own
//! devices see it.

use crate::chat_user::{MAX_MUTED_CHATS, Mutes};
use crate::ids::{ChatId, MemberRev, Seq};
use crate::member::Member;
use crate::text::word_enum;
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// The most chats that one user can pin.
pub const MAX_PINNED_CHATS: usize = 20;

word_enum!(
    /// Which messages of a chat notify a member.
    NotifyLevel,
    "must be all, mentions or none",
    /// Every message.
    All = "all",
    /// Messages that mention the member.
    Mentions = "mentions",
    /// No message: the chat is muted. A user can choose to be notified of mentions all the same.
    None = "none",
);

/// Which messages of a chat notify a member, and until when if it is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Notifications {
    /// Every message.
    #[default]
    All,
    /// Messages that mention the member.
    Mentions,
    /// The chat is muted until this time, or without an end. After the end, every message notifies again.
    Muted(Option<Timestamp>),
}

impl Notifications {
    /// What holds at `now`: a mute that has ended is none.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Muted(Some(until)) if until <= now => Self::All,
            other => other,
        }
    }

    /// Whether the chat is muted at `now`.
    #[must_use]
    pub fn is_muted(self, now: Timestamp) -> bool {
        matches!(self.at(now), Self::Muted(_))
    }

    /// The level without the end of a mute.
    #[must_use]
    pub fn level(self) -> NotifyLevel {
        match self {
            Self::All => NotifyLevel::All,
            Self::Mentions => NotifyLevel::Mentions,
            Self::Muted(_) => NotifyLevel::None,
        }
    }

    /// When the mute ends; None if it has no end, or the chat is not muted.
    #[must_use]
    pub fn mute_until(self) -> Option<Timestamp> {
        match self {
            Self::Muted(until) => until,
            Self::All | Self::Mentions => None,
        }
    }
}

/// What a member set for one chat. The default is what a new member has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemberSettings {
    /// Which messages notify the member. A mute may have ended.
    pub notifications: Notifications,
    /// Whether the chat comes first in the member's inbox.
    pub is_pinned: bool,
    /// The seq of the chat's last message when the member archived the chat; None if they did not.
    pub archived_seq: Option<Seq>,
}

impl MemberSettings {
    /// Whether the chat is archived at `now`, if `last_seq` is its last message. A later message than those that were
    /// archived brings the chat back, unless the chat is muted. Nothing is written for that.
    pub fn is_archived(&self, last_seq: Seq, now: Timestamp) -> bool {
        self.archived_seq.is_some_and(|archived| last_seq <= archived || self.notifications.is_muted(now))
    }

    /// What is in the user's list of muted and pinned chats about this chat: the end of the mute, and the pin.
    fn listed(&self) -> (Option<Option<Timestamp>>, bool) {
        let mute = match self.notifications {
            Notifications::Muted(until) => Some(until),
            Notifications::All | Notifications::Mentions => None,
        };
        (mute, self.is_pinned)
    }

    /// Whether the chat is in the user's list of muted and pinned chats.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.listed() != (None, false)
    }

    /// Whether the user's list of muted and pinned chats is the same with these settings as with the others.
    #[must_use]
    pub fn is_listed_like(&self, other: &Self) -> bool {
        self.listed() == other.listed()
    }
}

/// What a member asks to change of their view of a chat. None keeps the present value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// Which messages notify.
    pub notifications: Option<NotificationsChange>,
    /// Whether the chat comes first.
    pub pinned: Option<bool>,
    /// Whether the chat is archived.
    pub archived: Option<bool>,
    /// Whether the chat is shown as unread. The read position stays.
    pub marked_unread: Option<bool>,
}

/// A change of what notifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationsChange {
    /// These from now on.
    Set(Notifications),
    /// A mute ends. If the chat is not muted, nothing changes.
    Unmute,
}

impl SettingsChange {
    /// A mute until this time, or without an end.
    #[must_use]
    pub fn mute(until: Option<Timestamp>) -> Self {
        let muted = NotificationsChange::Set(Notifications::Muted(until));
        Self { notifications: Some(muted), ..Self::default() }
    }

    /// The end of a mute.
    #[must_use]
    pub fn unmute() -> Self {
        Self { notifications: Some(NotificationsChange::Unmute), ..Self::default() }
    }

    /// Whether it would mute until a time that has passed at `now`.
    #[must_use]
    pub fn mutes_until_past(&self, now: Timestamp) -> bool {
        match self.notifications {
            Some(NotificationsChange::Set(wanted)) => wanted.at(now) != wanted,
            Some(NotificationsChange::Unmute) | None => false,
        }
    }

    /// The member after the change, with the next memberRev; None if nothing changes. `last_seq` is the chat's last
    /// message. What no longer holds at `now` is removed: a mute that has ended, and the archiving of a chat that came
    /// back.
    #[must_use]
    pub fn apply(&self, member: &Member, last_seq: Seq, now: Timestamp) -> Option<Member> {
        let before = member.settings;
        let mut after = before;
        after.archived_seq = before.archived_seq.filter(|_| before.is_archived(last_seq, now));
        after.notifications = before.notifications.at(now);
        let cleaned = after;
        match self.notifications {
            Some(NotificationsChange::Set(wanted)) => after.notifications = wanted,
            Some(NotificationsChange::Unmute) if after.notifications.is_muted(now) => {
                after.notifications = Notifications::All;
            }
            Some(NotificationsChange::Unmute) | None => {}
        }
        after.is_pinned = self.pinned.unwrap_or(after.is_pinned);
        match self.archived {
            Some(true) => after.archived_seq = Some(last_seq),
            Some(false) => after.archived_seq = None,
            None => {}
        }
        let is_marked_unread = self.marked_unread.unwrap_or(member.is_marked_unread);
        let changes = after != cleaned || is_marked_unread != member.is_marked_unread;
        let member_rev = member.member_rev.next();
        changes.then(|| Member { settings: after, is_marked_unread, member_rev, ..member.clone() })
    }
}

/// The chats that a user muted or pinned: their bounds need all of them at once. The settings themselves are in the
/// member items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedChats {
    /// The number of the last write; 0 if nothing was ever written. A store writes the list only if it is as it was
    /// read.
    pub rev: u64,
    /// The muted chats. Mutes that have ended may be among them.
    pub mutes: Mutes,
    /// The pinned chats.
    pub pinned: BTreeSet<ChatId>,
}

/// A user would have too many chats of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListFull {
    /// Muted chats.
    #[error("more than {MAX_MUTED_CHATS} muted chats")]
    Muted,
    /// Pinned chats.
    #[error("more than {MAX_PINNED_CHATS} pinned chats")]
    Pinned,
}

impl ListFull {
    /// The most chats of the kind.
    #[must_use]
    pub fn limit(self) -> usize {
        match self {
            Self::Muted => MAX_MUTED_CHATS,
            Self::Pinned => MAX_PINNED_CHATS,
        }
    }
}

impl ListedChats {
    /// The list with these settings of `chat`, without mutes that have ended at `now`.
    ///
    /// # Errors
    /// [`ListFull`] if a chat more would be too many.
    pub fn with(&self, chat: &ChatId, settings: &MemberSettings, now: Timestamp) -> Result<Self, ListFull> {
        let mut after = self.clone();
        after.rev += 1;
        after.mutes.retain(|_, until| until.is_none_or(|until| now < until));
        let is_new = match settings.notifications {
            Notifications::Muted(until) => after.mutes.insert(chat.clone(), until).is_none(),
            Notifications::All | Notifications::Mentions => {
                after.mutes.remove(chat);
                false
            }
        };
        if is_new && after.mutes.len() > MAX_MUTED_CHATS {
            return Err(ListFull::Muted);
        }
        let is_new = if settings.is_pinned {
            after.pinned.insert(chat.clone())
        } else {
            after.pinned.remove(chat);
            false
        };
        if is_new && after.pinned.len() > MAX_PINNED_CHATS {
            return Err(ListFull::Pinned);
        }
        Ok(after)
    }
}

/// A member's view of a chat, as their own devices see it. Flags that are not set are absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsView {
    /// The number of the last write of the member item: of two views of one membership, the one with the higher number
    /// is newer.
    pub member_rev: MemberRev,
    /// Which messages notify the member.
    pub notify: NotifyLevel,
    /// When the mute ends; absent if it has no end, or the chat is not muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mute_until: Option<Timestamp>,
    /// Whether the chat comes first in the inbox.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// The chat is archived while this is the chat's last seq, or lower, or while the chat is muted. Absent if the chat
    /// is not archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_seq: Option<Seq>,
    /// Whether the member marked the chat as unread, and has not read or sent since.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub marked_unread: bool,
}

impl SettingsView {
    /// The view of `member` at `now`, if `last_seq` is the chat's last message.
    pub fn new(member: &Member, last_seq: Seq, now: Timestamp) -> Self {
        let settings = member.settings;
        let notifications = settings.notifications.at(now);
        Self {
            member_rev: member.member_rev,
            notify: notifications.level(),
            mute_until: notifications.mute_until(),
            pinned: settings.is_pinned,
            archived_seq: settings.archived_seq.filter(|_| settings.is_archived(last_seq, now)),
            marked_unread: member.is_marked_unread,
        }
    }
}

/// A member's view of a chat with their read position and unread count at the same moment: `data` of `member.updated`.
/// A read position above this one takes back `marked_unread`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnMember {
    /// The member's read position.
    pub read_seq: Seq,
    /// The number of messages that the member has not read.
    pub unread_count: u64,
    /// The member's view.
    pub settings: SettingsView,
}

impl OwnMember {
    /// The state of `member` at `now`, if `last_seq` is the chat's last message.
    pub fn new(member: &Member, last_seq: Seq, unread_count: u64, now: Timestamp) -> Self {
        let settings = SettingsView::new(member, last_seq, now);
        Self { read_seq: member.read_up_to(), unread_count, settings }
    }
}

#[cfg(test)]
mod tests;
