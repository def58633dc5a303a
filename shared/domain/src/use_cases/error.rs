//! Why a use case of a chat fails.

use crate::ports::StoreError;
use std::convert::Infallible;
use std::error::Error;

/// Why a use case of a chat failed. Every one of them can fail in the first three ways; `R` is why this one refuses a
/// request beside that.
#[derive(Debug, thiserror::Error)]
pub enum ChatError<R = Infallible> {
    /// There is no such chat, or the caller is not in it. The caller does not learn which.
    #[error("no such chat")]
    NotFound,
    /// Other transactions changed the chat in every try until the deadline. The same request may succeed later.
    #[error("gave up after transaction conflicts")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// The request is refused.
    #[error(transparent)]
    Refused(R),
}

/// The reasons of one use case.
pub trait Refusal: Error {}

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
