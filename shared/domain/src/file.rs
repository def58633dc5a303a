//! What is said of a file that is sent: its name, its type, its digest, and what is shown of a picture before it is
//! there.

use crate::text::Invalid;
use crate::text::checked_text;
use serde::{Deserialize, Serialize};

/// What a file is called: 1 to 255 bytes, trimmed, and nothing that makes a path of it, or shows it as something else
/// than it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// The most bytes: what file systems take.
    const MAX_BYTES: usize = 255;

    /// Checks and trims a name.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the text breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let name = text.trim();
        if name.is_empty() || name.len() > Self::MAX_BYTES {
            return Err(Invalid::because(format!("must be 1 to {} bytes", Self::MAX_BYTES)));
        }
        let turns = |c| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if name.chars().any(|c| c.is_control() || turns(c) || matches!(c, '/' | '\\')) || matches!(name, "." | "..") {
            let rule = "must be a file's name, without /, \\ and characters that are not shown or turn the text around";
            return Err(Invalid::because(rule));
        }
        Ok(Self(name.to_owned()))
    }
}

checked_text!(FileName, Invalid);

/// A media type without parameters, in lower case: `image/png`.
/// <https://www.rfc-editor.org/rfc/rfc6838#section-4.2>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentType(String);

impl ContentType {
    /// Checks a type.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the text breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name.len() <= 127
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
        };
        match text.split_once('/') {
            Some((kind, subtype)) if is_name(kind) && is_name(subtype) => Ok(Self(text.to_ascii_lowercase())),
            _ => Err(Invalid::because("must be a media type without parameters, like image/png")),
        }
    }
}

checked_text!(ContentType, Invalid);

/// SHA-256 as 64 hexadecimal digits in lower case, as `sha256sum` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Digest(String);

impl Sha256Digest {
    /// Checks a digest.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the text breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        match text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            true => Ok(Self(text)),
            false => Err(Invalid::because("must be SHA-256 as 64 hexadecimal digits in lower case")),
        }
    }

    /// The digest of these bytes; None if they are not 32.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == 32).then(|| Self(hex::encode(bytes)))
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // 64 digits are always 32 bytes.
        let _ = hex::decode_to_slice(&self.0, &mut bytes);
        bytes
    }
}

checked_text!(Sha256Digest, Invalid);

/// A few colours of a picture, as text that is shown blurred until the picture is there.
/// <https://github.com/woltapp/blurhash/blob/master/Algorithm.md>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlurHash(String);

impl BlurHash {
    /// Its 83 digits, the first worth 0.
    const DIGITS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

    /// Checks that the text has the digits, and as many as the number of components that its first one says.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the text breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let components = text.chars().next().and_then(|first| Self::DIGITS.find(first));
        // One digit says how many components there are, 9 by 9 at most; one the largest of them; 4 are the average
        // colour, which is the first component; each other one has 2.
        let length = components.filter(|size| *size < 81).map(|size| 4 + 2 * (size % 9 + 1) * (size / 9 + 1));
        match length == Some(text.len()) && text.chars().all(|digit| Self::DIGITS.contains(digit)) {
            true => Ok(Self(text)),
            false => Err(Invalid::because("must be a BlurHash, like LEHV6nWB2yk8pyo0adR*.7kCMdnj")),
        }
    }
}

checked_text!(BlurHash, Invalid);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_no_path_and_no_trick() {
        for good in ["a.pdf", "\u{fc}ber uns.txt", ".profile", "a..b", &"x".repeat(255)] {
            assert_eq!(FileName::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(FileName::parse(" a b ").unwrap().as_str(), "a b");
        let long = "\u{fc}".repeat(128);
        for bad in ["", "  ", ".", "..", "a/b", "a\\b", "a\nb", "invoice\u{202E}fdp.exe", "\u{2066}a", &long] {
            assert!(FileName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_content_type_is_bare() {
        assert_eq!(ContentType::parse("Image/PNG").unwrap().as_str(), "image/png");
        assert!(ContentType::parse("application/vnd.openxmlformats-officedocument.wordprocessingml.document").is_ok());
        for bad in ["", "png", "image/", "/png", "audio/webm;codecs=opus", "image/png ", "a/b/c", "image/p\u{fc}"] {
            assert!(ContentType::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_digest_is_32_bytes() {
        let digest = Sha256Digest::parse("00ff10a9".repeat(8)).unwrap();
        assert_eq!(digest.bytes()[..8], [0x00, 0xff, 0x10, 0xa9, 0x00, 0xff, 0x10, 0xa9]);
        assert_eq!(Sha256Digest::of_bytes(&digest.bytes()), Some(digest));
        assert_eq!(Sha256Digest::of_bytes(&[0; 31]), None);
        for bad in ["", "00", &"A".repeat(64), &"g".repeat(64), &"0".repeat(63), &"\u{fc}".repeat(32)] {
            assert!(Sha256Digest::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_blur_hash_is_as_long_as_it_says() {
        // The first is the example of the algorithm's description, of 4 by 3 components.
        for good in ["LEHV6nWB2yk8pyo0adR*.7kCMdnj", "00OZZy", &format!("|{}", "~".repeat(165))] {
            assert!(BlurHash::parse(good).is_ok(), "{good:?}");
        }
        for bad in ["", "00OZZ", "00OZZyy", "LEHV6nWB2yk8pyo0adR*.7kCMdn", "00OZZ\"", "~0OZZy", "\u{fc}0OZZ"] {
            assert!(BlurHash::parse(bad).is_err(), "{bad:?}");
        }
    }
}
