//! The items of the tables, and their conversion to and from the domain's types.
//!
//! Times are milliseconds since the Unix epoch, except `expiresAt`: DynamoDB's TTL needs seconds.

mod budget;
mod chat;
mod limits;
mod member;
mod message;
mod upload;
mod user;

pub(crate) use budget::{BudgetItem, SpendingUpdate};
pub(crate) use chat::{ChatItem, HeadItem};
pub(crate) use limits::LimitsItem;
pub(crate) use member::{MemberItem, MemberKey};
pub(crate) use message::{MessageItem, PointerItem, SendItem, StoredMessage, pointer_seq};
pub(crate) use upload::UploadItem;
pub(crate) use user::{ConnectionItem, StoredUser, mutes_item};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ids::{ChatId, UserId, hashed};
use domain::ports::StoreError;
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

/// An item whose key contains a chat id.
pub(crate) trait HasChatId {
    /// The chat id of the key.
    fn chat_id(&self) -> &ChatId;
}

/// Serializes an item for DynamoDB.
pub(crate) fn to_item(table: &'static str, item: &impl Serialize) -> Result<Item, StoreError> {
    serde_dynamo::to_item(item).map_err(|error| inconsistent(table, "(to be written)", &error))
}

/// Serializes the value of an attribute for DynamoDB.
pub(crate) fn to_value(table: &'static str, value: &impl Serialize) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(|error| inconsistent(table, "(to be written)", &error))
}

/// Parses a stored item. The error of a broken item names table, key and attribute.
pub(crate) fn from_item<T: DeserializeOwned>(table: &'static str, item: Item) -> Result<T, StoreError> {
    let key = key_text(&item);
    serde_dynamo::from_item(item).map_err(|error| inconsistent(table, &key, &error))
}

pub(crate) fn inconsistent(table: &'static str, key: &str, error: &dyn std::error::Error) -> StoreError {
    StoreError::Inconsistent { table, key: key.to_owned(), attribute: error.to_string() }
}

/// The key attributes of an item, as text for the log. User ids are hashed.
fn key_text(item: &Item) -> String {
    let value = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text)) if name == "userId" => Some(format!("{name}=#{}", hashed(text))),
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => Some(format!("{name}={text}")),
        _ => None,
    };
    let parts: Vec<_> = ["chatId", "seq", "userId", "sendId", "attachmentId"].into_iter().filter_map(value).collect();
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
