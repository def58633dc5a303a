//! Identifiers. They are checked once, when they are parsed.

use crate::number::whole_number;
use crate::text::{Invalid, checked_text};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Defines a string newtype that can be made only by its `parse`, also by serde.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks an identifier.
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

/// How no id of a user begins: `service:` is for what a service does in a chat, and `gone:` for the pseudonym of a user
/// who was erased.
pub const RESERVED_PREFIXES: [&str; 2] = ["service:", "gone:"];

/// The id that no user has: it stands for everybody in a chat.
pub const EVERYBODY: &str = "@all";

text_id!(
    /// A user: the `sub` of the Auth Service's token. 1 to 128 of `A-Z a-z 0-9 . _ : @ | -`, but not `.` or `..`: URL
    /// clients remove these two from a path, so nobody could name the user there. Nor is it [`EVERYBODY`] or an id with
    /// one of the [`RESERVED_PREFIXES`].
    UserId,
    |text| {
        limited_alphabet(text, 128, "A-Z a-z 0-9 . _ : @ | -", |c| {
            c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '@' | '|' | '-')
        })?;
        match text {
            "." | ".." => Err(Invalid::because("must not be . or .., which cannot be in the path of a URL")),
            EVERYBODY => Err(Invalid::because("must not be @all, which is reserved")),
            _ if RESERVED_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) => {
                Err(Invalid::because("must not begin with service: or gone:, which are reserved"))
            }
            _ => Ok(()),
        }
    }
);

text_id!(
    /// A chat. The id of a private chat has 64 hexadecimal digits, see [`ChatId::private`]. The id of a group is a
    /// UUIDv8 if it has a client chat id, and a UUIDv7 otherwise.
    ChatId,
    lower_case_id
);

text_id!(
    /// An attachment, and the key of its object in the bucket: a UUIDv7, see [`AttachmentId::random`].
    AttachmentId,
    lower_case_id
);

text_id!(
    /// A client's idempotency key for a message: sending it again does not store it again.
    /// 1 to 64 printable ASCII characters, no spaces.
    ClientMessageId,
    client_id
);

text_id!(
    /// A client's idempotency key for a group: creating it again does not create another one.
    /// 1 to 64 printable ASCII characters, no spaces.
    ClientChatId,
    client_id
);

text_id!(
    /// A WebSocket connection; API Gateway chooses the id. 1 to 128 printable ASCII characters, no spaces.
    ConnectionId,
    |text| limited_alphabet(text, 128, "printable ASCII, no spaces", |c| c.is_ascii_graphic())
);

