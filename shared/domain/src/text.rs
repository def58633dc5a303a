//! Types for values that arrive as text. They are checked once, when they are parsed.

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
