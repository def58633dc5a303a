//! The changes of one chat, and how many of them fit in an answer.

use super::{ChatSync, Cursor, MemberView};
use crate::change::{CHANGE_TTL, Pointer};
use crate::chat::{Chat, ChatView, Head, MAX_DOCUMENT_BYTES};
use crate::content::json_length;
use crate::former_member::FormerMember;
use crate::ids::{ChatId, Rev, Seq};
use crate::member::Member;
use crate::message::{Message, MessageView};
use crate::readers::{PastReaders, Readers};
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Above this many members, no read positions are returned, just as no receipts are pushed.
const MAX_MEMBERS_WITH_POSITIONS: u32 = 100;
/// The most bytes of one message or chat document: the rest of its chat's part of the answer needs 512 bytes.
const MAX_ITEM_BYTES: usize = MAX_DOCUMENT_BYTES - 512;

/// The pointers after `cursor`, if they have no gap. None if a pointer has expired, because then nobody knows what
/// the change was about. The pointer of the very last change can also be missing because its transaction is only
/// partly visible yet. In that case the pointers before it are returned.
pub(super) fn contiguous_pointers(
    pointers: Vec<Pointer>,
    cursor: Rev,
    until: Rev,
    head: &Head,
    now: Timestamp,
) -> Option<Vec<Pointer>> {
    let run: Vec<Pointer> = (cursor.0 + 1..)
        .zip(&pointers)
        .take_while(|(rev, pointer)| pointer.rev.0 == *rev)
        .map(|(_, pointer)| pointer.clone())
        .collect();
    let reached = Rev(cursor.0 + run.len() as u64);
    let is_recent = head.last_change.is_some_and(|(_, at)| now.since(at) < CHANGE_TTL);
    let is_being_applied = reached.next() == head.last_rev && until == head.last_rev && is_recent;
    (run.len() == pointers.len() && (reached == until || is_being_applied)).then_some(run)
}

/// A chat that the client named: its cursor, the head, and the caller's own state.
pub(super) struct ChatCursorState {
    pub(super) chat: ChatId,
    pub(super) cursor: Cursor,
    pub(super) head: Head,
    pub(super) member: Member,
    pub(super) is_open: bool,
    pub(super) now: Timestamp,
    /// The messages that the caller has not read, at the moment of `head`.
    pub(super) unread_count: u64,
}

impl ChatCursorState {
    pub(super) fn has_changes(&self) -> bool {
        self.head.last_seq != self.cursor.seq || self.head.last_rev != self.cursor.rev
    }

    /// Whether the answer has the members' read positions.
    pub(super) fn includes_positions(&self) -> bool {
        self.is_open && self.shows_departures()
    }

    /// Whether the answer has those who left since the cursor, with what they had read.
    pub(super) fn shows_departures(&self) -> bool {
        self.head.participant_count <= MAX_MEMBERS_WITH_POSITIONS
    }

    /// Whether the cursor is ahead of the chat: it comes from another system, or the tables were restored to an
    /// earlier time.
    pub(super) fn is_ahead(&self) -> bool {
        self.cursor.seq > self.head.last_seq.max(self.member.floor().seq()) || self.cursor.rev > self.head.last_rev
    }

    /// The chat's part of the answer with the caller's own state, without settings and changes.
    pub(super) fn part(&self) -> ChatSync {
        ChatSync {
            chat_id: self.chat.clone(),
            messages: Vec::new(),
            changed: Vec::new(),
            chat: None,
            members: None,
            members_limited: false,
            read_seq: self.member.read_up_to(),
            unread_count: self.unread_count,
            floor: self.member.floor().seq(),
            settings: None,
            blocked: self.member.is_blocking,
            cursor: self.cursor,
            limited: false,
            reset: false,
        }
    }
}

/// The bytes that are left in an answer.
pub(super) struct ByteBudget {
    pub(super) remaining: usize,
}

impl ByteBudget {
    /// Takes `size` bytes and one for a comma. False, and nothing is taken, if they do not fit.
    pub(super) fn try_take(&mut self, size: usize) -> bool {
        let remaining = self.remaining.checked_sub(size + 1);
        self.remaining = remaining.unwrap_or(self.remaining);
        remaining.is_some()
    }
}

