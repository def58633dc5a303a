//! The metadata of files: name, media type, digest, and the placeholder of a picture.

use crate::text::{Invalid, checked_text, trim_name};
use serde::{Deserialize, Serialize};

/// The name of a file: 1 to 255 bytes, trimmed, not blank. It cannot be a path, and has no characters that could disguise
/// it: nothing that breaks or turns the line around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// The limit of common file systems.
    const MAX_BYTES: usize = 255;

    /// Checks and trims a name.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the text breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let name = trim_name(&text)?;
        if name.len() > Self::MAX_BYTES {
            return Err(Invalid::because(format!("must be 1 to {} bytes", Self::MAX_BYTES)));
        }
        if name.contains(['/', '\\']) || matches!(name, "." | "..") {
            return Err(Invalid::because("must be a file's name, not a path: no / and no \\"));
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
    /// Checks a media type and puts it in lower case.
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

/// A SHA-256 digest as 64 hexadecimal digits in lower case, as `sha256sum` prints it.
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

    /// Encodes a digest of 32 bytes; None if it has another length.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == 32).then(|| Self(hex::encode(bytes)))
    }

    /// The digest as bytes.
    pub fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // 64 digits are always 32 bytes.
        let _ = hex::decode_to_slice(&self.0, &mut bytes);
        bytes
    }
}

checked_text!(Sha256Digest, Invalid);

/// A blurred preview of a picture, encoded as text. Clients show it until the picture has loaded.
/// <https://github.com/woltapp/blurhash/blob/master/Algorithm.md>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlurHash(String);

impl BlurHash {
    /// The 83 digits; the first has the value 0.
    const DIGITS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";

    /// Checks the digits of the text, and its length: the first digit encodes the number of components.
    ///
    /// # Errors
    /// [`Invalid`] with the rule that the text breaks.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let components = text.chars().next().and_then(|first| Self::DIGITS.find(first));
        // The first digit encodes the number of components, at most 9 by 9. The second encodes the maximum value. The
        // next 4 are the average colour, which is the first component. Each other component has 2 digits.
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
    fn file_name_is_not_a_path_and_not_disguised() {
        for good in ["a.pdf", "\u{fc}ber uns.txt", ".profile", "a..b", &"x".repeat(255)] {
            assert_eq!(FileName::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(FileName::parse(" a b ").unwrap().as_str(), "a b");
        let long = "\u{fc}".repeat(128);
        let disguised = ["invoice\u{202E}fdp.exe", "\u{2066}a", "a\nb", "a\u{2028}b", "a\u{2029}b", "\u{200b}"];
        for bad in ["", "  ", ".", "..", "a/b", "a\\b", &long].into_iter().chain(disguised) {
            assert!(FileName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn content_type_has_no_parameters() {
        assert_eq!(ContentType::parse("Image/PNG").unwrap().as_str(), "image/png");
        assert!(ContentType::parse("application/vnd.openxmlformats-officedocument.wordprocessingml.document").is_ok());
        for bad in ["", "png", "image/", "/png", "audio/webm;codecs=opus", "image/png ", "a/b/c", "image/p\u{fc}"] {
            assert!(ContentType::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn digest_has_32_bytes() {
        let digest = Sha256Digest::parse("00ff10a9".repeat(8)).unwrap();
        assert_eq!(digest.bytes()[..8], [0x00, 0xff, 0x10, 0xa9, 0x00, 0xff, 0x10, 0xa9]);
        assert_eq!(Sha256Digest::of_bytes(&digest.bytes()), Some(digest));
        assert_eq!(Sha256Digest::of_bytes(&[0; 31]), None);
        for bad in ["", "00", &"A".repeat(64), &"g".repeat(64), &"0".repeat(63), &"\u{fc}".repeat(32)] {
            assert!(Sha256Digest::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn blur_hash_length_matches_its_first_digit() {
        // The first one is the example in the description of the algorithm. It has 4 by 3 components.
        for good in ["LEHV6nWB2yk8pyo0adR*.7kCMdnj", "00OZZy", &format!("|{}", "~".repeat(165))] {
            assert!(BlurHash::parse(good).is_ok(), "{good:?}");
        }
        for bad in ["", "00OZZ", "00OZZyy", "LEHV6nWB2yk8pyo0adR*.7kCMdn", "00OZZ\"", "~0OZZy", "\u{fc}0OZZ"] {
            assert!(BlurHash::parse(bad).is_err(), "{bad:?}");
        }
    }
}
