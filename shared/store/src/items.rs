//! The items of the tables, and the domain's types they stand for.
//!
//! Times are milliseconds since the Unix epoch, but `expiresAt`, which DynamoDB's TTL wants in seconds.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::change::{Change, POINTER_LIFE, Pointer};
use domain::chat::{Chat, Head};
use domain::chat_user::{ChatUser, Connection, Mutes, Nickname};
use domain::content::{ChatName, Content, MessageType};
use domain::ids::{ChatId, ClientMessageId, ConnectionId, MessageId, Rev, Seq, UserId};
use domain::member::{Budget, Member};
use domain::message::{Body, Message, Said};
use domain::ports::{EarlierSend, SendRecord, StoreError};
use domain::reactions::{Emoji, Reactions};
use domain::timestamp::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// Sets of users as DynamoDB's string sets, which cannot be empty: an empty one is absent.
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

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatItem {
    chat_id: ChatId,
    is_group: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<ChatName>,
    #[serde(with = "user_set")]
    participants: BTreeSet<UserId>,
    #[serde(with = "user_set", default, skip_serializing_if = "BTreeSet::is_empty")]
    admins: BTreeSet<UserId>,
    created_by: UserId,
    created_at: i64,
    members_rev: Rev,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_hash: Option<String>,
}

impl From<&Chat> for ChatItem {
    fn from(chat: &Chat) -> Self {
        let Chat {
            id,
            is_group,
            name,
            participants,
            admins,
            created_by,
            created_at,
            members_rev,
            closed_at,
            request_hash,
        } = chat.clone();
        Self {
            chat_id: id,
            is_group,
            name,
            participants,
            admins,
            created_by,
            created_at: created_at.millis(),
            members_rev,
            closed_at: closed_at.map(Timestamp::millis),
            request_hash,
        }
    }
}

