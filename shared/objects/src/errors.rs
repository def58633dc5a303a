//! Maps errors of calls to S3 to the domain's errors.

use aws_call::{CallError, is_transient};
use domain::ports::StoreError;
use std::error::Error as StdError;

/// Error codes after which the same call may succeed, in addition to a status of 500 or above.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
const TRANSIENT: [&str; 3] = ["OperationAborted", "RequestTimeout", "SlowDown"];

/// Maps the error of a failed call.
pub(crate) fn failed(operation: &'static str, error: CallError) -> StoreError {
    let is_transient = is_transient(&error, &TRANSIENT);
    let source = Box::new(error);
    if is_transient { StoreError::Unavailable { operation, source } } else { StoreError::Refused { operation, source } }
}

/// Maps the error of a request that could not be built or signed.
pub(crate) fn refused<E: StdError + Send + Sync + 'static>(operation: &'static str) -> impl Fn(E) -> StoreError {
    move |error| StoreError::Refused { operation, source: Box::new(error) }
}
