//! Why a measurement has no result.

/// The text is for the person who typed the command.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

impl Error {
    /// An error of the operating system, with what was tried.
    pub(crate) fn io(tried: impl std::fmt::Display) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self(format!("cannot {tried}: {error}"))
    }
}
