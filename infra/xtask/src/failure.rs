//! What stops a chore, in words for whoever typed the command.

use std::path::Path;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    /// A mistake in a line of a file.
    pub(crate) fn at(file: &str, line: usize, problem: impl std::fmt::Display) -> Self {
        Self(format!("{file}:{line}: {problem}"))
    }

    /// What the system says about a file.
    pub(crate) fn of_file(path: &Path, error: &std::io::Error) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}
