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
    // An answer without a code is not of DynamoDB: something on the way to it answered, which may pass.
    let has_no_code = error.as_service_error().is_some_and(|error| error.code().is_none());
    let is_transient = has_no_code || is_transient(&error, &TRANSIENT);
    let source = Box::new(error);
    if is_transient { StoreError::Unavailable { operation, source } } else { StoreError::Refused { operation, source } }
}

/// Maps the error of a request that could not be built. That is a bug in this crate.
pub(crate) fn unbuildable(operation: &'static str) -> impl Fn(aws_sdk_dynamodb::error::BuildError) -> StoreError {
    move |error| StoreError::Refused { operation, source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::config::http::HttpResponse;
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::get_item::GetItemError;
    use aws_smithy_types::body::SdkBody;

    #[test]
    fn error_is_temporary_by_its_code_or_its_status() {
        for (code, status, is_temporary) in [
            (Some("ThrottlingException"), 400, true),
            (Some("ValidationException"), 400, false),
            (Some("ValidationException"), 500, true),
            (None, 400, true),
        ] {
            let meta = ErrorMetadata::builder();
            let meta = if let Some(code) = code { meta.code(code) } else { meta };
            let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
            let error = SdkError::service_error(GetItemError::generic(meta.build()), response);
            let is_unavailable = matches!(failed("GetItem", error), StoreError::Unavailable { .. });
            assert_eq!(is_unavailable, is_temporary, "{code:?} {status}");
        }
    }
}
