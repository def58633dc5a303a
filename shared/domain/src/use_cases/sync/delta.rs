//! What there is to tell of one chat, and how much of it fits an answer.

use super::{ChatSync, Cursor, MemberView};
use crate::change::{CHANGE_TTL, Pointer};
use crate::chat::{Chat, ChatView, Head, MAX_DOCUMENT_BYTES};
use crate::chat_user::MuteView;
use crate::content::json_length;
use crate::ids::{ChatId, Rev, Seq};
use crate::member::Member;
use crate::message::{Message, MessageView};
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Above this many members no read positions are told, as nobody is pushed a receipt there.
const MAX_MEMBERS_WITH_POSITIONS: u32 = 100;
/// The most bytes that one message or chat try_take, beside the rest of its chat's part of the answer.
const MAX_ITEM_BYTES: usize = MAX_DOCUMENT_BYTES - 512;

/// The pointers after `cursor` without a hole. None if one is missing that was there: its time is over, and nobody
/// knows what it was about. Only the last change's can be missing for another reason, that it is being applied.
pub(super) fn followed(
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
    let being_applied = reached.next() == head.last_rev && until == head.last_rev && is_recent;
    (run.len() == pointers.len() && (reached == until || being_applied)).then_some(run)
}

/// A chat that the client knows, and where the caller stands in it.
pub(super) struct ChatCursorState {
    pub(super) chat: ChatId,
    pub(super) cursor: Cursor,
    pub(super) head: Head,
    pub(super) member: Member,
    pub(super) mute: MuteView,
    pub(super) is_open: bool,
    pub(super) now: Timestamp,
}

impl ChatCursorState {
    pub(super) fn has_news(&self) -> bool {
        self.head.last_seq != self.cursor.seq || self.head.last_rev != self.cursor.rev
    }

    /// Whether everyone's read position is told.
    pub(super) fn includes_positions(&self) -> bool {
        self.is_open && self.head.participant_count <= MAX_MEMBERS_WITH_POSITIONS
    }

    /// Whether the client knows more than there is: its cursor is from elsewhere, or the tables were restored.
    pub(super) fn is_ahead(&self) -> bool {
        self.cursor.seq > self.head.last_seq.max(self.member.floor().seq()) || self.cursor.rev > self.head.last_rev
    }

    /// What is told in any case.
    pub(super) fn part(&self) -> ChatSync {
        ChatSync {
            chat_id: self.chat.clone(),
            messages: Vec::new(),
            changed: Vec::new(),
            chat: None,
            members: None,
            members_limited: false,
            read_seq: self.member.read_up_to(),
            unread_count: self.member.unread(self.head.last_seq),
            floor: self.member.floor().seq(),
            mute: self.mute,
            cursor: self.cursor,
            limited: false,
            reset: false,
        }
    }
}

/// How much fits an answer still.
pub(super) struct ByteBudget {
    pub(super) left: usize,
}