impl From<ChatItem> for Chat {
    fn from(item: ChatItem) -> Self {
        Self {
            id: item.chat_id,
            is_group: item.is_group,
            name: item.name,
            participants: item.participants,
            admins: item.admins,
            created_by: item.created_by,
            created_at: Timestamp::from_millis(item.created_at),
            members_rev: item.members_rev,
            closed_at: item.closed_at.map(Timestamp::from_millis),
            request_hash: item.request_hash,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeadItem {
    chat_id: ChatId,
    seq: Seq,
    last_seq: Seq,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_at: Option<i64>,
    last_rev: Rev,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_rev_of: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_rev_at: Option<i64>,
    members_rev: Rev,
    participant_count: u32,
    #[serde(default)]
    active_at: i64,
}

impl HeadItem {
    pub(crate) fn new(chat: &ChatId, head: &Head) -> Self {
        let id = (head.last_seq > Seq(0)).then(|| MessageId::new(chat, head.last_seq).as_str().to_owned());
        Self {
            chat_id: chat.clone(),
            seq: Seq(0),
            last_seq: head.last_seq,
            last_message_id: id,
            last_message_at: head.last_message_at.map(Timestamp::millis),
            last_rev: head.last_rev,
            last_rev_of: head.last_change.map(|(of, _)| of),
            last_rev_at: head.last_change.map(|(_, at)| at.millis()),
            members_rev: head.members_rev,
            participant_count: head.participant_count,
            active_at: head.active_at.millis(),
        }
    }
}

impl From<HeadItem> for Head {
    fn from(item: HeadItem) -> Self {
        Self {
            last_seq: item.last_seq,
            last_message_at: item.last_message_at.map(Timestamp::from_millis),
            last_rev: item.last_rev,
            last_change: item.last_rev_of.zip(item.last_rev_at.map(Timestamp::from_millis)),
            members_rev: item.members_rev,
            participant_count: item.participant_count,
            active_at: Timestamp::from_millis(item.active_at),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageItem {
    chat_id: ChatId,
    seq: Seq,
    sender_id: UserId,
    r#type: MessageType,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_message_id: Option<ClientMessageId>,
    #[serde(with = "user_set", default, skip_serializing_if = "BTreeSet::is_empty")]
    deleted_for: BTreeSet<UserId>,
    rev: Rev,
    told_rev: Rev,
    #[serde(flatten)]
    body: BodyItem,
}

/// What a message says, or that it was deleted: told apart by their attributes, of which a tombstone keeps none.
#[derive(Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum BodyItem {
    Deleted {
        deleted_at: i64,
        deleted_by: UserId,
    },
    Said {
        content: Content,
        #[serde(skip_serializing_if = "Option::is_none")]
        edited_at: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
        #[serde(with = "user_set", default, skip_serializing_if = "BTreeSet::is_empty")]
        mentions: BTreeSet<UserId>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        reactions: BTreeMap<Emoji, Users>,
    },
}

/// A set of users that is a value of a map.
#[derive(Serialize, Deserialize)]
struct Users(#[serde(with = "user_set")] BTreeSet<UserId>);

impl From<&Body> for BodyItem {
    fn from(body: &Body) -> Self {
        match body.clone() {
            Body::Deleted { at, by } => Self::Deleted { deleted_at: at.millis(), deleted_by: by },
            Body::Said(Said { content, edited_at, reply_to, mentions, reactions }) => Self::Said {
                content,
                edited_at: edited_at.map(Timestamp::millis),
                reply_to,
                mentions,
                reactions: reactions.entries().map(|(emoji, users)| (emoji, Users(users.clone()))).collect(),
            },
        }
    }
}

impl From<BodyItem> for Body {
    fn from(item: BodyItem) -> Self {
        match item {
            BodyItem::Deleted { deleted_at, deleted_by } => {
                Self::Deleted { at: Timestamp::from_millis(deleted_at), by: deleted_by }
            }
            BodyItem::Said { content, edited_at, reply_to, mentions, reactions } => Self::Said(Said {
                content,
                edited_at: edited_at.map(Timestamp::from_millis),
                reply_to,
                mentions,
                reactions: Reactions::of(reactions.into_iter().map(|(emoji, Users(users))| (emoji, users))),
            }),
        }
    }
}

impl From<&Message> for MessageItem {
    fn from(message: &Message) -> Self {
        let Message { chat, seq, sender, kind, created_at, client_message_id, deleted_for, rev, told_rev, body } =
            message;
        Self {
            chat_id: chat.clone(),
            seq: *seq,
            sender_id: sender.clone(),
            r#type: *kind,
            created_at: created_at.millis(),
            client_message_id: client_message_id.clone(),
            deleted_for: deleted_for.clone(),
            rev: *rev,
            told_rev: *told_rev,
            body: body.into(),
        }
    }
}

impl From<MessageItem> for Message {
    fn from(item: MessageItem) -> Self {
        Self {
            chat: item.chat_id,
            seq: item.seq,
            sender: item.sender_id,
            kind: item.r#type,
            created_at: Timestamp::from_millis(item.created_at),
            client_message_id: item.client_message_id,
            deleted_for: item.deleted_for,
            rev: item.rev,
            told_rev: item.told_rev,
            body: item.body.into(),
        }
    }
}

/// A change pointer: its place is its number, below zero.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PointerItem {
    chat_id: ChatId,
    seq: i64,
    of: Seq,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    only_for: Option<UserId>,
    expires_at: i64,
}

impl PointerItem {
    pub(crate) fn new(change: &Change) -> Self {
        let Pointer { rev, of, only_for } = change.pointer();
        Self {
            chat_id: change.chat.clone(),
            seq: pointer_seq(rev),
            of,
            only_for,
            expires_at: change.at.plus(POINTER_LIFE).seconds(),
        }
    }

    /// Whether its time is not over; TTL deletes what is past it only some time later.
    pub(crate) fn is_remembered(&self, now: Timestamp) -> bool {
        self.expires_at > now.seconds()
    }
}

/// The place of the pointer to a change.
pub(crate) fn pointer_seq(rev: Rev) -> i64 {
    i64::try_from(rev.0).map_or(i64::MIN, i64::wrapping_neg)
}

impl From<PointerItem> for Pointer {
    fn from(item: PointerItem) -> Self {
        Self { rev: Rev(item.seq.unsigned_abs()), of: item.of, only_for: item.only_for }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberItem {
    chat_id: ChatId,
    user_id: UserId,
    read_seq: Seq,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<i64>,
    cleared_seq: Seq,
    joined_seq: Seq,
    joined_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<BudgetItem>,
}

/// What an index of keys tells of a member: which chat.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberKey {
    pub(crate) chat_id: ChatId,
}

impl From<MemberKey> for ChatId {
    fn from(key: MemberKey) -> Self {
        key.chat_id
    }
}

/// The token bucket. One attribute, so that one condition compares all of it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BudgetItem {
    millis: u64,
    at: i64,
}

impl From<Budget> for BudgetItem {
    fn from(budget: Budget) -> Self {
        Self { millis: budget.millis, at: budget.at.millis() }
    }
}

impl MemberItem {
    pub(crate) fn new(chat: &ChatId, member: &Member) -> Self {
        Self {
            chat_id: chat.clone(),
            user_id: member.user.clone(),
            read_seq: member.read_seq,
            read_at: member.read_at.map(Timestamp::millis),
            cleared_seq: member.cleared_seq,
            joined_seq: member.joined_seq,
            joined_at: member.joined_at.millis(),
            budget: member.budget.map(BudgetItem::from),
        }
    }
}

impl From<MemberItem> for Member {
    fn from(item: MemberItem) -> Self {
        Self {
            user: item.user_id,
            read_seq: item.read_seq,
            read_at: item.read_at.map(Timestamp::from_millis),
            cleared_seq: item.cleared_seq,
            joined_seq: item.joined_seq,
            joined_at: Timestamp::from_millis(item.joined_at),
            budget: item.budget.map(|budget| Budget { millis: budget.millis, at: Timestamp::from_millis(budget.at) }),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendItem {
    send_id: String,
    seq: Seq,
    body_hash: String,
    expires_at: i64,
}

impl From<SendItem> for EarlierSend {
    fn from(item: SendItem) -> Self {
        Self { seq: item.seq, body_hash: item.body_hash }
    }
}

impl SendItem {
    /// Whether its time is not over; TTL deletes what is past it only some time later.
    pub(crate) fn is_remembered(&self, now: Timestamp) -> bool {
        self.expires_at > now.seconds()
    }

    pub(crate) fn new(record: &SendRecord, seq: Seq) -> Self {
        Self {
            send_id: record.id.as_str().to_owned(),
            seq,
            body_hash: record.body_hash.clone(),
            expires_at: record.expires_at.seconds(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChatUserItem {
    user_id: UserId,
    nickname: Option<Nickname>,
    last_seen: Option<i64>,
    /// Chat to the end of its mute; 0 where it has none.
    #[serde(default)]
    muted_chats: BTreeMap<String, i64>,
    #[serde(default)]
    connections: BTreeMap<String, ConnectionItem>,
}

/// One entry of a user's connections, under its connection id.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionItem {
    connected_at: i64,
    exp: i64,
}

impl From<&Connection> for ConnectionItem {
    fn from(connection: &Connection) -> Self {
        Self { connected_at: connection.connected_at.millis(), exp: connection.exp.millis() }
    }
}

impl TryFrom<ChatUserItem> for ChatUser {
    type Error = domain::ids::Invalid;

    fn try_from(item: ChatUserItem) -> Result<Self, Self::Error> {
        let connection = |(id, entry): (String, ConnectionItem)| {
            Ok(Connection {
                id: ConnectionId::parse(id)?,
                connected_at: Timestamp::from_millis(entry.connected_at),
                exp: Timestamp::from_millis(entry.exp),
            })
        };
        let mute = |(chat, until): (String, i64)| {
            Ok((ChatId::parse(chat)?, (until > 0).then(|| Timestamp::from_millis(until))))
        };
        Ok(Self {
            id: item.user_id,
            nickname: item.nickname,
            last_seen: item.last_seen.map(Timestamp::from_millis),
            muted_chats: item.muted_chats.into_iter().map(mute).collect::<Result<_, _>>()?,
            connections: item.connections.into_iter().map(connection).collect::<Result<_, _>>()?,
        })
    }
}

/// Mutes as they are stored: chat to the end of its mute; 0 where it has none.
pub(crate) fn mutes_item(mutes: &Mutes) -> AttributeValue {
    let end = |until: &Option<Timestamp>| n(until.map_or(0, Timestamp::millis));
    AttributeValue::M(mutes.iter().map(|(chat, until)| (chat.to_string(), end(until))).collect())
}

/// An item of ours as DynamoDB takes it.
pub(crate) fn to_item(table: &'static str, item: &impl Serialize) -> Result<Item, StoreError> {
    serde_dynamo::to_item(item).map_err(|error| inconsistent(table, "(to be written)", &error))
}

/// A value of ours as DynamoDB takes it.
pub(crate) fn to_value(table: &'static str, value: &impl Serialize) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(|error| inconsistent(table, "(to be written)", &error))
}

/// What a stored item stands for. One that is not what it must be is named by table, key and attribute.
pub(crate) fn from_item<T: DeserializeOwned>(table: &'static str, item: Item) -> Result<T, StoreError> {
    let key = key_of(&item);
    serde_dynamo::from_item(item).map_err(|error| inconsistent(table, &key, &error))
}

pub(crate) fn inconsistent(table: &'static str, key: &str, error: &dyn std::error::Error) -> StoreError {
    StoreError::Inconsistent { table, key: key.to_owned(), attribute: error.to_string() }
}

/// The key attributes of an item, readable.
fn key_of(item: &Item) -> String {
    let value = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => Some(format!("{name}={text}")),
        _ => None,
    };
    let parts: Vec<_> = ["chatId", "seq", "userId", "sendId"].into_iter().filter_map(value).collect();
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

    #[test]
    fn a_broken_item_is_named_by_table_key_and_attribute() {
        let item =
            Item::from([("chatId".to_owned(), s("c1")), ("seq".to_owned(), n(4)), ("senderId".to_owned(), s("alice"))]);
        let error = from_item::<MessageItem>("Messages", item).err().unwrap().to_string();
        assert!(error.contains("Messages") && error.contains("chatId=c1 seq=4") && error.contains("`type`"), "{error}");
    }

    #[test]
    fn empty_sets_are_absent_and_sets_are_sets() {
        let (chat, ..) =
            testkit::fixtures::chat_of("c1", &testkit::fixtures::users(&["a", "b"]), Timestamp::from_millis(5));
        let item = to_item("Chats", &ChatItem::from(&chat)).unwrap();
        assert!(!item.contains_key("admins"));
        assert!(matches!(item.get("participants"), Some(AttributeValue::Ss(_))));
    }
}
