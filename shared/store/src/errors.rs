//! Maps SDK errors to the domain's errors: by type and code, never by message text.

use aws_call::is_transient;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use domain::ports::StoreError;
use std::error::Error as StdError;

/// Error codes after which the same call may succeed.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const TRANSIENT: [&str; 8] = [
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Maps the error of a failed call.
pub(crate) fn failed<E>(operation: &'static str, error: SdkError<E>) -> StoreError
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let is_transient = is_transient(&error, &TRANSIENT);
    let source = Box::new(error);
    if is_transient { StoreError::Unavailable { operation, source } } else { StoreError::Refused { operation, source } }
}

/// Maps the error of a request that could not be built. That is a bug in this crate.
pub(crate) fn unbuildable(operation: &'static str) -> impl Fn(aws_sdk_dynamodb::error::BuildError) -> StoreError {
    move |error| StoreError::Refused { operation, source: Box::new(error) }
}
