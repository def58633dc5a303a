//! The items of the tables, and their conversion to and from the domain's types.
//!
//! Times are milliseconds since the Unix epoch, except `expiresAt`: DynamoDB's TTL needs seconds.

mod block;
mod budget;
mod chat;
mod deletions;
mod former_member;
mod limits;
mod member;
mod message;
mod opening;
mod queue;
mod upload;
mod user;
mod user_item;

pub(crate) use block::{BLOCK_PREFIX, BLOCKED_PAIR_SEQ, BlockItem, BlockedPairItem, StoredBlock, block_key};
pub(crate) use budget::{BudgetItem, SpendingUpdate};
pub(crate) use chat::{ChatItem, HeadItem};
pub(crate) use deletions::{
    OlderOwnDeletionsItem, SeqSetItem, TombstoneBlockItem, older_own_deletions_key, tombstone_block_seq,
};
pub(crate) use former_member::{FormerMemberItem, past_key};
pub(crate) use limits::LimitsItem;
pub(crate) use member::{MemberItem, MemberKey, SettingsItem};
pub(crate) use message::{MessageItem, PointerItem, SendItem, StoredMessage, pointer_seq};
pub(crate) use opening::{OpeningItem, opening_keys};
pub(crate) use queue::{QUEUE_SEQ, QueueItem};
pub(crate) use upload::UploadItem;
pub(crate) use user::{ConnectionItem, StoredUser};
pub(crate) use user_item::{LISTED_CHATS, ListedChatsItem};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{ChatId, UserId, hashed};
use domain::ports::StoreError;
use domain::text::Invalid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, HashMap};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// Stores sets of users as DynamoDB string sets. Those cannot be empty, so an empty set is absent.
mod user_set {
    use super::{BTreeSet, UserId};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(users: &BTreeSet<UserId>, serializer: S) -> Result<S::Ok, S::Error> {
        serde_dynamo::string_set::serialize(users, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<UserId>, D::Error> {
        BTreeSet::deserialize(deserializer)
    }
}

/// Stores custom data as the text of its JSON. A map of DynamoDB would change its numbers, and keep texts that are empty
/// or deep under rules of its own.
mod custom_text {
    use domain::custom::Custom;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(custom: &Option<Custom>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(custom.as_ref().map_or("", Custom::as_str))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Custom>, D::Error> {
        Custom::from_json(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
    }
}

/// The kinds of further items of a chat: see "Where further items go" in docs/DATA-MODEL.md.
#[derive(Clone, Copy)]
enum FurtherKind {
    /// The older tombstones of a range of messages.
    TombstoneBlock = 1,
    /// Which of two users without a private chat blocks the other one.
    BlockedPair = 2,
    /// The last ticket of the queue of requests that write to the chat.
    Queue = 3,
}

/// How many items of one kind a chat can have. No chat has so many changes, whose seqs are negative too.
const FURTHER_KIND_RANGE: i64 = 1_000_000_000_000_000;

/// The seq of the n-th further item of a kind, from 0.
const fn further_seq(kind: FurtherKind, n: i64) -> i64 {
    (kind as i64 * FURTHER_KIND_RANGE).wrapping_add(n).wrapping_neg()
}

/// An item whose key contains a chat id.
pub(crate) trait HasChatId {
    /// The chat id of the key.
    fn chat_id(&self) -> &ChatId;
}

/// The attribute with the version of an item's shape. An item without it is of version 0, from before it existed.
const VERSION: &str = "v";

/// The version of all items that are written. It must be a version that the release before reads, because both run at
/// the same time during an upgrade.
const WRITTEN_VERSION: u64 = 1;

/// The newest version that is read. An item of a later version is refused: a message or a chat document that were read
/// without what is new in them would be written back without it.
const MAX_READ_VERSION: u64 = 1;

const _: () = assert!(WRITTEN_VERSION <= MAX_READ_VERSION, "a release reads what it writes");

/// For the `SET` of an update that may create its item. An item that has a version keeps it. One of version 0 gets this
/// one, although only some of its attributes are written. So a reader must not infer from `v` that an attribute is there.
pub(crate) const SET_VERSION: &str = "v = if_not_exists(v, :v)";

/// The placeholder in [`SET_VERSION`] with its value.
pub(crate) fn version_value() -> (&'static str, AttributeValue) {
    (":v", n(WRITTEN_VERSION))
}

/// Serializes an item for DynamoDB, with its version.
pub(crate) fn to_item(table: &'static str, item: &impl Serialize) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(item).map_err(|error| inconsistent(table, "(to be written)", &error))?;
    item.insert(VERSION.to_owned(), n(WRITTEN_VERSION));
    Ok(item)
}

/// Serializes the value of an attribute for DynamoDB.
pub(crate) fn to_value(table: &'static str, value: &impl Serialize) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(|error| inconsistent(table, "(to be written)", &error))
}

/// Parses a stored item of any version up to [`MAX_READ_VERSION`]. The error of a broken item names table, key and
/// attribute.
pub(crate) fn from_item<T: DeserializeOwned>(table: &'static str, item: Item) -> Result<T, StoreError> {
    let key = key_text(&item);
    check_version(&item).map_err(|error| inconsistent(table, &key, &error))?;
    serde_dynamo::from_item(item).map_err(|error| inconsistent(table, &key, &error))
}

pub(crate) fn inconsistent(table: &'static str, key: &str, error: &dyn std::error::Error) -> StoreError {
    StoreError::Inconsistent { table, key: key.to_owned(), attribute: error.to_string() }
}

fn check_version(item: &Item) -> Result<(), Invalid> {
    let Some(value) = item.get(VERSION) else { return Ok(()) };
    match value.as_n().map(|text| text.parse::<u64>()) {
        Ok(Ok(0..=MAX_READ_VERSION)) => Ok(()),
        Ok(_) | Err(_) => Err(Invalid::because(format!(
            "`{VERSION}` is {value:?}, but this release reads versions up to {MAX_READ_VERSION}"
        ))),
    }
}

/// The key attributes of an item, as text for the log. User ids are hashed.
fn key_text(item: &Item) -> String {
    let value = |name: &str| match item.get(name) {
        // The key `item` holds the id of another user.
        Some(AttributeValue::S(text)) if ["userId", "item"].contains(&name) => {
            Some(format!("{name}=#{}", hashed(text)))
        }
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => Some(format!("{name}={text}")),
        _ => None,
    };
    let parts: Vec<_> =
        ["chatId", "seq", "userId", "item", "sendId", "attachmentId"].into_iter().filter_map(value).collect();
    parts.join(" ")
}

/// A string attribute.
pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number attribute.
pub(crate) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{Rev, Seq};
    use domain::message::{Body, Message};
    use domain::timestamp::Timestamp;
    use testkit::fixtures::{chat_of, user, users};

    #[test]
    fn error_names_table_key_and_attribute_of_broken_item() {
        let item =
            Item::from([("chatId".to_owned(), s("c1")), ("seq".to_owned(), n(4)), ("senderId".to_owned(), s("alice"))]);
        let error = from_item::<StoredMessage>("Messages", item).err().unwrap().to_string();
        assert!(error.contains("Messages") && error.contains("chatId=c1 seq=4") && error.contains("`type`"), "{error}");
    }

    #[test]
    fn version_up_to_the_newest_is_read_and_a_later_one_is_refused() {
        let (chat, ..) = chat_of("c1", &users(&["a", "b"]), Timestamp::from_millis(5));
        let written = to_item("Chats", &ChatItem::from(&chat)).unwrap();
        assert_eq!(written["v"], n(1));
        let read = |version: Option<AttributeValue>| {
            let mut item = written.clone();
            item.remove("v");
            item.extend(version.map(|version| ("v".to_owned(), version)));
            from_item::<ChatItem>("Chats", item).map(domain::chat::Chat::from)
        };
        for version in [None, Some(n(0)), Some(n(1))] {
            assert_eq!(read(version).unwrap(), chat);
        }
        for version in [n(2), n(-1), n("1.5"), s("1")] {
            let error = read(Some(version)).unwrap_err().to_string();
            let parts = ["Chats", "chatId=c1", "`v`", "up to 1"];
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }

    #[test]
    fn user_sets_are_string_sets_and_absent_if_empty() {
        let (chat, ..) = chat_of("c1", &users(&["a", "b"]), Timestamp::from_millis(5));
        let item = to_item("Chats", &ChatItem::from(&chat)).unwrap();
        assert!(!item.contains_key("admins"));
        assert!(matches!(item.get("participants"), Some(AttributeValue::Ss(_))));
    }

    #[test]
    fn tombstone_has_no_content() {
        let tombstone = Message {
            chat: domain::ids::ChatId::parse("c1").unwrap(),
            seq: Seq(4),
            sender: user("alice"),
            kind: domain::content::MessageType::Text,
            created_at: Timestamp::from_millis(5),
            client_message_id: None,
            deleted_for: [user("bob")].into(),
            rev: Rev(2),
            public_rev: Rev(1),
            body: Body::Deleted { at: Timestamp::from_millis(9), by: user("carol"), attachment: None },
        };
        let item = to_item("Messages", &MessageItem::from(&tombstone)).unwrap();
        let mut names: Vec<_> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        let expected_names = [
            "chatId",
            "createdAt",
            "deletedAt",
            "deletedBy",
            "deletedFor",
            "publicRev",
            "rev",
            "senderId",
            "seq",
            "type",
            "v",
        ];
        assert_eq!(names, expected_names);
        let mut broken = item.clone();
        let mut former = item.clone();
        assert_eq!(Message::from(from_item::<StoredMessage>("Messages", item).unwrap()), tombstone);
        broken.remove("deletedAt");
        let error = from_item::<StoredMessage>("Messages", broken).err().unwrap().to_string();
        assert!(error.contains("chatId=c1 seq=4") && error.contains("`deletedAt`"), "{error}");
        // An item that was written before the attribute was renamed, and an item with both names.
        let public_rev = |item| Message::from(from_item::<StoredMessage>("Messages", item).unwrap()).public_rev;
        let number = |n: u64| AttributeValue::N(n.to_string());
        former.insert("toldRev".to_owned(), number(0));
        assert_eq!(public_rev(former.clone()), Rev(1));
        former.remove("publicRev");
        assert_eq!(public_rev(former), Rev(0));
    }
}
