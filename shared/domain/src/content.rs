//! What a message says.

use crate::ids::Invalid;
use crate::text::checked_text;
use serde::{Deserialize, Serialize};

/// The kinds of message of the document model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
pub enum MessageType {
    /// Text.
    Text,
    /// A picture.
    Image,
    /// Any file.
    File,
    /// A recording.
    Audio,
}

impl MessageType {
    /// The name in the API and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::File => "file",
            Self::Audio => "audio",
        }
    }
}

impl TryFrom<String> for MessageType {
    type Error = Invalid;
    fn try_from(name: String) -> Result<Self, Invalid> {
        let all = [Self::Text, Self::Image, Self::File, Self::Audio];
        all.into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or_else(|| Invalid::because("must be text, image, file or audio"))
    }
}

/// A text: not empty, not only white space, and at most [`Content::MAX_JSON_BYTES`] as a JSON string.
///
/// The limit is on the JSON form because that is what a frame carries: API Gateway closes a connection over
/// a frame of more than 32 KB, and the rest of a message must fit beside its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Content(String);

impl Content {
    /// The most bytes that a content takes as a JSON string, quotes and escapes included.
    pub const MAX_JSON_BYTES: usize = 24 * 1024;

    /// Checks a text.
    ///
    /// # Errors
    /// [`ContentError`]: it is blank, or too large.
    pub fn parse(text: impl Into<String>) -> Result<Self, ContentError> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(ContentError::Blank);
        }
        // The JSON form is never shorter than the text, so a huge one is refused before it is escaped.
        if text.len() > Self::MAX_JSON_BYTES || json_length(&text) > Self::MAX_JSON_BYTES {
            return Err(ContentError::TooLarge);
        }
        Ok(Self(text))
    }
}

/// Why a text is no content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Nothing, or only white space.
    #[error("must not be blank")]
    Blank,
    /// Over [`Content::MAX_JSON_BYTES`].
    #[error("must be at most {} bytes as a JSON string", Content::MAX_JSON_BYTES)]
    TooLarge,
}

checked_text!(Content, ContentError);

/// The bytes that `value` takes as JSON.
pub(crate) fn json_length(value: &(impl Serialize + ?Sized)) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // What cannot be written as JSON has no length; every caller passes plain documents, which can.
    serde_json::to_writer(&mut count, value).map_or(usize::MAX, |()| count.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_counts_escapes() {
        assert!(Content::parse("x".repeat(Content::MAX_JSON_BYTES - 2)).is_ok());
        assert_eq!(Content::parse("x".repeat(Content::MAX_JSON_BYTES - 1)), Err(ContentError::TooLarge));
        // A line feed is two bytes of JSON.
        let lines = format!("x{}", "\n".repeat(Content::MAX_JSON_BYTES / 2));
        assert_eq!(Content::parse(lines), Err(ContentError::TooLarge));
    }

    #[test]
    fn blank_is_no_message() {
        assert_eq!(Content::parse(" \n\t"), Err(ContentError::Blank));
    }
}
