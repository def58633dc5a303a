//! What an SDK error means to the domain: by its type and code, never by its text.

use aws_call::{CallError, ProvideErrorMetadata as _};
use domain::ports::StoreError;
use std::error::Error as StdError;

/// Error codes after which the same call may succeed, beside those of a status of 500 or above.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
const TRANSIENT: [&str; 3] = ["OperationAborted", "RequestTimeout", "SlowDown"];

/// The domain's error for a call that failed.
pub(crate) fn failed(operation: &'static str, error: CallError) -> StoreError {
    let transient = match &error {
        CallError::ServiceError(service) => {
            // What a HEAD is refused with has no body, and so no code.
            let listed = service.err().code().is_some_and(|code| TRANSIENT.contains(&code));
            listed || service.raw().status().is_server_error()
        }
        CallError::ConstructionFailure(_) => false,
        _ => true,
    };
    let source = Box::new(error);
    if transient { StoreError::Unavailable { operation, source } } else { StoreError::Refused { operation, source } }
}

/// The domain's error for a request that could not be built.
pub(crate) fn refused<E: StdError + Send + Sync + 'static>(operation: &'static str) -> impl Fn(E) -> StoreError {
    move |error| StoreError::Refused { operation, source: Box::new(error) }
}
