//! The metrics, under the names that CloudWatch shows. Without a recorder, they cost nothing.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use std::time::Duration;

/// Answered requests, whatever the status.
const REQUESTS: &str = "Requests";
/// Requests that failed because of the system: answered with a status of 500 or above.
const SERVER_ERRORS: &str = "ServerErrors";
/// Requests that were refused with a status of 429, because a user has reached a limit of a rate or a number.
const RATE_LIMITED: &str = "RateLimited";
/// Stored messages; a repeat stores nothing.
const MESSAGES_COMMITTED: &str = "MessagesCommitted";
/// Retries, after a commit conflicted with another transaction or a read was behind.
const CONFLICTS: &str = "Conflicts";
/// Posts to connections that succeeded.
const PUSHES_POSTED: &str = "PushesPosted";
/// Posts to connections that no longer existed.
const PUSHES_GONE: &str = "PushesGone";
/// Posts that API Gateway throttled in every try.
const PUSHES_THROTTLED: &str = "PushesThrottled";
/// Posts that failed for another reason or took too long.
const PUSHES_FAILED: &str = "PushesFailed";
/// Users whose connections could not be looked up, so nothing was posted to them.
const PUSHES_MISSED: &str = "PushesMissed";
/// Notifications that the topic accepted.
const NOTIFICATIONS_PUBLISHED: &str = "NotificationsPublished";
/// Notifications that the topic did not accept, or not in time.
const NOTIFICATIONS_FAILED: &str = "NotificationsFailed";
/// Objects of deleted messages that the bucket did not remove.
const OBJECTS_NOT_REMOVED: &str = "ObjectsNotRemoved";
/// How long all posts of one event took together.
const FAN_OUT_MS: &str = "FanOutMs";
/// The read capacity of one request, in DynamoDB's units.
const READ_UNITS: &str = "ReadUnits";
/// The write capacity of one request, in DynamoDB's units.
const WRITE_UNITS: &str = "WriteUnits";

/// The names of all metrics.
pub const NAMES: [&str; 16] = [
    REQUESTS,
    SERVER_ERRORS,
    RATE_LIMITED,
    MESSAGES_COMMITTED,
    CONFLICTS,
    PUSHES_POSTED,
    PUSHES_GONE,
    PUSHES_THROTTLED,
    PUSHES_FAILED,
    PUSHES_MISSED,
    NOTIFICATIONS_PUBLISHED,
    NOTIFICATIONS_FAILED,
    OBJECTS_NOT_REMOVED,
    FAN_OUT_MS,
    READ_UNITS,
    WRITE_UNITS,
];

/// The results of an event's posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PushReport {
    /// Posts that succeeded.
    pub posted: u32,
    /// Posts to connections that no longer existed.
    pub gone: u32,
    /// Posts that were throttled in every try.
    pub throttled: u32,
    /// Posts that failed for another reason or took too long.
    pub failed: u32,
    /// Users whose connections could not be looked up.
    pub unknown: u32,
}

/// The results of a message's notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotificationReport {
    /// Notifications that the topic accepted.
    pub published: u32,
    /// Notifications that the topic did not accept, or not in time.
    pub failed: u32,
}

/// Registers the kind and unit of every metric with the recorder.
pub fn describe() {
    for name in NAMES {
        match name {
            FAN_OUT_MS => describe_histogram!(name, Unit::Milliseconds, ""),
            READ_UNITS | WRITE_UNITS => describe_gauge!(name, Unit::Count, ""),
            _ => describe_counter!(name, Unit::Count, ""),
        }
    }
}

/// Sets the consumed capacity to zero. Called at the start of each request.
pub fn reset_capacity() {
    gauge!(READ_UNITS).set(0.0);
    gauge!(WRITE_UNITS).set(0.0);
}

/// Counts a request that was answered with `status`.
pub fn count_request(status: u16) {
    counter!(REQUESTS).increment(1);
    if status >= 500 {
        counter!(SERVER_ERRORS).increment(1);
    }
    if status == 429 {
        counter!(RATE_LIMITED).increment(1);
    }
}

/// Adds the capacity that one call of the store consumed.
pub fn add_capacity(read_units: f64, write_units: f64) {
    gauge!(READ_UNITS).increment(read_units);
    gauge!(WRITE_UNITS).increment(write_units);
}

pub(crate) fn count_message() {
    counter!(MESSAGES_COMMITTED).increment(1);
}

pub(crate) fn count_conflict() {
    counter!(CONFLICTS).increment(1);
}

pub(crate) fn count_posts(report: &PushReport) {
    let PushReport { posted, gone, throttled, failed, unknown } = *report;
    let outcomes = [
        (PUSHES_POSTED, posted),
        (PUSHES_GONE, gone),
        (PUSHES_THROTTLED, throttled),
        (PUSHES_FAILED, failed),
        (PUSHES_MISSED, unknown),
    ];
    for (name, count) in outcomes.into_iter().filter(|(_, count)| *count > 0) {
        counter!(name).increment(count.into());
    }
}

pub(crate) fn count_notifications(report: &NotificationReport) {
    let NotificationReport { published, failed } = *report;
    let outcomes = [(NOTIFICATIONS_PUBLISHED, published), (NOTIFICATIONS_FAILED, failed)];
    for (name, count) in outcomes.into_iter().filter(|(_, count)| *count > 0) {
        counter!(name).increment(count.into());
    }
}

pub(crate) fn count_object_not_removed() {
    counter!(OBJECTS_NOT_REMOVED).increment(1);
}

/// Counts users whose connections could not be looked up, so they got no event.
pub fn count_missed_users(users: u32) {
    count_posts(&PushReport { unknown: users, ..PushReport::default() });
}

pub(crate) fn record_fan_out(time: Duration) {
    histogram!(FAN_OUT_MS).record(time.as_secs_f64() * 1000.0);
}