fn lower_case_id(text: &str) -> Result<(), Invalid> {
    limited_alphabet(text, 64, "a-z 0-9 -", |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn client_id(text: &str) -> Result<(), Invalid> {
    limited_alphabet(text, 64, "printable ASCII, no spaces", |c| c.is_ascii_graphic())
}

fn limited_alphabet(text: &str, max: usize, alphabet: &str, is_allowed: fn(char) -> bool) -> Result<(), Invalid> {
    if text.is_empty() || text.len() > max || !text.chars().all(is_allowed) {
        return Err(Invalid::because(format!("must be 1 to {max} of {alphabet}")));
    }
    Ok(())
}

/// The number of a message in its chat: 1, 2, 3, ... without a gap. 0 means "before the first message".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(#[serde(deserialize_with = "whole_number")] pub u64);

impl Seq {
    /// The seq after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number of messages after `other`, up to and including this one; zero if there are none.
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

/// The number of a change in its chat: 1, 2, 3, ... A change alters an existing chat or message (name, participants,
/// admins, edits, deletions, reactions, a cleared history). 0 means "before the first change".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rev(#[serde(deserialize_with = "whole_number")] pub u64);

impl Rev {
    /// The rev after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The number of a write of one member item: 1 when the member joins, and one more with every write of the item. It is
/// not the [`Rev`] of a chat. 0 in an item from before the number existed, until its next write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemberRev(#[serde(deserialize_with = "whole_number")] pub u64);

impl MemberRev {
    /// The number of the next write.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// `<chatId>:<seq>`: identifies a message across all chats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// The id of message `seq` in `chat`.
    pub fn new(chat: &ChatId, seq: Seq) -> Self {
        Self(format!("{chat}:{seq}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The length of the id of a private chat: SHA-256 in hexadecimal.
const PRIVATE_ID_LENGTH: usize = 64;

impl UserId {
    /// The user in log lines: the first 16 hexadecimal digits of the id's SHA-256. So logs contain no ids, but the
    /// lines of a known id can be found.
    pub fn hashed(&self) -> String {
        hashed(&self.0)
    }
}

/// Like [`UserId::hashed`], for a text that may not be a valid id.
pub fn hashed(user: &str) -> String {
    let mut digits = hex::encode(Sha256::digest(user.as_bytes()));
    digits.truncate(16);
    digits
}

impl ChatId {
    /// The private chat of two users: a hash of both ids in sorted order, so it is the same whoever creates the chat.
    pub fn private(one: &UserId, other: &UserId) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        Self(digest("private", &[first.as_str(), second.as_str()]))
    }

    /// Whether this is the id of a private chat.
    pub fn is_private(&self) -> bool {
        self.0.len() == PRIVATE_ID_LENGTH
    }

    /// The group with this creator and client chat id: the same two always give the same id. It is a UUIDv8, whose
    /// bits the application chooses (RFC 9562, section 5.8): a hash of both.
    pub fn of_request(creator: &UserId, client: &ClientChatId) -> Self {
        let hash = hash("group", &[creator.as_str(), client.as_str()]);
        let bytes = hash.first_chunk().copied().unwrap_or_default();
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string())
    }

    /// The id of a new group without a client chat id: a UUIDv7 of this time and randomness.
    pub fn random(now: Timestamp, randomness: [u8; 10]) -> Self {
        Self(uuid_of(now, randomness))
    }
}

impl AttachmentId {
    /// The id of a new attachment: a UUIDv7 of this time and randomness.
    pub fn random(now: Timestamp, randomness: [u8; 10]) -> Self {
        Self(uuid_of(now, randomness))
    }
}

fn uuid_of(now: Timestamp, randomness: [u8; 10]) -> String {
    let millis = u64::try_from(now.millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &randomness).into_uuid().to_string()
}

/// The key of a send record: a hash of the chat, the sender and the client message id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SendId(String);

impl SendId {
    /// The key for this chat, sender and client message id.
    pub fn new(chat: &ChatId, sender: &UserId, client: &ClientMessageId) -> Self {
        Self(digest("send", &[chat.as_str(), sender.as_str(), client.as_str()]))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 in hexadecimal of a purpose and a list of parts. The length of each part comes before it, so that
/// different lists never give the same bytes.
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
    fn two_users_have_one_private_chat_whoever_creates_it() {
        assert_eq!(ChatId::private(&user("a"), &user("b")), ChatId::private(&user("b"), &user("a")));
        assert_ne!(ChatId::private(&user("a"), &user("b")), ChatId::private(&user("a"), &user("c")));
    }

    #[test]
    fn digest_depends_on_the_boundaries_of_parts() {
        assert_ne!(ChatId::private(&user("a:"), &user("b")), ChatId::private(&user("a"), &user(":b")));
        assert_ne!(digest("x", &["ab", "c"]), digest("x", &["a", "bc"]));
        assert_ne!(digest("x", &["ab"]), digest("xa", &["b"]));
    }

    #[test]
    fn hashed_user_is_the_start_of_sha_256() {
        // printf alice | sha256sum | cut -c 1-16
        assert_eq!(user("alice").hashed(), "2bd806c97f0e00af");
    }

    #[test]
    fn derived_and_random_chat_ids_are_valid() {
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
    fn identifiers_have_a_length_and_an_alphabet() {
        assert!(UserId::parse("auth0|5f:x@y.z-_").is_ok());
        for bad in ["", "a b", "ü", "a/b", ".", "..", &"x".repeat(129)] {
            assert!(UserId::parse(bad).is_err(), "{bad}");
        }
        assert!(UserId::parse("...").is_ok() && UserId::parse(".a").is_ok());
        assert!(ClientMessageId::parse("x".repeat(64)).is_ok());
        assert!(ClientMessageId::parse("x".repeat(65)).is_err());
        assert!(ChatId::parse("../x").is_err());
    }

    #[test]
    fn reserved_ids_are_no_users() {
        for reserved in ["@all", "service:", "service:billing", "gone:", "gone:5f2a"] {
            let refusal = UserId::parse(reserved).unwrap_err().0;
            assert!(refusal.contains("reserved"), "{reserved}: {refusal}");
            assert!(serde_json::from_value::<UserId>(reserved.into()).is_err(), "{reserved}");
        }
        for id in ["service", "Service:x", "my-service:x", "gone", "a:gone:x", "all", "@al", "@alla", "x@all", "@ALL"] {
            assert!(UserId::parse(id).is_ok(), "{id}");
        }
    }
}
