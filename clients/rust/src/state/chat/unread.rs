//! How many messages of a chat this user has not read. The unread messages that are held are counted. Of older ones, only
//! their number is held: an answer gives it, and events lower it. Where events are not enough, it is asked for again.

use super::ChatState;
use crate::documents::{Cursor, Message, Page, Rev, Seq};

/// The unread messages that are not held. Those that are held are counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OlderUnread {
    /// How many there are.
    count: u64,
    /// The rev of the answer that said so.
    as_of: Rev,
    /// The rev of the last deletion of such a message that an event brought.
    last_deletion: Rev,
    /// The count is not known: it must be asked for.
    is_unknown: bool,
}

/// What an answer says of this user's unread messages.
#[derive(Debug, Clone, Copy)]
pub(in crate::state) struct UnreadAnswer {
    /// The last message and the last change of the chat when the answer was made.
    pub(in crate::state) at: Cursor,
    /// This user's read position, not below the floor.
    pub(in crate::state) read_seq: Seq,
    pub(in crate::state) count: u64,
}

impl ChatState {
    /// How many messages this user has not read, without tombstones and those that this user deleted.
    pub fn unread(&self, me: &str) -> u64 {
        let read = self.read_up_to(me);
        let held = self.messages.values().filter(|message| message.seq > read && message.deleted_at.is_none()).count();
        let older = if read < self.held_above { self.unread.count } else { 0 };
        older + u64::try_from(held).unwrap_or(u64::MAX)
    }

    /// The messages up to this seq are read or hidden.
    fn read_up_to(&self, me: &str) -> Seq {
        self.read_seq_of(me).max(self.floor)
    }

    /// Takes the count of an answer, once everything else of the answer is applied. Of the messages that it counts, those
    /// that are not held are kept as a number. If the answer does not follow what is held, the count must be asked for.
    pub(in crate::state) fn put_unread(&mut self, me: &str, answer: UnreadAnswer) {
        let UnreadAnswer { at, read_seq, count } = answer;
        let read = self.read_up_to(me);
        if read >= self.held_above {
            // All unread messages are held.
            self.unread.is_unknown = false;
        } else if read != read_seq || at.rev < self.unread.last_deletion {
            self.unread.is_unknown = true;
        } else {
            // A tombstone of a later rev was no tombstone yet.
            let was_unread =
                |message: &&Message| message.seq <= at.seq && (message.deleted_at.is_none() || message.rev > at.rev);
            let held = u64::try_from(self.messages.values().filter(was_unread).count()).unwrap_or(u64::MAX);
            self.unread.count = count.saturating_sub(held);
            self.unread.as_of = at.rev;
            self.unread.is_unknown = false;
        }
    }

    /// Notes the deletion of a message, for everyone or by this user, unless the message is held.
    pub(super) fn note_deletion(&mut self, me: &str, message: &Message, rev: Rev) {
        let is_own = message.deleted_for.iter().any(|user| user == me);
        let read = self.read_up_to(me);
        // If all unread messages are held, there is nothing to note.
        let is_older_unread = read < self.held_above && message.seq > read && !self.messages.contains_key(&message.seq);
        if !is_older_unread || !(is_own || message.deleted_at.is_some()) {
            return;
        }
        let is_known = rev <= self.rev || message.seq > self.held_above;
        // Of an event that came before, the answer that had its rev may not have known the deletion: it was being stored.
        // And a message that this user deletes may have been a tombstone, which did not count.
        if is_known || is_own {
            self.unread.is_unknown = true;
        } else if rev > self.unread.as_of {
            self.unread.count = self.unread.count.saturating_sub(1);
        }
        self.unread.last_deletion = self.unread.last_deletion.max(rev);
    }

    /// Counts the messages of a page, which are held now: before, all messages above `held_before` were. If the page is of
    /// another moment than what is held, the count must be asked for.
    pub(super) fn note_page(&mut self, me: &str, page: &Page, held_before: Seq) {
        let read = self.read_up_to(me);
        if page.rev != self.rev || page.messages.iter().any(|message| message.rev > page.rev) {
            return self.note_read(me);
        }
        let is_new = |message: &&Message| message.seq <= held_before && message.seq > self.held_above.max(read);
        let new = self.messages.values().filter(|message| is_new(message) && message.deleted_at.is_none()).count();
        self.unread.count = self.unread.count.saturating_sub(u64::try_from(new).unwrap_or(u64::MAX));
    }

    /// The read position or the floor of this user has moved: which of the older messages are still unread is not known.
    pub(in crate::state) fn note_read(&mut self, me: &str) {
        self.unread.is_unknown |= self.unread.count > 0 && self.read_up_to(me) < self.held_above;
    }

    /// Whether the count of unread messages must be asked for. Only true once.
    pub(in crate::state) fn take_unknown_count(&mut self) -> bool {
        std::mem::take(&mut self.unread.is_unknown)
    }
}
