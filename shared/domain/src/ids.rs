//! Identifiers, parsed once where they enter and trusted everywhere else.

use crate::text::{Invalid, checked_text};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A string newtype that can only be made by its `parse`, and that serde reads through it.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `text` and makes the identifier of it.
            ///
            /// # Errors
            /// [`Invalid`] with the rule that the text breaks.
            pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
                let text = text.into();
                let check: fn(&str) -> Result<(), Invalid> = $parse;
                check(&text)?;
                Ok(Self(text))
            }
        }

        checked_text!($name, Invalid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// Who somebody is: the `sub` of the Auth Service's token. 1 to 128 of `A-Z a-z 0-9 . _ : @ | -`.
    UserId,
    |text| limited_alphabet(text, 128, "A-Z a-z 0-9 . _ : @ | -", |c| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '@' | '|' | '-')
    })
);

text_id!(
    /// A chat. A private one: 64 hexadecimal digits, see [`ChatId::private`]. A group: a UUID, of version 7, or of version 8
    /// where a client named the group.
    ChatId,
    lower_case_id
);

text_id!(
    /// An attachment, and the key of its object: a UUIDv7, see [`AttachmentId::random`].
    AttachmentId,
    lower_case_id
);

text_id!(
    /// The name that a client gives to one message, so that sending it again stores it once.
    /// 1 to 64 printable ASCII characters, no spaces.
    ClientMessageId,
    client_id
);

text_id!(
    /// The name that a client gives to one group, so that creating it again makes one group.
    /// 1 to 64 printable ASCII characters, no spaces.
    ClientChatId,
    client_id
);

text_id!(
    /// One WebSocket connection, as API Gateway names it. 1 to 128 printable ASCII characters, no spaces.
    ConnectionId,
    |text| limited_alphabet(text, 128, "printable ASCII, no spaces", |c| c.is_ascii_graphic())
);

