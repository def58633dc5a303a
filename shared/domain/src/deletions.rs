//! The seqs of deleted messages, as far as unread counts need them: tombstones, which count for nobody, and what one
//! member deleted for themselves.
//!
//! The recent ones are in an item that every count reads anyway: tombstones in the head, a member's own deletions in the
//! member item. There is little room, so older ones move to further items. Only who is that far behind reads those.

use crate::chat::Head;
use crate::ids::{Rev, Seq};
use crate::member::Member;
use crate::text::Invalid;
use std::collections::BTreeSet;

/// The most bytes of the recent tombstones in a head.
pub const MAX_RECENT_TOMBSTONES_BYTES: usize = 512;
/// The most bytes of a member's recent own deletions in the member item.
pub const MAX_RECENT_OWN_DELETIONS_BYTES: usize = 400;
/// The most bytes of a member's older own deletions, which are one item: it stays below 4 KB.
pub const MAX_OLDER_OWN_DELETIONS_BYTES: usize = 3500;
/// How many seqs a [`TombstoneBlock`] covers.
pub const SEQS_PER_BLOCK: u64 = 4096;
/// The most blocks into which the oldest half of the recent tombstones moves at once. What does not fit stays recent.
const MAX_BLOCKS_PER_MOVE: usize = 4;

/// Seqs, stored as the differences between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeqSet(BTreeSet<Seq>);

impl SeqSet {
    /// The stored form: the differences between the seqs, in ascending order and from 0. Each is a number in LEB128:
    /// seven bits a byte, the lowest first, with the eighth bit set in all bytes but the last.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut last = 0;
        for Seq(seq) in &self.0 {
            let difference = seq - std::mem::replace(&mut last, *seq);
            // A Vec takes every byte.
            let _ = leb128::write::unsigned(&mut bytes, difference);
        }
        bytes
    }

    /// Parses the stored form.
    ///
    /// # Errors
    /// [`Invalid`] if it is no list of ascending seqs.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, Invalid> {
        let invalid = || Invalid::because("must be a list of ascending seqs");
        let (mut seqs, mut last) = (BTreeSet::new(), 0_u64);
        while !bytes.is_empty() {
            let difference = leb128::read::unsigned(&mut bytes).ok().ok_or_else(invalid)?;
            last = last.checked_add(difference).filter(|_| difference > 0).ok_or_else(invalid)?;
            seqs.insert(Seq(last));
        }
        Ok(Self(seqs))
    }

    /// Whether the seq is among them.
    pub fn contains(&self, seq: Seq) -> bool {
        self.0.contains(&seq)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The seqs, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Seq> + '_ {
        self.0.iter().copied()
    }

    /// Adds a seq.
    pub fn insert(&mut self, seq: Seq) {
        self.0.insert(seq);
    }

    /// Adds seqs.
    pub fn extend(&mut self, seqs: &Self) {
        self.0.extend(&seqs.0);
    }

    /// Removes a seq.
    pub fn remove(&mut self, seq: Seq) {
        self.0.remove(&seq);
    }

    /// Removes the seqs up to this one, which is removed too.
    pub fn remove_up_to(&mut self, seq: Seq) {
        self.0 = self.0.split_off(&seq.next());
    }
}

impl FromIterator<Seq> for SeqSet {
    fn from_iter<I: IntoIterator<Item = Seq>>(seqs: I) -> Self {
        Self(seqs.into_iter().collect())
    }
}

/// The recent deletions, all of those above a seq. Older ones are in further items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecentDeletions {
    /// All deletions above it are here.
    pub above: Seq,
    /// The deletions above it.
    pub seqs: SeqSet,
}

