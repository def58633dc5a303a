//! The names of groups and users, and the topics of groups.

use crate::text::{Invalid, checked_text, trim_name};
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation as _;

/// A group's name: 1 to 100 characters, trimmed, not blank, and nothing that breaks or turns the line around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChatName(String);

impl ChatName {
    /// The most characters.
    const MAX_CHARS: usize = 100;

    /// Checks and trims a name.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the text breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let name = trim_name(&text)?;
        if name.chars().count() > Self::MAX_CHARS {
            return Err(Invalid::because(format!("must be 1 to {} characters", Self::MAX_CHARS)));
        }
        Ok(Self(name.to_owned()))
    }
}

checked_text!(ChatName, Invalid);

/// What a group is about: 1 to 500 characters, trimmed, not blank, and on one line, like a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Topic(String);

impl Topic {
    /// The most characters.
    pub const MAX_CHARS: usize = 500;

    /// Checks and trims a topic.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the text breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let topic = trim_name(&text)?;
        if topic.chars().count() > Self::MAX_CHARS {
            return Err(Invalid::because(format!("must be 1 to {} characters", Self::MAX_CHARS)));
        }
        Ok(Self(topic.to_owned()))
    }
}

checked_text!(Topic, Invalid);

/// The name that a user chose: 1 to 50 characters, trimmed, not blank, and nothing that breaks or turns the line around
/// it. Characters are counted as people count them (grapheme clusters, UAX #29).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nickname(String);

impl Nickname {
    /// The most characters.
    const MAX_CHARS: usize = 50;
    /// Limits the size, because a grapheme cluster has no maximum length. 50 of the longest emoji are under this.
    const MAX_BYTES: usize = 2048;

    /// Checks and trims a nickname.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the text breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let name = trim_name(&text)?;
        if name.len() > Self::MAX_BYTES || name.graphemes(true).count() > Self::MAX_CHARS {
            return Err(Invalid::because(format!("must be 1 to {} characters", Self::MAX_CHARS)));
        }
        Ok(Self(name.to_owned()))
    }
}

checked_text!(Nickname, Invalid);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat_name_is_trimmed_and_bounded() {
        assert_eq!(ChatName::parse("  Team  ").unwrap().as_str(), "Team");
        assert!(ChatName::parse("ü".repeat(100)).is_ok());
        for bad in ["", "   ", "a\u{7}b", "\u{200b}", "Alice\u{202e}eviL", "Alice\u{2028}eviL", &"x".repeat(101)] {
            assert!(ChatName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn topic_is_trimmed_and_bounded() {
        assert_eq!(
            Topic::parse("  Release 2.0: ready on Friday?  ").unwrap().as_str(),
            "Release 2.0: ready on Friday?"
        );
        assert!(Topic::parse("\u{1F44B}".repeat(500)).is_ok());
        for bad in ["", "   ", "a\nb", "\u{200b}", "Now\u{202e}eviL", &"x".repeat(501)] {
            assert!(Topic::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nickname_length_counts_grapheme_clusters() {
        let family = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{200D}\u{1F466}";
        assert!(Nickname::parse(family.repeat(50)).is_ok() && Nickname::parse(family.repeat(51)).is_err());
        assert_eq!(Nickname::parse("  Ali  ").unwrap().as_str(), "Ali");
        let endless = format!("e{}", "\u{301}".repeat(100_000));
        for bad in
            ["", "  ", "a\u{7}b", "\u{200b}", "Alice\u{202e}eviL", "Alice\u{2028}eviL", &"x".repeat(51), &endless]
        {
            assert!(Nickname::parse(bad).is_err(), "{}", bad.len());
        }
        for good in
            ["Zo\u{eb}", "\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{636}\u{627}", "O'Brien", "\u{ae40}\u{bbfc}\u{c900}"]
        {
            assert_eq!(Nickname::parse(good).unwrap().as_str(), good);
        }
    }
}
