//! The errors that all use cases of a chat share.

use crate::budget::RateLimited;
use crate::ports::StoreError;
use std::convert::Infallible;
use std::error::Error;

/// Why a use case of a chat failed. The first three reasons are the same for all use cases. `R` is the reasons of this one
/// to refuse a request.
#[derive(Debug, thiserror::Error)]
pub enum ChatError<R = Infallible> {
    /// There is no such chat, or the caller is not a participant. The caller does not learn which.
    #[error("no such chat")]
    NotFound,
    /// Every try until the deadline conflicted with another transaction. The same request may succeed later.
    #[error("gave up after transaction conflicts")]
    Busy,
    /// A read or write failed.
    #[error(transparent)]
    Store(StoreError),
    /// The use case refuses the request for one of its own reasons.
    #[error(transparent)]
    Refused(R),
}

impl<R> ChatError<R> {
    /// The same error with another reason to refuse.
    pub(super) fn map_refusal<T>(self, reason: impl FnOnce(R) -> T) -> ChatError<T> {
        match self {
            Self::NotFound => ChatError::NotFound,
            Self::Busy => ChatError::Busy,
            Self::Store(error) => ChatError::Store(error),
            Self::Refused(refusal) => ChatError::Refused(reason(refusal)),
        }
    }
}

/// Marks the error enum of one use case, so that `?` turns it into [`ChatError::Refused`].
pub trait Refusal: Error {}

impl Refusal for RateLimited {}

impl<R: Refusal> From<R> for ChatError<R> {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal)
    }
}

impl<R> From<StoreError> for ChatError<R> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
