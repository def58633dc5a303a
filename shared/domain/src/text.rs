//! Types for values that arrive as text, and the rules for texts that people see. Texts are checked once, when they
//! are parsed.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// The rule that a value breaks. Clients get it together with the name of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    /// An error with this rule, which continues the field's name: "must be ...".
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Whether nobody can see the text: it has only white space, control characters, U+2800 (the braille pattern without
/// dots), and characters that Unicode displays as nothing (Default_Ignorable_Code_Point, such as U+200B).
/// <https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point>
pub fn is_blank(text: &str) -> bool {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    text.chars().all(|c| c.is_whitespace() || c.is_control() || c == '\u{2800}' || ignorable.contains(c))
}

/// Whether the character does not fit on one line: a control character such as a line feed, or a separator of lines or
/// paragraphs. `is_control` is false for the separators.
pub(crate) fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether the character turns the text after it around, also the text of others that is shown behind a name: an
/// embedding, an override or an isolate, or the end of one. The marks U+200E, U+200F and U+061C do not: they only say
/// which direction they have themselves. <https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings>
fn turns_line(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Trims a name, which is shown on one line with other text around it.
///
/// # Errors
/// [`Invalid`] if it is blank, or if it would break or turn that line.
pub(crate) fn trim_name(text: &str) -> Result<&str, Invalid> {
    let name = text.trim();
    if is_blank(name) {
        return Err(Invalid::because("must not be blank"));
    }
    if name.chars().any(|c| breaks_line(c) || turns_line(c)) {
        let rule = "must not have control characters, or characters that break the line or turn the text around";
        return Err(Invalid::because(rule));
    }
    Ok(name)
}

/// Implements the conversions of a text newtype. Every conversion from text goes through its `parse`.
macro_rules! checked_text {
    ($name:ident, $error:ty) => {
        impl $name {
            /// The value as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $error;
            fn try_from(text: String) -> Result<Self, $error> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    };
}

/// Defines an enum whose variants are words in the API and in the tables. It is parsed through [`TryFrom`], whose
/// error lists the words: serde's own error would be longer than a reply may be.
macro_rules! word_enum {
    ($(#[$meta:meta])* $name:ident, $reason:literal, $($(#[$doc:meta])* $variant:ident = $word:literal,)+) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// The word in the API and in the tables.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl From<$name> for &'static str {
            fn from(value: $name) -> Self {
                value.as_str()
            }
        }

        impl TryFrom<String> for $name {
            type Error = crate::text::Invalid;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                match text.as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(crate::text::Invalid::because($reason)),
                }
            }
        }
    };
}

pub(crate) use {checked_text, word_enum};

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that nobody can see.
    const INVISIBLE: [&str; 18] = [
        "",
        " \n\t",
        "\u{200b}",
        "\u{200d}",
        "\u{200c}",
        "\u{200e}\u{200f}\u{61c}",
        "\u{2060}",
        "\u{feff}",
        "\u{ad}",
        "\u{2800}",
        "\u{3164}",
        "\u{115f}",
        "\u{180e}",
        "\u{fe0f}",
        "\u{202e}",
        "\0",
        "\u{7}",
        "\u{e0020}",
    ];

    #[test]
    fn text_that_nobody_can_see_is_blank() {
        for text in INVISIBLE {
            for text in [text.to_owned(), format!(" \n{text}\n {text}")] {
                assert!(is_blank(&text), "{text:?}");
                assert_eq!(trim_name(&text), Err(Invalid::because("must not be blank")), "{text:?}");
            }
        }
    }

    #[test]
    fn text_with_a_visible_character_is_not_blank() {
        for text in [
            "a",
            "1",
            "\u{2026}",
            "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{915}\u{94d}\u{200d}\u{937}",
            "\u{2764}\u{fe0f}",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
            "\u{645}\u{631}\u{62d}\u{628}\u{627}",
            "e\u{301}",
            "\u{1f1eb}\u{1f1f7}",
        ] {
            assert!(!is_blank(text), "{text:?}");
            assert_eq!(trim_name(text), Ok(text));
        }
        for hidden in INVISIBLE {
            assert!(!is_blank(&format!("{hidden}a{hidden}")), "{hidden:?}");
        }
    }

    #[test]
    fn name_neither_turns_nor_breaks_the_line_around_it() {
        let turning = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        let breaking = ['\u{2028}', '\u{2029}', '\n', '\r', '\u{85}', '\0', '\u{7}', '\u{7f}', '\u{9f}'];
        for c in turning.chain(breaking) {
            let refusal = trim_name(&format!("Alice{c}eviL")).unwrap_err();
            assert!(refusal.0.starts_with("must not have control characters"), "{c:?}: {refusal}");
        }
        for mark in ['\u{200e}', '\u{200f}', '\u{61c}', '\u{200c}', '\u{200d}', '\u{a0}'] {
            let name = format!("Alice{mark}Bob");
            assert_eq!(trim_name(&name), Ok(name.as_str()));
        }
        assert_eq!(trim_name("\u{2028} Zo\u{eb}\n"), Ok("Zo\u{eb}"), "white space at the ends is removed");
    }
}
