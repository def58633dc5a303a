//! Limits on what a user makes across all chats, and on how many chats a user can be put into.

use super::App;
use super::error::ChatError;
use crate::budget::RateLimited;
use crate::ids::UserId;
use crate::ports::{CountMemberships, Env, LimitsStore, StoreError};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use crate::user_limits::{LimitsChange, UserLimits};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

/// How many users' chats are counted at the same time.
const MAX_CONCURRENT_COUNTS: usize = 16;

impl<S: LimitsStore, P, E: Env> App<S, P, E> {
    /// Takes from one of the user's buckets, in a write of its own. `spend` reads the bucket, takes from it, and puts
    /// the result into the change.
    pub(super) async fn spend_limits(
        &self,
        user: &UserId,
        spend: impl Fn(UserLimits, Timestamp, &mut LimitsChange) -> Result<(), RateLimited>,
    ) -> Result<(), ChatError<RateLimited>> {
        let mut retry = Retry::new(&self.env);
        loop {
            let limits = self.store.limits(user).await?;
            let mut change = LimitsChange::of(user.clone());
            spend(limits, self.env.now(), &mut change)?;
            if self.store.change_limits(&change).await? {
                return Ok(());
            }
            if !retry.again().await {
                return Err(ChatError::Busy);
            }
        }
    }
}

impl<S: LimitsStore, P, E: Env> App<S, P, E> {
    /// Takes people from the budget of who adds them, for a request that adds nobody in the end.
    pub(super) async fn spend_people(&self, user: &UserId, people: usize) -> Result<(), ChatError<RateLimited>> {
        let people = u64::try_from(people).unwrap_or(u64::MAX);
        self.spend_limits(user, |limits, now, change| {
            change.added_people = Some(self.settings.added_people.spend(limits.added_people, people, now)?);
            Ok(())
        })
        .await
    }
}

impl<S: CountMemberships, P, E> App<S, P, E> {
    /// Those of the users who are in so many chats that others cannot put them into one more.
    pub(super) async fn users_in_too_many_chats(&self, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let max = self.settings.max_memberships;
        let counts = users.iter().cloned().map(|user| async move {
            let count = self.store.membership_count(&user, max).await?;
            Ok((count >= max).then_some(user))
        });
        let counts: Vec<Option<UserId>> = stream::iter(counts).buffered(MAX_CONCURRENT_COUNTS).try_collect().await?;
        Ok(counts.into_iter().flatten().collect())
    }
}
