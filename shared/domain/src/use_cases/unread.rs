//! Unread counts. A count is of the moment at which the head was read; the member item is read with it or after it.

use super::App;
use super::change_message::ChangeMessageError;
use super::error::ChatError;
use crate::chat::Head;
use crate::deletions::{
    DeletionRecord, MAX_OLDER_OWN_DELETIONS_BYTES, MAX_RECENT_OWN_DELETIONS_BYTES, MAX_RECENT_TOMBSTONES_BYTES,
    OlderOwnDeletions, RecentDeletions, Rewrite, SeqSet, TombstoneBlock, block_of, unread_count,
};
use crate::ids::{ChatId, Rev, Seq};
use crate::member::Member;
use crate::member_settings::OwnMember;
use crate::ports::{Env, ReadDeletions, StoreError};
use crate::retry::Retry;
use crate::timestamp::Timestamp;
use std::collections::BTreeMap;

impl<S: ReadDeletions, P: Sync, E: Env> App<S, P, E> {
    /// The number of messages that the member can see and has not read, without tombstones. Usually it reads nothing.
    pub(super) async fn unread_count(&self, chat: &ChatId, head: &Head, member: &Member) -> Result<u64, StoreError> {
        self.unread_count_up_to(chat, head, member, head.last_seq).await
    }

    /// Like [`unread_count`](Self::unread_count), of the messages up to `last`.
    pub(super) async fn unread_count_up_to(
        &self,
        chat: &ChatId,
        head: &Head,
        member: &Member,
        last: Seq,
    ) -> Result<u64, StoreError> {
        let read = member.read_up_to();
        let mut older = SeqSet::default();
        if read < last && !head.tombstones.has_all_above(read) {
            older = self.older_tombstones(chat, head, read).await?;
        }
        if read < last && !member.own_deletions.has_all_above(read) {
            let own = self.store.older_own_deletions(chat, &member.user).await?;
            older.extend(&own.map(|own| own.seqs).unwrap_or_default());
        }
        Ok(unread_count(member, head, last, &older))
    }

    /// The tombstones above `read` that are not in the head, at the moment of the head.
    async fn older_tombstones(&self, chat: &ChatId, head: &Head, read: Seq) -> Result<SeqSet, StoreError> {
        let (from, to) = (block_of(read.next()), block_of(head.tombstones.above));
        let blocks = self.store.tombstone_blocks(chat, from, to).await?;
        let mut tombstones = SeqSet::default();
        for block in &blocks {
            tombstones.extend(&block.seqs);
        }
        let latest = blocks.iter().map(|block| block.rev).max().unwrap_or_default();
        if latest <= head.last_rev {
            return Ok(tombstones);
        }
        // A block was written after the head was read. What became a tombstone since then still counts: the client
        // lowers the count itself when it gets the event.
        let mut retry = Retry::new(&self.env);
        loop {
            let pointers = self.store.pointers(chat, head.last_rev.next(), latest, self.env.now()).await?;
            // The last pointer is missing while its transaction is being applied.
            if pointers.last().is_none_or(|last| last.rev < latest) && retry.again().await {
                continue;
            }
            for pointer in pointers.iter().filter(|pointer| pointer.only_for.is_none()) {
                tombstones.remove(pointer.of);
            }
            return Ok(tombstones);
        }
    }

    /// The member's own view of the chat with their unread count.
    pub(super) async fn own_member(
        &self,
        chat: &ChatId,
        head: &Head,
        member: &Member,
        now: Timestamp,
    ) -> Result<OwnMember, StoreError> {
        let unread_count = self.unread_count(chat, head, member).await?;
        Ok(OwnMember::new(member, head.last_seq, unread_count, now))
    }

    /// What a change with this rev stores of a message that becomes a tombstone.
    pub(super) async fn tombstone_record(
        &self,
        chat: &ChatId,
        head: &Head,
        seq: Seq,
        rev: Rev,
    ) -> Result<DeletionRecord, StoreError> {
        let (recent, moved) = head.tombstones.clone().with(seq, MAX_RECENT_TOMBSTONES_BYTES);
        let mut by_block: BTreeMap<u64, SeqSet> = BTreeMap::new();
        for seq in moved.iter() {
            by_block.entry(block_of(seq)).or_default().insert(seq);
        }
        let stored = match (by_block.keys().next(), by_block.keys().next_back()) {
            (Some(from), Some(to)) => self.store.tombstone_blocks(chat, *from, *to).await?,
            _ => Vec::new(),
        };
        let mut stored: BTreeMap<u64, TombstoneBlock> = stored.into_iter().map(|block| (block.number, block)).collect();
        let rewrite = |(number, mut seqs): (u64, SeqSet)| {
            let before = stored.remove(&number);
            if let Some(before) = &before {
                seqs.extend(&before.seqs);
            }
            Rewrite { after: TombstoneBlock { number, seqs, rev }, before: before.map(|before| before.rev) }
        };
        Ok(DeletionRecord::Tombstone { recent, blocks: by_block.into_iter().map(rewrite).collect() })
    }

    /// What a change with this rev stores of a message that the member deletes for themselves.
    pub(super) async fn own_deletion_record(
        &self,
        chat: &ChatId,
        member: &Member,
        seq: Seq,
        rev: Rev,
    ) -> Result<DeletionRecord, ChatError<ChangeMessageError>> {
        let before = member.own_deletions.clone();
        let mut kept = before.clone();
        kept.seqs.remove_up_to(member.read_up_to());
        let (recent, moved): (RecentDeletions, SeqSet) = kept.with(seq, MAX_RECENT_OWN_DELETIONS_BYTES);
        if moved.is_empty() {
            return Ok(DeletionRecord::Own { before, recent, older: None });
        }
        let stored = self.store.older_own_deletions(chat, &member.user).await?;
        let mut seqs = moved;
        let stored_rev = stored.as_ref().map(|stored| stored.rev);
        if let Some(stored) = stored {
            seqs.extend(&stored.seqs);
        }
        seqs.remove_up_to(member.read_up_to());
        if seqs.encode().len() > MAX_OLDER_OWN_DELETIONS_BYTES {
            return Err(ChangeMessageError::TooManyUnreadDeletions.into());
        }
        let older = Some(Rewrite { after: OlderOwnDeletions { seqs, rev }, before: stored_rev });
        Ok(DeletionRecord::Own { before, recent, older })
    }
}
