//! Items and attributes with the seqs of deleted messages, for unread counts.

use super::{FurtherKind, Item, further_seq, s};
use domain::deletions::{OlderOwnDeletions, SeqSet, TombstoneBlock};
use domain::ids::{ChatId, Rev, UserId};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// Seqs as a binary attribute, in the form of [`SeqSet::encode`].
#[derive(Default)]
pub(crate) struct SeqSetItem(pub(crate) SeqSet);

impl SeqSetItem {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for SeqSetItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0.encode())
    }
}

impl<'de> Deserialize<'de> for SeqSetItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Bytes(bytes) = Bytes::deserialize(deserializer)?;
        SeqSet::decode(&bytes).map(Self).map_err(D::Error::custom)
    }
}

/// A binary attribute.
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BytesVisitor).map(Self)
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a binary attribute")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }
}

/// The seq of a tombstone block. Block 0 has the highest.
pub(crate) fn tombstone_block_seq(number: u64) -> i64 {
    i64::try_from(number).map_or(i64::MIN, |number| further_seq(FurtherKind::TombstoneBlock, number))
}

/// A block of older tombstones, in the table Messages.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TombstoneBlockItem {
    chat_id: ChatId,
    seq: i64,
    bits: Bytes,
    rev: Rev,
}

impl TombstoneBlockItem {
    pub(crate) fn new(chat: &ChatId, block: &TombstoneBlock) -> Self {
        Self {
            chat_id: chat.clone(),
            seq: tombstone_block_seq(block.number),
            bits: Bytes(block.bits()),
            rev: block.rev,
        }
    }
}

impl From<TombstoneBlockItem> for TombstoneBlock {
    fn from(item: TombstoneBlockItem) -> Self {
        let number = further_seq(FurtherKind::TombstoneBlock, 0).wrapping_sub(item.seq);
        Self::parse(u64::try_from(number).unwrap_or_default(), &item.bits.0, item.rev)
    }
}

/// A member's older own deletions, in the table ChatMembers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OlderOwnDeletionsItem {
    chat_id: String,
    user_id: UserId,
    seqs: SeqSetItem,
    rev: Rev,
}

/// The first attribute of its key: a member's further items are not in the partition of the chat.
fn further_chat_id(chat: &ChatId) -> String {
    format!("ownDeletions:{chat}")
}

/// The key of a member's older own deletions.
pub(crate) fn older_own_deletions_key(chat: &ChatId, user: &UserId) -> Item {
    Item::from([("chatId".to_owned(), s(further_chat_id(chat))), ("userId".to_owned(), s(user.as_str()))])
}

impl OlderOwnDeletionsItem {
    pub(crate) fn new(chat: &ChatId, user: &UserId, deletions: &OlderOwnDeletions) -> Self {
        let OlderOwnDeletions { seqs, rev } = deletions.clone();
        Self { chat_id: further_chat_id(chat), user_id: user.clone(), seqs: SeqSetItem(seqs), rev }
    }
}

impl From<OlderOwnDeletionsItem> for OlderOwnDeletions {
    fn from(item: OlderOwnDeletionsItem) -> Self {
        Self { seqs: item.seqs.0, rev: item.rev }
    }
}
