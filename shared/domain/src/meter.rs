//! What is counted, under the names that CloudWatch shows. Where nobody listens, counting costs nothing.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use std::time::Duration;

/// Every request that was answered, whatever the answer.
const REQUESTS: &str = "Requests";
/// Requests that failed through no fault of the client: answered with a status of 500 or above.
const SERVER_ERRORS: &str = "ServerErrors";
/// Messages that were stored; a repeat stores nothing.
const MESSAGES_COMMITTED: &str = "MessagesCommitted";
/// Times that something was tried again: a commit lost against another, or a read was behind.
const CONFLICTS: &str = "Conflicts";
/// Posts to connections that were taken.
const PUSHES_POSTED: &str = "PushesPosted";
/// Posts to connections that were not there any more.
const PUSHES_GONE: &str = "PushesGone";
/// Posts that API Gateway still throttled after the last try.
const PUSHES_THROTTLED: &str = "PushesThrottled";
/// Posts that failed otherwise or took too long.
const PUSHES_FAILED: &str = "PushesFailed";
/// Users whose connections could not be looked up, so that nothing was posted to them.
const PUSHES_MISSED: &str = "PushesMissed";
/// Notifications of users who are away that the topic took.
const NOTIFICATIONS_PUBLISHED: &str = "NotificationsPublished";
/// Notifications that it did not take.
const NOTIFICATIONS_FAILED: &str = "NotificationsFailed";
/// Objects of messages that were deleted for everyone which the bucket did not remove.
const OBJECTS_NOT_REMOVED: &str = "ObjectsNotRemoved";
/// How long one event's posts took together.
const FAN_OUT_MS: &str = "FanOutMs";
/// Read capacity that one request consumed, in DynamoDB's units.
const READ_UNITS: &str = "ReadUnits";
/// Write capacity that one request consumed, in DynamoDB's units.
const WRITE_UNITS: &str = "WriteUnits";

/// Every name.
pub const NAMES: [&str; 15] = [
    REQUESTS,
    SERVER_ERRORS,
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

/// What became of an event's posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PushReport {
    /// Posts that were taken.
    pub posted: u32,
    /// Connections that were gone.
    pub gone: u32,
    /// Posts that were still throttled after the last try.
    pub throttled: u32,
    /// Posts that failed otherwise or took too long.
    pub failed: u32,
    /// Recipients whose connections could not be looked up.
    pub unknown: u32,
}

/// What became of a message's notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotificationReport {
    /// Those that the topic took.
    pub published: u32,
    /// Those that it did not take, or not in time.
    pub failed: u32,
}

/// Tells the recorder what each is measured in.
pub fn describe() {
    for name in NAMES {
        match name {
            FAN_OUT_MS => describe_histogram!(name, Unit::Milliseconds, ""),
            READ_UNITS | WRITE_UNITS => describe_gauge!(name, Unit::Count, ""),
            _ => describe_counter!(name, Unit::Count, ""),
        }
    }
}

/// A request begins: its capacity is counted from nothing.
pub fn begin() {
    gauge!(READ_UNITS).set(0.0);
    gauge!(WRITE_UNITS).set(0.0);
}

/// A request was answered with this status.
pub fn answered(status: u16) {
    counter!(REQUESTS).increment(1);
    if status >= 500 {
        counter!(SERVER_ERRORS).increment(1);
    }
}

/// A call of the store consumed this much.
pub fn consumed(read_units: f64, write_units: f64) {
    gauge!(READ_UNITS).increment(read_units);
    gauge!(WRITE_UNITS).increment(write_units);
}

pub(crate) fn message_committed() {
    counter!(MESSAGES_COMMITTED).increment(1);
}

pub(crate) fn conflict() {
    counter!(CONFLICTS).increment(1);
}

pub(crate) fn pushed(report: &PushReport) {
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

pub(crate) fn notified(report: &NotificationReport) {
    let NotificationReport { published, failed } = *report;
    let outcomes = [(NOTIFICATIONS_PUBLISHED, published), (NOTIFICATIONS_FAILED, failed)];
    for (name, count) in outcomes.into_iter().filter(|(_, count)| *count > 0) {
        counter!(name).increment(count.into());
    }
}

pub(crate) fn object_not_removed() {
    counter!(OBJECTS_NOT_REMOVED).increment(1);
}

/// Nobody knows where these users are connected, so that they are told nothing.
pub fn missed(users: u32) {
    pushed(&PushReport { unknown: users, ..PushReport::default() });
}

pub(crate) fn fanned_out(time: Duration) {
    histogram!(FAN_OUT_MS).record(time.as_secs_f64() * 1000.0);
}