/// The changes of one chat since the cursor.
pub(super) struct ChatDelta {
    pub(super) state: ChatCursorState,
    /// New messages, without a gap.
    pub(super) messages: Vec<Message>,
    /// The pointers of the changes, without a gap.
    pub(super) pointers: Vec<Pointer>,
    /// The changed messages up to the cursor.
    pub(super) changed: BTreeMap<Seq, Message>,
    /// The chat document, if it changed.
    pub(super) document: Option<Chat>,
    pub(super) members: Vec<Member>,
    /// The former members who have read some of the messages.
    pub(super) past: PastReaders,
    /// What is kept of those who left with one of the changes.
    pub(super) departed: Vec<FormerMember>,
    /// Whether the client must drop the chat's messages and list them again.
    pub(super) reset: bool,
}

impl ChatDelta {
    pub(super) fn reset(state: ChatCursorState) -> Self {
        Self {
            state,
            messages: Vec::new(),
            pointers: Vec::new(),
            changed: BTreeMap::new(),
            document: None,
            members: Vec::new(),
            past: PastReaders::default(),
            departed: Vec::new(),
            reset: true,
        }
    }

    /// As many changes as fit, in the order in which they happened, and who left with them. Also the members of an open
    /// chat. None if nothing fits.
    pub(super) fn fill(self, budget: &mut ByteBudget) -> Option<(ChatSync, Option<Vec<MemberView>>)> {
        let Self { state, messages, pointers, changed, document, members, past, departed, reset } = self;
        let readers = Readers::new(&members, &past);
        let mut part = state.part();
        let (includes_positions, shows_departures) = (state.includes_positions(), state.shows_departures());
        // 128 bytes are enough for the largest cursor and all flags.
        let reserved = json_length(&part) + 128;
        if !budget.try_take(reserved) {
            return None;
        }
        let ChatCursorState { head, member, cursor, .. } = state;
        let floor = member.floor();
        if reset {
            part.reset = true;
            part.cursor = Cursor { seq: head.last_seq, rev: head.last_rev };
            return Some((part, None));
        }
        part.cursor.seq = cursor.seq.max(floor.seq().min(head.last_seq));
        for message in &messages {
            // Stop at a message whose last change is not visible yet: the client's cursor may be past that change
            // already.
            if head.rev_shown_in(std::slice::from_ref(message)) < head.last_rev {
                break;
            }
            if message.is_visible_to(&member.user, floor) {
                let mut view = MessageView::new(message, readers);
                view.limit(MAX_ITEM_BYTES);
                if !try_add(budget, view, |view| part.messages.push(view)) {
                    break;
                }
            }
            part.cursor.seq = message.seq;
        }
        let mut included = BTreeSet::new();
        let mut left = BTreeSet::new();
        for pointer in pointers {
            let mut stays = Vec::new();
            if let Some(user) = pointer.left.filter(|_| shows_departures) {
                let former = departed.iter().find(|former| former.user == user);
                // Only of the last change, a part may be not visible yet.
                if pointer.rev == head.last_rev && former.is_none_or(|former| former.rev < pointer.rev) {
                    break;
                }
                if left.insert(user) {
                    stays = former.into_iter().flat_map(|former| MemberView::past_above(former, floor)).collect();
                }
            }
            let stays_size = if stays.is_empty() { 0 } else { json_length(&stays) + r#","members":"#.len() };
            if !stays.is_empty() && !budget.try_take(stays_size) {
                break;
            }
            let is_for_caller = pointer.only_for.as_ref().is_none_or(|user| *user == member.user);
            let is_covered = match pointer.of {
                _ if !is_for_caller => true,
                // A change of the caller's own floor, which is part of every answer.
                Seq(0) if pointer.only_for.is_some() => true,
                Seq(0) => match &document {
                    Some(chat) if chat.members_rev >= pointer.rev => {
                        included.contains(&Seq(0)) || {
                            let view = ChatView::new(chat, &head, floor).limited(MAX_ITEM_BYTES - stays_size);
                            try_add(budget, view, |view| part.chat = Some(view))
                        }
                    }
                    _ => false,
                },
                of if !floor.shows(of) => true,
                // A new message is in the answer in its current state, which must include this change.
                of if of > cursor.seq => {
                    let new = messages.iter().find(|message| message.seq == of);
                    of <= part.cursor.seq && new.is_some_and(|message| message.rev >= pointer.rev)
                }
                of => match changed.get(&of) {
                    Some(message) if message.rev >= pointer.rev => {
                        included.contains(&of) || {
                            let mut view = MessageView::of(message, readers, &member.user, floor);
                            view.limit(MAX_ITEM_BYTES);
                            try_add(budget, view, |view| part.changed.push(view))
                        }
                    }
                    _ => false,
                },
            };
            // Stop at a change that does not fit, or whose transaction is only partly visible: the next sync returns
            // it.
            if !is_covered {
                break;
            }
            if !stays.is_empty() {
                part.members.get_or_insert_default().append(&mut stays);
            }
            // A pointer of a cleared history also has seq 0, but does not mean that the chat document is in the answer.
            if is_for_caller && (pointer.of > Seq(0) || pointer.only_for.is_none()) {
                included.insert(pointer.of);
            }
            part.cursor.rev = pointer.rev;
        }
        part.limited = part.cursor != Cursor { seq: head.last_seq.max(part.cursor.seq), rev: head.last_rev };
        let positions = includes_positions.then(|| members.into_iter().map(MemberView::new).collect());
        Some((part, positions))
    }
}

/// Adds an item if it fits; false if it does not.
fn try_add<T: Serialize>(budget: &mut ByteBudget, item: T, push: impl FnOnce(T)) -> bool {
    let fits = budget.try_take(json_length(&item));
    if fits {
        push(item);
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;

    fn pointers(revs: &[u64]) -> Vec<Pointer> {
        revs.iter().map(|rev| Pointer { rev: Rev(*rev), of: Seq(1), only_for: None, left: None }).collect()
    }

    #[test]
    fn a_missing_pointer_has_expired_or_is_not_visible_yet() {
        let now = Timestamp::from_seconds(10_000_000);
        let head = |last: u64, at: i64| Head {
            last_rev: Rev(last),
            last_change: Some((Seq(1), Timestamp::from_seconds(at))),
            ..Head::new(2, now)
        };
        let recent = 10_000_000 - 60;
        let run = |revs: &[u64], cursor, until, last, at| {
            contiguous_pointers(pointers(revs), Rev(cursor), Rev(until), &head(last, at), now).map(|run| run.len())
        };
        assert_eq!(run(&[3, 4, 5], 2, 5, 5, recent), Some(3));
        assert_eq!(run(&[3, 4], 2, 5, 5, recent), Some(2), "the last one is being applied");
        assert_eq!(run(&[], 4, 5, 5, recent), Some(0), "the only one is being applied");
        assert_eq!(run(&[], 4, 5, 5, 1), None, "the last change was committed long ago");
        assert_eq!(run(&[4, 5], 2, 5, 5, recent), None, "the first has expired");
        assert_eq!(run(&[3, 5], 2, 5, 5, recent), None, "one in the middle has expired");
        assert_eq!(run(&[3], 2, 5, 5, recent), None, "only the last can be missing because it is being applied");
        assert_eq!(run(&[3, 4], 2, 4, 9, recent), Some(2), "as many as requested");
        assert_eq!(run(&[3], 2, 4, 9, recent), None);
        assert_eq!(run(&[], 5, 5, 5, recent), Some(0));
    }

    #[test]
    fn a_hundred_unchanged_chats_fit_in_an_answer() {
        let (large, now) = (1_000_000_000, Timestamp::from_seconds(1_800_000_000));
        let user = UserId::parse("alice").unwrap();
        let part = |n: usize| {
            let chat = ChatId::parse(format!("{n:0>64}")).unwrap();
            let head = Head { last_seq: Seq(large), last_rev: Rev(large), ..Head::new(2, now) };
            let member =
                Member { cleared_seq: Seq(large), is_blocking: true, ..Member::joining(user.clone(), Seq(large), now) };
            let cursor = Cursor { seq: Seq(large), rev: Rev(large) };
            ChatCursorState { chat, cursor, head, member, is_open: false, now, unread_count: large }.part()
        };
        let mut budget = ByteBudget { remaining: MAX_DOCUMENT_BYTES - 128 };
        assert!((0..100).all(|n| budget.try_take(json_length(&part(n)))), "{}", budget.remaining);
    }
}
