//! Changes of existing messages, groups and members.

use super::{MemoryStore, State};
use domain::change::{CHANGE_TTL, Change, ChangeKind, Pointer};
use domain::chat::Head;
use domain::deletions::{DeletionRecord, OlderOwnDeletions, Rewrite, TombstoneBlock};
use domain::former_member::Departure;
use domain::ids::{ChatId, Rev, Seq, UserId};
use domain::member::Member;
use domain::ports::{ChangeOutcome, CommitChanges, Conflict, ReadChanges, ReadDeletions, StoreError};
use domain::timestamp::Timestamp;

impl CommitChanges for MemoryStore {
    async fn commit_change(&self, change: &Change) -> Result<ChangeOutcome, StoreError> {
        self.transact_on_head(&change.chat, ChangeOutcome::Conflict, |state| {
            if let Some(conflict) = state.conflict_of(change) {
                return ChangeOutcome::Conflict(conflict);
            }
            if let ChangeKind::Chat { limits: Some(limits), .. } = &change.what
                && !state.change_limits(limits)
            {
                return ChangeOutcome::Conflict(Conflict::Outdated);
            }
            let chat = &change.chat;
            // This transaction saw the previous change, so reads show it from now on.
            state.unsettled.retain(|(of, _), before| of != chat || before.is_none());
            state.unsettled_past.retain(|(of, _), _| of != chat);
            // A send may have been committed since the head was read, so its fields are kept.
            let Head { last_seq, last_message_at, queue, .. } = state.heads[chat].clone();
            let queue = change.queue.unwrap_or(queue);
            state.put_head(chat, Head { last_seq, last_message_at, queue, ..change.head_after() });
            let expires_at = change.at.plus(CHANGE_TTL);
            state.pointers.insert((chat.clone(), change.rev()), (change.pointer(), expires_at));
            state.unsettled_pointers.insert(chat.clone(), change.rev());
            state.update_caller(change);
            match &change.what {
                ChangeKind::Message { after, deletion, .. } => {
                    state.put_unsettled(after);
                    state.put_deletion(change, deletion.as_ref());
                }
                ChangeKind::Chat { after, joined, left, upload, closed_chat_of, .. } => {
                    if let Some((id, until)) = upload
                        && let Some(upload) = state.uploads.get_mut(id)
                    {
                        (upload.sent_as, upload.expires_at) = (Some(Seq(0)), *until);
                    }
                    if let Some(limits) = closed_chat_of.as_ref().and_then(|creator| state.limits.get_mut(creator)) {
                        limits.open_chats = limits.open_chats.saturating_sub(1);
                    }
                    if let Some(before) = state.chats.insert(chat.clone(), after.clone()) {
                        state.stale_chats.insert(chat.clone(), before);
                    }
                    for member in joined {
                        state.members.insert((chat.clone(), member.user.clone()), member.clone());
                    }
                    if let Some(left) = left {
                        let key = (chat.clone(), left.user().clone());
                        state.members.remove(&key);
                        let before = state.past.insert(key.clone(), left.former.clone());
                        state.unsettled_past.insert(key, before);
                        if left.settings.is_listed() {
                            state.unlist_chat(chat, left.user());
                        }
                    }
                }
                // The floor is in the item of the caller, with their budget.
                ChangeKind::Cleared(_) => {}
            }
            ChangeOutcome::Committed
        })
        .await
    }
}

impl State {
    /// Writes what the change takes from the caller's change budget, their new floor if they clear the chat, and a
    /// message that they delete for themselves.
    fn update_caller(&mut self, Change { chat, what, spending, only_for, .. }: &Change) {
        let cleared = if let ChangeKind::Cleared(member) = what { Some(member) } else { None };
        let own_deletion = match what.deletion() {
            Some(DeletionRecord::Own { recent, .. }) => Some(recent),
            Some(DeletionRecord::Tombstone { .. }) | None => None,
        };
        let spender = spending.as_ref().map(|(user, _)| user);
        let only_for = only_for.as_ref().filter(|_| own_deletion.is_some() || cleared.is_some());
        let Some(user) = spender.or(only_for) else { return };
        let Some(member) = self.members.get_mut(&(chat.clone(), user.clone())) else { return };
        if let Some((_, spending)) = spending {
            member.change_budget = Some(spending.after);
        }
        if let Some(cleared) = cleared {
            member.cleared_seq = cleared.cleared_seq;
            member.is_marked_unread = false;
        }
        if let Some(recent) = own_deletion {
            member.own_deletions = recent.clone();
        }
        member.member_rev = member.member_rev.next();
    }

    /// Writes the further items of a deletion. The recent deletions are in the head or the member item.
    fn put_deletion(&mut self, change: &Change, deletion: Option<&DeletionRecord>) {
        match deletion {
            Some(DeletionRecord::Tombstone { blocks, .. }) => {
                for Rewrite { after, .. } in blocks {
                    self.tombstone_blocks.insert((change.chat.clone(), after.number), after.clone());
                }
            }
            Some(DeletionRecord::Own { older: Some(Rewrite { after, .. }), .. }) => {
                let key = change.only_for.clone().map(|user| (change.chat.clone(), user));
                self.older_own_deletions.extend(key.map(|key| (key, after.clone())));
            }
            Some(DeletionRecord::Own { older: None, .. }) | None => {}
        }
    }