impl RecentDeletions {
    /// Adds a deletion. Also returns the deletions that move to the older ones: this one if it is not recent, or the
    /// oldest half if the recent ones would take more than `max_bytes`.
    pub(crate) fn with(mut self, seq: Seq, max_bytes: usize) -> (Self, SeqSet) {
        let mut moved = SeqSet::default();
        if seq <= self.above {
            moved.insert(seq);
            return (self, moved);
        }
        self.seqs.insert(seq);
        while self.seqs.encode().len() > max_bytes {
            let half = self.seqs.0.len().div_ceil(2);
            let mut blocks = BTreeSet::new();
            let is_in_few_blocks = |seq: &Seq| {
                blocks.insert(block_of(*seq));
                blocks.len() <= MAX_BLOCKS_PER_MOVE
            };
            let oldest: Vec<Seq> = self.seqs.iter().take(half).take_while(is_in_few_blocks).collect();
            self.above = oldest.last().copied().unwrap_or(self.above);
            self.seqs.remove_up_to(self.above);
            moved.0.extend(oldest);
        }
        (self, moved)
    }

    /// Whether all deletions above `seq` are here.
    pub(crate) fn has_all_above(&self, seq: Seq) -> bool {
        seq >= self.above
    }
}

/// The number of the block that covers a seq.
pub(crate) fn block_of(seq: Seq) -> u64 {
    seq.0 / SEQS_PER_BLOCK
}

/// The older tombstones among [`SEQS_PER_BLOCK`] seqs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TombstoneBlock {
    /// It covers the seqs from `number` * [`SEQS_PER_BLOCK`] on.
    pub number: u64,
    /// The tombstones in it.
    pub seqs: SeqSet,
    /// The rev of the change that wrote it last.
    pub rev: Rev,
}

impl TombstoneBlock {
    /// The stored form: a bit for each seq, without zeros at the end. The first seq is the lowest bit of the first byte.
    pub fn bits(&self) -> Vec<u8> {
        let mut bits = Vec::new();
        for seq in self.seqs.iter() {
            let place = usize::try_from(seq.0 % SEQS_PER_BLOCK).unwrap_or_default();
            if bits.len() <= place / 8 {
                bits.resize(place / 8 + 1, 0);
            }
            if let Some(byte) = bits.get_mut(place / 8) {
                *byte |= 1 << (place % 8);
            }
        }
        bits
    }

    /// Parses the stored form.
    pub fn parse(number: u64, bits: &[u8], rev: Rev) -> Self {
        let first = number.saturating_mul(SEQS_PER_BLOCK);
        let places = (0..SEQS_PER_BLOCK).zip(bits.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1)));
        let seqs = places.filter(|(_, bit)| *bit == 1).map(|(place, _)| Seq(first.saturating_add(place))).collect();
        Self { number, seqs, rev }
    }
}

/// A member's older own deletions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OlderOwnDeletions {
    /// The messages that the member deleted for themselves.
    pub seqs: SeqSet,
    /// The rev of the change that wrote the item last.
    pub rev: Rev,
}

/// An item that a change writes, if the item's rev is as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite<T> {
    /// The new item.
    pub after: T,
    /// The rev of the item as it was read; None if there was none.
    pub before: Option<Rev>,
}

/// What a change stores of a deletion, besides the message: from then on, unread counts leave the message out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeletionRecord {
    /// The message becomes a tombstone.
    Tombstone {
        /// The recent tombstones of the head after the change.
        recent: RecentDeletions,
        /// The blocks with tombstones that are not recent.
        blocks: Vec<Rewrite<TombstoneBlock>>,
    },
    /// The caller deletes a message for themselves that they have not read.
    Own {
        /// The recent own deletions of the member item before the change.
        before: RecentDeletions,
        /// The recent own deletions of the member item after the change.
        recent: RecentDeletions,
        /// The deletions that are not recent; None if they do not change.
        older: Option<Rewrite<OlderOwnDeletions>>,
    },
}

/// The number of messages up to `last` that the member can see and has not read, without tombstones. The head and the
/// member item have the recent deletions. `older` has the others: they may be missing if the recent ones reach down to
/// the member's read position.
pub(crate) fn unread_count(member: &Member, head: &Head, last: Seq, older: &SeqSet) -> u64 {
    let read = member.read_up_to();
    let deleted = head.tombstones.seqs.iter().chain(member.own_deletions.seqs.iter()).chain(older.iter());
    let deleted: BTreeSet<Seq> = deleted.filter(|seq| *seq > read && *seq <= last).collect();
    last.since(read).saturating_sub(u64::try_from(deleted.len()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
