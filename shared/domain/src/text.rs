//! What every text has that is checked once, by its `parse`, and trusted from then on.

/// Lets serde and everyone else read a text newtype: in only through its `parse`, out as it is.
macro_rules! checked_text {
    ($name:ident, $error:ty) => {
        impl $name {
            /// The text.
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

pub(crate) use checked_text;