    fn allows_deletion(&self, change: &Change, deletion: &DeletionRecord) -> bool {
        match deletion {
            DeletionRecord::Tombstone { blocks, .. } => blocks.iter().all(|Rewrite { after, before }| {
                let stored = self.tombstone_blocks.get(&(change.chat.clone(), after.number));
                stored.map(|block| block.rev) == *before
            }),
            DeletionRecord::Own { before, older, .. } => change.only_for.clone().is_some_and(|user| {
                let key = (change.chat.clone(), user);
                let is_older_unchanged = older
                    .as_ref()
                    .is_none_or(|older| self.older_own_deletions.get(&key).map(|stored| stored.rev) == older.before);
                is_older_unchanged && self.members.get(&key).is_some_and(|member| member.own_deletions == *before)
            }),
        }
    }

    /// What was changed of the state that the change was based on; None if nothing was. The message or the chat
    /// document that changes never does without the head.
    fn conflict_of(&self, change: &Change) -> Option<Conflict> {
        let Some(head) = self.heads.get(&change.chat) else { return Some(Conflict::Outdated) };
        let is_joining = matches!(&change.what, ChangeKind::Chat { joined, .. } if !joined.is_empty());
        let is_head_unchanged = head.last_rev == change.head.last_rev
            && head.members_rev == change.head.members_rev
            && head.blocks == change.head.blocks
            && (!is_joining || head.last_seq == change.head.last_seq);
        if !self.has_other_items_of(change) {
            return Some(Conflict::Outdated);
        }
        let is_subject_unchanged = match &change.what {
            ChangeKind::Message { after, before, .. } => {
                self.messages.get(&(change.chat.clone(), after.seq)).is_some_and(|stored| stored.rev == *before)
            }
            ChangeKind::Chat { before, .. } => {
                self.chats.get(&change.chat).is_some_and(|chat| chat.members_rev == *before)
            }
            ChangeKind::Cleared(_) => true,
        };
        match (is_head_unchanged, is_subject_unchanged) {
            (false, _) => Some(Conflict::HeadChanged(head.clone())),
            (true, false) => Some(Conflict::Outdated),
            (true, true) => None,
        }
    }

    /// Whether all items but the head and what changes with it are as they were read.
    fn has_other_items_of(&self, change: &Change) -> bool {
        let is_member = |user: &UserId| self.members.contains_key(&(change.chat.clone(), user.clone()));
        let can_spend = change.spending.as_ref().is_none_or(|(user, spending)| {
            let member = self.members.get(&(change.chat.clone(), user.clone()));
            member.is_some_and(|member| member.change_budget == spending.before)
        });
        can_spend
            && match &change.what {
                ChangeKind::Message { deletion, .. } => {
                    deletion.as_ref().is_none_or(|deletion| self.allows_deletion(change, deletion))
                }
                ChangeKind::Chat { joined, left, upload, .. } => {
                    upload
                        .as_ref()
                        .is_none_or(|(id, _)| self.uploads.get(id).is_some_and(|upload| upload.sent_as.is_none()))
                        && joined.iter().all(|member| !is_member(&member.user))
                        && left.as_ref().is_none_or(|left| self.can_leave(&change.chat, left))
                }
                ChangeKind::Cleared(member) => is_member(&member.user),
            }
    }
}

impl State {
    /// Whether the member and what is kept of them are as they were read.
    fn can_leave(&self, chat: &ChatId, left: &Departure) -> bool {
        let key = (chat.clone(), left.user().clone());
        let is_unchanged =
            |member: &Member| member.read_seq == left.period.read_seq && member.settings == left.settings;
        self.members.get(&key).is_some_and(is_unchanged) && self.past.get(&key).map(|former| former.rev) == left.before
    }
}

impl ReadChanges for MemoryStore {
    async fn pointers(&self, chat: &ChatId, from: Rev, to: Rev, now: Timestamp) -> Result<Vec<Pointer>, StoreError> {
        self.read(|state| {
            let is_hidden = |state: &State, rev: Rev| {
                state.unsettled_pointers.get(chat) == Some(&rev) && self.rng.percent(state.faults.half_read)
            };
            let range = state.pointers.range((chat.clone(), from)..=(chat.clone(), to));
            let pointers: Vec<_> = range
                .filter(|((_, rev), (_, expires_at))| *expires_at > now && !is_hidden(state, *rev))
                .map(|(_, (pointer, _))| pointer.clone())
                .collect();
            if pointers.last().is_some_and(|last| state.unsettled_pointers.get(chat) == Some(&last.rev)) {
                state.unsettled_pointers.remove(chat);
            }
            pointers
        })
        .await
    }
}

impl ReadDeletions for MemoryStore {
    async fn tombstone_blocks(&self, chat: &ChatId, from: u64, to: u64) -> Result<Vec<TombstoneBlock>, StoreError> {
        self.read(|state| {
            let blocks = state.tombstone_blocks.range((chat.clone(), from)..=(chat.clone(), to));
            blocks.map(|(_, block)| block.clone()).collect()
        })
        .await
    }

    async fn older_own_deletions(&self, chat: &ChatId, user: &UserId) -> Result<Option<OlderOwnDeletions>, StoreError> {
        self.read(|state| state.older_own_deletions.get(&(chat.clone(), user.clone())).cloned()).await
    }
}
