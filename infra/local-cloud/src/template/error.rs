//! An error in the template, with file, line, resource and property.

use std::{fmt, path::PathBuf};

/// An error in the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The template's file.
    pub file: PathBuf,
    /// The line in the file. None if it is unknown.
    pub line: Option<usize>,
    /// The resource and property, such as `SendMessage.Environment`. Empty if the error is about the whole file.
    pub subject: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if !self.subject.is_empty() {
            write!(out, ": {}", self.subject)?;
        }
        write!(out, ": {}", self.message)
    }
}

impl std::error::Error for TemplateError {}

/// A [`TemplateError`] before the file's name is known.
#[derive(Debug)]
pub(crate) struct Issue {
    pub(crate) line: Option<usize>,
    pub(crate) subject: String,
    pub(crate) message: String,
}

impl Issue {
    pub(crate) fn at(line: usize, message: impl Into<String>) -> Self {
        Self { line: Some(line), subject: String::new(), message: message.into() }
    }

    /// Adds an outer name to the subject: within `SendMessage`, `Environment` becomes `SendMessage.Environment`.
    pub(crate) fn within(mut self, name: &str) -> Self {
        self.subject = if self.subject.is_empty() { name.to_owned() } else { format!("{name}.{}", self.subject) };
        self
    }
}