impl ByteBudget {
    /// Takes a part of this size, if it fits.
    pub(super) fn try_take(&mut self, size: usize) -> bool {
        let left = self.left.checked_sub(size + 1);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

/// What there is to tell of one chat.
pub(super) struct ChatDelta {
    pub(super) known: ChatCursorState,
    /// New messages, without a hole.
    pub(super) messages: Vec<Message>,
    /// Changes, without a hole.
    pub(super) pointers: Vec<Pointer>,
    /// The messages that they are about.
    pub(super) changed: BTreeMap<Seq, Message>,
    /// The chat document, if one is about it.
    pub(super) document: Option<Chat>,
    pub(super) members: Vec<Member>,
    pub(super) reset: bool,
}

impl ChatDelta {
    pub(super) fn reset(known: ChatCursorState) -> Self {
        Self {
            known,
            messages: Vec::new(),
            pointers: Vec::new(),
            changed: BTreeMap::new(),
            document: None,
            members: Vec::new(),
            reset: true,
        }
    }

    /// As much of it as fits, in the order of its happening, and of an open chat the read positions; None if nothing does.
    pub(super) fn fill(self, room: &mut ByteBudget) -> Option<(ChatSync, Option<Vec<MemberView>>)> {
        let Self { known, messages, pointers, changed, document, members, reset } = self;
        let mut part = known.part();
        let includes_positions = known.includes_positions();
        // Reserved with the largest cursor and every flag.
        let reserved = json_length(&part) + 128;
        if !room.try_take(reserved) {
            return None;
        }
        let ChatCursorState { head, member, cursor, .. } = known;
        let floor = member.floor();
        if reset {
            part.reset = true;
            part.cursor = Cursor { seq: head.last_seq, rev: head.last_rev };
            return Some((part, None));
        }
        part.cursor.seq = cursor.seq.max(floor.seq().min(head.last_seq));
        for message in &messages {
            // One whose last change is being applied: the client's cursor may be past that change.
            if head.rev_shown_in(std::slice::from_ref(message)) < head.last_rev {
                break;
            }
            if message.is_visible_to(&member.user, floor) {
                let mut view = MessageView::new(message, &members);
                view.limit(MAX_ITEM_BYTES);
                if !add(room, view, |view| part.messages.push(view)) {
                    break;
                }
            }
            part.cursor.seq = message.seq;
        }
        let mut told = BTreeSet::new();
        for pointer in pointers {
            let concerns = pointer.only_for.as_ref().is_none_or(|user| *user == member.user);
            let is_told = match pointer.of {
                _ if !concerns => true,
                // Of the caller's own floor, which is told in any case.
                Seq(0) if pointer.only_for.is_some() => true,
                Seq(0) => match &document {
                    Some(chat) if chat.members_rev >= pointer.rev => {
                        told.contains(&Seq(0)) || {
                            let view = ChatView::new(chat, &head, floor).limited(MAX_ITEM_BYTES);
                            add(room, view, |view| part.chat = Some(view))
                        }
                    }
                    _ => false,
                },
                of if !floor.shows(of) => true,
                // A message that is new to the client is told in its present state, if that is this one.
                of if of > cursor.seq => {
                    let new = messages.iter().find(|message| message.seq == of);
                    of <= part.cursor.seq && new.is_some_and(|message| message.rev >= pointer.rev)
                }
                of => match changed.get(&of) {
                    Some(message) if message.rev >= pointer.rev => {
                        told.contains(&of) || {
                            let mut view = MessageView::of(message, &members, &member.user, floor);
                            view.limit(MAX_ITEM_BYTES);
                            add(room, view, |view| part.changed.push(view))
                        }
                    }
                    _ => false,
                },
            };
            // What does not fit, and a change that is being applied and cannot be seen everywhere, is for the next time.
            if !is_told {
                break;
            }
            // A cleared history is the chat's as well, and tells nothing of its document.
            if concerns && (pointer.of > Seq(0) || pointer.only_for.is_none()) {
                told.insert(pointer.of);
            }
            part.cursor.rev = pointer.rev;
        }
        part.limited = part.cursor != Cursor { seq: head.last_seq.max(part.cursor.seq), rev: head.last_rev };
        let positions = includes_positions.then(|| members.into_iter().map(MemberView::new).collect());
        Some((part, positions))
    }
}

/// Adds an item, if it fits.
fn add<T: Serialize>(room: &mut ByteBudget, item: T, push: impl FnOnce(T)) -> bool {
    let fits = room.try_take(json_length(&item));
    if fits {
        push(item);
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat_user::Mutes;
    use crate::ids::UserId;

    fn pointers(revs: &[u64]) -> Vec<Pointer> {
        revs.iter().map(|rev| Pointer { rev: Rev(*rev), of: Seq(1), only_for: None }).collect()
    }

    #[test]
    fn a_missing_pointer_is_over_or_on_its_way() {
        let now = Timestamp::from_seconds(10_000_000);
        let head = |last: u64, at: i64| Head {
            last_rev: Rev(last),
            last_change: Some((Seq(1), Timestamp::from_seconds(at))),
            ..Head::new(2, now)
        };
        let recent = 10_000_000 - 60;
        let run = |revs: &[u64], cursor, until, last, at| {
            followed(pointers(revs), Rev(cursor), Rev(until), &head(last, at), now).map(|run| run.len())
        };
        assert_eq!(run(&[3, 4, 5], 2, 5, 5, recent), Some(3));
        assert_eq!(run(&[3, 4], 2, 5, 5, recent), Some(2), "the last one is being applied");
        assert_eq!(run(&[], 4, 5, 5, recent), Some(0), "the same");
        assert_eq!(run(&[], 4, 5, 5, 1), None, "that was long ago");
        assert_eq!(run(&[4, 5], 2, 5, 5, recent), None, "the first is over");
        assert_eq!(run(&[3, 5], 2, 5, 5, recent), None, "one between is over");
        assert_eq!(run(&[3], 2, 5, 5, recent), None, "only the last can be on its way");
        assert_eq!(run(&[3, 4], 2, 4, 9, recent), Some(2), "as many as were asked for");
        assert_eq!(run(&[3], 2, 4, 9, recent), None);
        assert_eq!(run(&[], 5, 5, 5, recent), Some(0));
    }

    #[test]
    fn a_hundred_quiet_chats_fit_an_answer() {
        let (many, now) = (1_000_000_000, Timestamp::from_seconds(1_800_000_000));
        let user = UserId::parse("alice").unwrap();
        let part = |n: usize| {
            let chat = ChatId::parse(format!("{n:0>64}")).unwrap();
            let mute =
                MuteView::new(&Mutes::from([(chat.clone(), Some(Timestamp::from_seconds(4_000_000_000)))]), &chat, now);
            let head = Head { last_seq: Seq(many), last_rev: Rev(many), ..Head::new(2, now) };
            let member = Member { cleared_seq: Seq(many), ..Member::joining(user.clone(), Seq(many), now) };
            let cursor = Cursor { seq: Seq(many), rev: Rev(many) };
            ChatCursorState { chat, cursor, head, member, mute, is_open: false, now }.part()
        };
        let mut room = ByteBudget { left: MAX_DOCUMENT_BYTES - 128 };
        assert!((0..100).all(|n| room.try_take(json_length(&part(n)))), "{}", room.left);
    }
}
