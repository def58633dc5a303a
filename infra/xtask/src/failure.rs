//! The error of a task. Its text is for the person who typed the command.

use std::path::Path;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    /// An error in a line of a file.
    pub(crate) fn at(file: &str, line: usize, problem: impl std::fmt::Display) -> Self {
        Self(format!("{file}:{line}: {problem}"))
    }

    /// The operating system's error about a file.
    pub(crate) fn of_file(path: &Path, error: &std::io::Error) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}
