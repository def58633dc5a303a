//! Identifiers and times in the formats of AWS.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use uuid::Uuid;

/// `07/Jan/2019:09:20:57 +0000`, as in `requestContext.time`.
const COMMON_LOG: &[BorrowedFormatItem<'static>] = format_description!(
    "[day]/[month repr:short]/[year]:[hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
);

/// A UUID, the format of an invocation's request id.
pub(crate) fn uuid() -> String {
    Uuid::new_v4().to_string()
}

/// A request or connection id of API Gateway: eleven random bytes, such as `TWegAcC4EowCHnA=`.
pub(crate) fn gateway() -> String {
    let bytes = Uuid::new_v4().into_bytes();
    // Bytes 6 and 8 of a version 4 UUID hold its version and variant; the others are random.
    let (first, last) = (&bytes[..6], &bytes[11..]);
    URL_SAFE.encode([first, last].concat())
}

/// A random value for `X-Amzn-Trace-Id`.
pub(crate) fn trace() -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!("Root=1-{:08x}-{}", now_millis() / 1000, &random[..24])
}

pub(crate) fn now_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}

pub(crate) fn common_log_time(millis: u64) -> String {
    let nanos = i128::from(millis) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|time| time.format(COMMON_LOG).ok())
        .unwrap_or_default()
}

/// RFC 3339 to the second, the format of `connectedAt` in the management API.
pub(crate) fn iso_time(millis: u64) -> String {
    let nanos = i128::from(millis / 1000) * 1_000_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|time| time.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_have_the_formats_of_aws() {
        assert_eq!(gateway().len(), 16);
        assert!(gateway().ends_with('='));
        assert_eq!(common_log_time(1_546_852_857_000), "07/Jan/2019:09:20:57 +0000");
        assert_eq!(iso_time(1_546_852_857_123), "2019-01-07T09:20:57Z");
        assert_eq!(trace().len(), "Root=1-5759e988-bd862e3fe1be46a994272793".len());
    }
}
