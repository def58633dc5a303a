//! A fault of the template, told by file, line, resource and property.

use std::{fmt, path::PathBuf};

/// What is wrong in a template, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The template.
    pub file: PathBuf,
    /// Line in it, where that is known.
    pub line: Option<usize>,
    /// The resource and property, such as `SendMessage.Environment`; empty for the file as a whole.
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

/// A fault inside the template's reader, where the file's name is not known yet.
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

    /// The innermost place comes first: `Environment` becomes `SendMessage.Environment`.
    pub(crate) fn within(mut self, name: &str) -> Self {
        self.subject = if self.subject.is_empty() { name.to_owned() } else { format!("{name}.{}", self.subject) };
        self
    }
}
