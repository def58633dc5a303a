//! What users have made so far.

use super::{MemoryStore, State};
use domain::ids::UserId;
use domain::ports::{CountMemberships, LimitsStore, StoreError};
use domain::user_limits::{LimitsChange, UserLimits};

impl State {
    /// Applies the change if each bucket in it is as it was read.
    pub(super) fn change_limits(&mut self, change: &LimitsChange) -> bool {
        let LimitsChange { user, new_chats, added_people, declared_bytes, block_changes, more_blocked_users } = change;
        let before = self.limits.get(user).copied().unwrap_or_default();
        let mut after = before;
        for (spending, bucket) in [
            (new_chats, &mut after.new_chats),
            (added_people, &mut after.added_people),
            (declared_bytes, &mut after.declared_bytes),
            (block_changes, &mut after.block_changes),
        ] {
            let Some(spending) = spending else { continue };
            if *bucket != spending.before {
                return false;
            }
            *bucket = Some(spending.after);
        }
        after.open_chats += u64::from(new_chats.is_some());
        after.blocked_users = after.blocked_users.saturating_add_signed(*more_blocked_users);
        self.limits.insert(user.clone(), after);
        true
    }
}

impl LimitsStore for MemoryStore {
    async fn limits(&self, user: &UserId) -> Result<UserLimits, StoreError> {
        self.read(|state| state.limits.get(user).copied().unwrap_or_default()).await
    }

    async fn change_limits(&self, change: &LimitsChange) -> Result<bool, StoreError> {
        self.transact(false, |state| state.change_limits(change)).await
    }
}

impl CountMemberships for MemoryStore {
    async fn membership_count(&self, user: &UserId, max: u32) -> Result<u32, StoreError> {
        self.read(|state| {
            let count = state.members.keys().filter(|(_, member)| member == user).count();
            u32::try_from(count).unwrap_or(u32::MAX).min(max)
        })
        .await
    }
}
