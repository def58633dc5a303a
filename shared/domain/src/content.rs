//! The type and the text of a message.

use crate::text::{checked_text, is_blank, word_enum};
use serde::{Deserialize, Serialize};

word_enum!(
    /// The type of a message.
    MessageType,
    "must be text, image, file or audio",
    /// Text without an attachment.
    Text = "text",
    /// A picture, with dimensions and a BlurHash.
    Image = "image",
    /// Any file.
    File = "file",
    /// A recording, with its duration.
    Audio = "audio",
);

/// The text of a message: at most [`Content::MAX_JSON_BYTES`] as a JSON string. A text that nobody can see
/// ([`is_blank`]) becomes the empty text, which only a message with an attachment may have.
///
/// The limit is on the JSON form because a frame contains that. API Gateway closes a connection over a frame of more
/// than 32 KB, and the frame must also hold the rest of the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Content(String);

impl Content {
    /// The most bytes of a text as a JSON string, quotes and escapes included.
    pub const MAX_JSON_BYTES: usize = 24 * 1024;

    /// The most bytes of a caption as a JSON string. It is lower because the attachment needs part of the frame.
    pub const MAX_CAPTION_JSON_BYTES: usize = 4 * 1024;

    /// Checks a text.
    ///
    /// # Errors
    /// [`ContentTooLarge`] with the limit.
    pub fn parse(text: impl Into<String>) -> Result<Self, ContentTooLarge> {
        Self::within(Self::MAX_JSON_BYTES, text.into())
    }

    /// Checks a caption.
    ///
    /// # Errors
    /// [`ContentTooLarge`] with the limit.
    pub fn caption(text: impl Into<String>) -> Result<Self, ContentTooLarge> {
        Self::within(Self::MAX_CAPTION_JSON_BYTES, text.into())
    }

    fn within(limit: usize, text: String) -> Result<Self, ContentTooLarge> {
        // The JSON form is never shorter than the text, so a huge text is refused before it is escaped.
        if text.len() > limit || json_length(&text) > limit {
            return Err(ContentTooLarge { limit });
        }
        Ok(Self(if is_blank(&text) { String::new() } else { text }))
    }

    /// Whether the text is blank.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A text is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be at most {limit} bytes as a JSON string")]
pub struct ContentTooLarge {
    /// The most bytes.
    pub limit: usize,
}

checked_text!(Content, ContentTooLarge);

/// The length of `value` as JSON, in bytes; `usize::MAX` if it cannot be encoded.
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
    // Every caller passes a plain document, which can always be encoded.
    serde_json::to_writer(&mut count, value).map_or(usize::MAX, |()| count.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_counts_escapes() {
        assert!(Content::parse("x".repeat(Content::MAX_JSON_BYTES - 2)).is_ok());
        assert_eq!(
            Content::parse("x".repeat(Content::MAX_JSON_BYTES - 1)),
            Err(ContentTooLarge { limit: Content::MAX_JSON_BYTES })
        );
        assert!(Content::caption("x".repeat(Content::MAX_CAPTION_JSON_BYTES - 2)).is_ok());
        let limit = Content::MAX_CAPTION_JSON_BYTES;
        assert_eq!(Content::caption("x".repeat(limit - 1)), Err(ContentTooLarge { limit }));
        // A line feed is two bytes of JSON.
        let lines = format!("x{}", "\n".repeat(Content::MAX_JSON_BYTES / 2));
        assert_eq!(Content::parse(lines), Err(ContentTooLarge { limit: Content::MAX_JSON_BYTES }));
    }

    #[test]
    fn blank_text_becomes_the_empty_text() {
        for blank in ["", " \n\t", "\u{200b}", " \n\u{200b}\n ", "\u{e0020}"] {
            assert_eq!(Content::parse(blank).unwrap().as_str(), "", "{blank:?}");
            assert_eq!(Content::caption(blank).unwrap().as_str(), "", "{blank:?}");
        }
        assert_eq!(Content::parse(" a ").unwrap().as_str(), " a ");
    }
}