fn lower_case_id(text: &str) -> Result<(), Invalid> {
    limited_alphabet(text, 64, "a-z 0-9 -", |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn client_id(text: &str) -> Result<(), Invalid> {
    limited_alphabet(text, 64, "printable ASCII, no spaces", |c| c.is_ascii_graphic())
}

fn limited_alphabet(text: &str, most: usize, named: &str, allowed: fn(char) -> bool) -> Result<(), Invalid> {
    if text.is_empty() || text.len() > most || !text.chars().all(allowed) {
        return Err(Invalid::because(format!("must be 1 to {most} of {named}")));
    }
    Ok(())
}

/// The place of a message in its chat: 1, 2, 3, ... without a hole. 0 is "before the first".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The place after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// How many places lie after `other`, up to and including this one.
    #[must_use]
    pub fn since(self, other: Self) -> u64 {
        self.0.saturating_sub(other.0)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Counts a chat's changes to what was already there (name, participants, edits, deletions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rev(pub u64);

impl Rev {
    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// `<chatId>:<seq>`: a message's name outside its chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// The name of message `seq` of `chat`.
    pub fn new(chat: &ChatId, seq: Seq) -> Self {
        Self(format!("{chat}:{seq}"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How long the id of a private chat is: SHA-256 in hexadecimal.
const PRIVATE_ID_LENGTH: usize = 64;

impl UserId {
    /// What a log calls the user: the first 16 hexadecimal digits of the id's SHA-256. Who knows an id finds its lines; a
    /// line names nobody.
    pub fn hashed(&self) -> String {
        hashed(&self.0)
    }
}

/// The same of what stands where a user's id should.
pub fn hashed(user: &str) -> String {
    let mut digits = hex::encode(Sha256::digest(user.as_bytes()));
    digits.truncate(16);
    digits
}

impl ChatId {
    /// The one private chat of two users, whoever creates it: a hash of both ids, sorted.
    pub fn private(one: &UserId, other: &UserId) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        Self(digest("private", &[first.as_str(), second.as_str()]))
    }

    /// Whether it is the id of a private chat.
    pub fn is_private(&self) -> bool {
        self.0.len() == PRIVATE_ID_LENGTH
    }

    /// The group that `creator` named `client`: the same name again is the same group. A UUIDv8, whose bits are the
    /// application's own (RFC 9562, section 5.8): of a hash of both.
    pub fn of_request(creator: &UserId, client: &ClientChatId) -> Self {
        let hash = hash("group", &[creator.as_str(), client.as_str()]);
        let bytes = hash.first_chunk().copied().unwrap_or_default();
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string())
    }

    /// A new group: a UUIDv7 of this time and this randomness.
    pub fn random(now: Timestamp, randomness: [u8; 10]) -> Self {
        Self(uuid_of(now, randomness))
    }
}

impl AttachmentId {
    /// A new attachment: a UUIDv7 of this time and this randomness.
    pub fn random(now: Timestamp, randomness: [u8; 10]) -> Self {
        Self(uuid_of(now, randomness))
    }
}

fn uuid_of(now: Timestamp, randomness: [u8; 10]) -> String {
    let millis = u64::try_from(now.millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &randomness).into_uuid().to_string()
}

/// The key under which a send is remembered: one sender's one client message id in one chat.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SendId(String);

impl SendId {
    /// The memory's key for this chat, sender and client message id.
    pub fn new(chat: &ChatId, sender: &UserId, client: &ClientMessageId) -> Self {
        Self(digest("send", &[chat.as_str(), sender.as_str(), client.as_str()]))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 in hexadecimal of a purpose and some parts, each with its length before it, so that no two
/// different lists of parts are the same bytes.
pub(crate) fn digest(purpose: &str, parts: &[&str]) -> String {
    hex::encode(hash(purpose, parts))
}

fn hash(purpose: &str, parts: &[&str]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in std::iter::once(&purpose).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str) -> UserId {
        UserId::parse(id).unwrap()
    }

    #[test]
    fn a_pair_has_one_private_chat_whoever_asks() {
        assert_eq!(ChatId::private(&user("a"), &user("b")), ChatId::private(&user("b"), &user("a")));
        assert_ne!(ChatId::private(&user("a"), &user("b")), ChatId::private(&user("a"), &user("c")));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(ChatId::private(&user("a:"), &user("b")), ChatId::private(&user("a"), &user(":b")));
        assert_ne!(digest("x", &["ab", "c"]), digest("x", &["a", "bc"]));
        assert_ne!(digest("x", &["ab"]), digest("xa", &["b"]));
    }

    #[test]
    fn a_log_names_nobody() {
        // printf alice | sha256sum | cut -c 1-16
        assert_eq!(user("alice").hashed(), "2bd806c97f0e00af");
    }

    #[test]
    fn derived_and_random_chat_ids_are_chat_ids() {
        let random = ChatId::random(Timestamp::from_millis(1_750_000_000_000), [7; 10]);
        assert!(ChatId::parse(random.as_str()).is_ok());
        assert!(ChatId::parse(ChatId::private(&user("a"), &user("b")).as_str()).is_ok());
        assert_eq!(&random.as_str()[14..15], "7", "a UUID of version 7");
        let named = ChatId::of_request(&user("a"), &ClientChatId::parse("x").unwrap());
        assert_eq!((ChatId::parse(named.as_str()).unwrap(), &named.as_str()[14..15]), (named.clone(), "8"));
        assert_ne!(named, ChatId::of_request(&user("a"), &ClientChatId::parse("y").unwrap()));
        assert!(ChatId::private(&user("a"), &user("b")).is_private() && !named.is_private() && !random.is_private());
    }

    #[test]
    fn identifiers_are_bounded() {
        assert!(UserId::parse("auth0|5f:x@y.z-_").is_ok());
        for bad in ["", "a b", "ü", "a/b", &"x".repeat(129)] {
            assert!(UserId::parse(bad).is_err(), "{bad}");
        }
        assert!(ClientMessageId::parse("x".repeat(64)).is_ok());
        assert!(ClientMessageId::parse("x".repeat(65)).is_err());
        assert!(ChatId::parse("../x").is_err());
    }
}
