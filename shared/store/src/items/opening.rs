//! The items of the log of who opens a connection. Its partitions are in UserItems: each has the openings of ten minutes.
//! No user has the key of a partition, since it has a space.

use domain::ids::UserId;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long the openings of one partition take, in milliseconds.
const PARTITION_MILLIS: i64 = 10 * 60 * 1000;
/// How long an opening is kept. Nobody asks for openings of more than an hour ago.
const OPENING_TTL: Duration = Duration::from_secs(2 * 60 * 60);

/// That a user opened a connection.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpeningItem {
    /// The key of the partition.
    user_id: String,
    /// The time and the user: see [`sort_key`].
    item: String,
    /// The user.
    opened_by: UserId,
    expires_at: i64,
}

impl OpeningItem {
    pub(crate) fn new(user: &UserId, at: Timestamp) -> Self {
        Self {
            user_id: partition_key(at.millis().div_euclid(PARTITION_MILLIS)),
            item: sort_key(at, user.as_str()),
            opened_by: user.clone(),
            expires_at: at.plus(OPENING_TTL).seconds(),
        }
    }
}

impl From<OpeningItem> for UserId {
    fn from(item: OpeningItem) -> Self {
        item.opened_by
    }
}

/// A range of the log that is in one partition.
pub(crate) struct OpeningKeys {
    /// The key of the partition.
    pub(crate) key: String,
    /// The first sort key of the range.
    pub(crate) first: String,
    /// The last sort key of the range.
    pub(crate) last: String,
}

/// The ranges of the log from `since` to `now`, in order.
pub(crate) fn opening_keys(since: Timestamp, now: Timestamp) -> impl Iterator<Item = OpeningKeys> {
    // No user id has a character as high as this one.
    let (first, last) = (sort_key(since, ""), sort_key(now, "\u{7f}"));
    let partitions = since.millis().div_euclid(PARTITION_MILLIS)..=now.millis().div_euclid(PARTITION_MILLIS);
    partitions.map(move |number| OpeningKeys { key: partition_key(number), first: first.clone(), last: last.clone() })
}

fn partition_key(number: i64) -> String {
    format!("opened {number}")
}

/// Sorts by time, until the year 2286.
fn sort_key(at: Timestamp, user: &str) -> String {
    format!("{:013}:{user}", at.millis())
}
