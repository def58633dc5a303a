//! What the error of a call means: by its type, its status and its code, never by its text.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// Whether the same call may succeed later. It may after a status of 500 or above, after one of the service's
/// `transient_codes`, and if there was no answer. It does not help to repeat a request that could not be built.
pub fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, transient_codes: &[&str]) -> bool {
    match error {
        SdkError::ServiceError(refusal) => {
            refusal.raw().status().is_server_error()
                || refusal.err().code().is_some_and(|code| transient_codes.contains(&code))
        }
        SdkError::ConstructionFailure(_) => false,
        _ => true,
    }
}
