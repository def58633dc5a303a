//! Catching up: what happened in a client's chats since its cursors.

use super::list_chats::newest_first;
use super::list_messages::contiguous;
use super::{App, Caller, Entry, MemberView};
use crate::change::{POINTER_LIFE, Pointer};
use crate::chat::{Chat, ChatView, DOCUMENT_BYTES, Head};
use crate::chat_user::{MuteView, Mutes};
use crate::content::json_length;
use crate::ids::{ChatId, Rev, Seq, UserId};
use crate::member::Member;
use crate::message::{Message, MessageView};
use crate::ports::{
    Consistency, Directory, Env, KeepUsers, ReadChanges, ReadChats, ReadInbox, ReadMessages, Registry, StoreError,
};
use crate::timestamp::Timestamp;
use futures_util::future::{try_join, try_join3};
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// New messages of one chat that one answer reads.
const MESSAGES: u64 = 20;
/// Changes of one chat that one answer reads.
const CHANGES: u64 = 100;
/// Chats that are caught up with at once.
const CONCURRENCY: usize = 4;
/// Chats that are looked at for having been joined, if they are no more; and how many of them are shown.
const CANDIDATES: usize = 100;
const JOINED: usize = 20;
/// Above this many members no read positions are told, as nobody is pushed a receipt there.
const MOST_POSITIONS: usize = 100;
/// The most bytes that one message or chat takes, beside the rest of its chat's part of the answer.
const ITEM_BYTES: usize = DOCUMENT_BYTES - 512;

/// How far a client knows a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The last message's place, without a hole before it.
    pub seq: Seq,
    /// The last change's number, without a hole before it.
    pub rev: Rev,
}

/// Catches up.
#[derive(Debug, Clone)]
pub struct Sync {
    /// Who asks.
    pub caller: Caller,
    /// The chats that the client knows, and how far.
    pub cursors: BTreeMap<ChatId, Cursor>,
    /// Those of them that are open on the screen: their read positions are told too.
    pub open: BTreeSet<ChatId>,
}

/// What happened since.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Synced {
    /// The chats that the client knows, those with news first.
    pub chats: Vec<ChatSync>,
    /// Chats that it does not know, newest activity first.
    pub joined: Vec<Entry>,
    /// True where there are more: list the inbox.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub joined_limited: bool,
    /// Chats that the caller is not in.
    pub gone: Vec<ChatId>,
    /// True where not everything fitted: ask again, with the new cursors.
    pub limited: bool,
}

/// What happened in one chat.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatSync {
    /// The chat.
    pub chat_id: ChatId,
    /// The messages after the cursor, in order.
    pub messages: Vec<MessageView>,
    /// The messages up to the cursor that changed, as they are now. One that the caller deleted names them in deletedFor.
    pub changed: Vec<MessageView>,
    /// The chat, if its name, participants or admins changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatView>,
    /// Everyone's read position, of an open chat of at most 100 members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<MemberView>>,
    /// True where the positions did not fit: get the chat.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub members_limited: bool,
    /// The last message that the caller has read.
    pub read_seq: Seq,
    /// How many they have not read.
    pub unread_count: u64,
    /// The last place that is hidden from them.
    pub floor: Seq,
    /// Whether they muted the chat.
    #[serde(flatten)]
    pub mute: MuteView,
    /// How far the client knows the chat with this.
    pub cursor: Cursor,
    /// True where there is more: ask again with the new cursor.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub limited: bool,
    /// True where the cursor is too old, or ahead of the chat: forget the chat's messages and list them anew.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
}

impl<S, P, E, D> App<S, P, E, D>
where
    S: ReadChats + ReadInbox + ReadMessages + ReadChanges + KeepUsers + Registry,
    P: std::marker::Sync,
    E: Env,
    D: Directory,
{
    /// What happened since the client's cursors. The heads are read first, so that a cursor that is answered is never
    /// ahead of what is answered with it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sync(&self, command: Sync) -> Result<Synced, StoreError> {
        let Sync { caller, cursors, open } = command;
        let user = &caller.user;
        let known: Vec<ChatId> = cursors.keys().cloned().collect();
        let (heads, own, all) =
            try_join3(self.store.heads(&known, Consistency::Strong), self.store.user(user), self.store.chats_of(user))
                .await?;
        let mutes = own.map(|own| own.muted_chats).unwrap_or_default();
        let mut members = self.store.memberships(user, &known).await?;
        let now = self.env.now();

        let mut synced =
            Synced { chats: Vec::new(), joined: Vec::new(), joined_limited: false, gone: Vec::new(), limited: false };
        let (mut news, mut quiet) = (Vec::new(), Vec::new());
        for (chat, cursor) in cursors.clone() {
            let (Some(head), Some(member)) = (heads.get(&chat), members.remove(&chat)) else {
                synced.gone.push(chat);
                continue;
            };
            let mute = MuteView::new(&mutes, &chat, now);
            let known = Known { is_open: open.contains(&chat), head: *head, chat, cursor, member, mute, now };
            if known.is_open || known.has_news() { news.push(known) } else { quiet.push(known) }
        }
        news.sort_by_key(|known| (Reverse(known.is_open), Reverse(known.head.activity()), known.chat.clone()));

        let mut room = Room { left: DOCUMENT_BYTES.saturating_sub(json_length(&synced)), is_empty: true };
        let mut caught = stream::iter(news).map(|known| self.catch_up(known)).buffered(CONCURRENCY);
        while let Some(caught) = caught.next().await {
            let Some(part) = caught?.fill(&mut room) else {
                synced.limited = true;
                break;
            };
            synced.limited |= part.limited;
            synced.chats.push(part);
        }
        drop(caught);
        for known in quiet {
            let part = known.part();
            if room.takes(json_length(&part)) { synced.chats.push(part) } else { synced.limited = true }
        }
        self.add_joined(&mut synced, user, all, &cursors, &mutes, room).await?;
        Ok(synced)
    }

    /// What is to be told of one chat.
    async fn catch_up(&self, known: Known) -> Result<Caught, StoreError> {
        let Known { chat, cursor, head, member, .. } = &known;
        let floor = member.floor();
        if known.is_ahead() {
            return Ok(Caught::reset(known));
        }
        let after = cursor.seq.max(floor.seq());
        let until = Seq(head.last_seq.0.min(after.0.saturating_add(MESSAGES)));
        let changed_until = Rev(head.last_rev.0.min(cursor.rev.0.saturating_add(CHANGES)));
        let pointers = async {
            if changed_until <= cursor.rev {
                return Ok(Vec::new());
            }
            self.store.pointers(chat, cursor.rev.next(), changed_until, known.now).await
        };
        let messages = async {
            if until <= after {
                return Ok(Vec::new());
            }
            self.store.messages(chat, after.next(), until).await
        };
        let (pointers, messages, members) = try_join3(pointers, messages, self.store.members(chat)).await?;
        let Some(pointers) = followed(pointers, cursor.rev, changed_until, head, known.now) else {
            return Ok(Caught::reset(known));
        };
        // What came after the cursor is told as new, in its present state.
        let concerns = |pointer: &&Pointer| pointer.only_for.as_ref().is_none_or(|user| *user == member.user);
        let changed = pointers.iter().filter(concerns).map(|pointer| pointer.of);
        let places: BTreeSet<Seq> = changed.filter(|of| floor.shows(*of) && *of <= cursor.seq).collect();
        let places: Vec<_> = places.into_iter().map(|of| (chat.clone(), of)).collect();
        let document = async {
            let changed = pointers.iter().any(|pointer| pointer.of == Seq(0) && pointer.only_for.is_none());
            if changed { self.store.chat(chat, Consistency::Strong).await } else { Ok(None) }
        };
        let (changed, document) = try_join(self.store.messages_at(&places), document).await?;
        let changed = changed.into_iter().map(|message| (message.seq, message)).collect();
        Ok(Caught {
            messages: contiguous(messages, after.next()),
            pointers,
            changed,
            document,
            members,
            known,
            reset: false,
        })
    }

    /// Adds the chats that the client does not know.
    async fn add_joined(
        &self,
        synced: &mut Synced,
        user: &UserId,
        all: Vec<ChatId>,
        cursors: &BTreeMap<ChatId, Cursor>,
        mutes: &Mutes,
        mut room: Room,
    ) -> Result<(), StoreError> {
        let unknown: Vec<ChatId> = all.into_iter().filter(|chat| !cursors.contains_key(chat)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        // A client with so many chats names its newest; whatever else there is, the inbox tells.
        if unknown.len() > CANDIDATES {
            synced.joined_limited = true;
            return Ok(());
        }
        let mut heads = newest_first(self.store.heads(&unknown, Consistency::Eventual).await?);
        synced.joined_limited = heads.len() > JOINED;
        heads.truncate(JOINED);
        for entry in self.entries(user, heads, mutes).await?.into_iter().flatten() {
            if room.takes(json_length(&entry)) { synced.joined.push(entry) } else { synced.joined_limited = true }
        }
        Ok(())
    }
}

/// The pointers after `cursor` without a hole. None if one is missing that was there: its time is over, and nobody
/// knows what it was about. Only the last change's can be missing for another reason, that it is being applied.
fn followed(pointers: Vec<Pointer>, cursor: Rev, until: Rev, head: &Head, now: Timestamp) -> Option<Vec<Pointer>> {
    let run: Vec<Pointer> = (cursor.0 + 1..)
        .zip(&pointers)
        .take_while(|(rev, pointer)| pointer.rev.0 == *rev)
        .map(|(_, pointer)| pointer.clone())
        .collect();
    let reached = Rev(cursor.0 + run.len() as u64);
    let is_recent = head.last_change.is_some_and(|(_, at)| now.since(at) < POINTER_LIFE);
    let being_applied = reached.next() == head.last_rev && until == head.last_rev && is_recent;
    (run.len() == pointers.len() && (reached == until || being_applied)).then_some(run)
}

/// A chat that the client knows, and where the caller stands in it.
struct Known {
    chat: ChatId,
    cursor: Cursor,
    head: Head,
    member: Member,
    mute: MuteView,
    is_open: bool,
    now: Timestamp,
}

impl Known {
    fn has_news(&self) -> bool {
        self.head.last_seq != self.cursor.seq || self.head.last_rev != self.cursor.rev
    }

    /// Whether the client knows more than there is: its cursor is from elsewhere, or the tables were restored.
    fn is_ahead(&self) -> bool {
        self.cursor.seq > self.head.last_seq.max(self.member.floor().seq()) || self.cursor.rev > self.head.last_rev
    }

    /// What is told in any case.
    fn part(&self) -> ChatSync {
        ChatSync {
            chat_id: self.chat.clone(),
            messages: Vec::new(),
            changed: Vec::new(),
            chat: None,
            members: None,
            members_limited: false,
            read_seq: self.member.read_up_to(),
            unread_count: self.member.unread(&self.head),
            floor: self.member.floor().seq(),
            mute: self.mute,
            cursor: self.cursor,
            limited: false,
            reset: false,
        }
    }
}

/// How much fits an answer still.
struct Room {
    left: usize,
    /// Whether nothing but cursors is in it: then one message or chat fits in any case.
    is_empty: bool,
}

impl Room {
    /// Takes a part of this size, if it fits.
    fn takes(&mut self, size: usize) -> bool {
        let left = self.left.checked_sub(size + 1);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// Takes a message or a chat, if it fits or is the first.
    fn takes_item(&mut self, size: usize) -> bool {
        let takes = self.takes(size) || self.is_empty;
        self.is_empty &= !takes;
        takes
    }
}

/// What there is to tell of one chat.
struct Caught {
    known: Known,
    /// New messages, without a hole.
    messages: Vec<Message>,
    /// Changes, without a hole.
    pointers: Vec<Pointer>,
    /// The messages that they are about.
    changed: BTreeMap<Seq, Message>,
    /// The chat document, if one is about it.
    document: Option<Chat>,
    members: Vec<Member>,
    reset: bool,
}

impl Caught {
    fn reset(known: Known) -> Self {
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

    /// As much of it as fits, in the order of its happening; None if nothing does.
    fn fill(self, room: &mut Room) -> Option<ChatSync> {
        let Self { known, messages, pointers, changed, document, members, reset } = self;
        let mut part = known.part();
        // Reserved with the largest cursor and every flag.
        let reserved = json_length(&part) + 128;
        if !room.takes(reserved) {
            return None;
        }
        let Known { head, member, cursor, .. } = known;
        let floor = member.floor();
        if reset {
            part.reset = true;
            part.cursor = Cursor { seq: head.last_seq, rev: head.last_rev };
            return Some(part);
        }
        part.cursor.seq = cursor.seq.max(floor.seq().min(head.last_seq));
        for message in &messages {
            // One whose last change is being applied: the client's cursor may be past that change.
            if head.rev_shown_in(std::slice::from_ref(message)) < head.last_rev {
                break;
            }
            let visible = message.is_visible_to(&member.user, floor);
            let mut view = MessageView::new(message, &members);
            view.limit(ITEM_BYTES);
            if visible && !add(room, view, |view| part.messages.push(view)) {
                break;
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
                        let view = || ChatView::new(chat, &head, floor).limited(ITEM_BYTES);
                        told.contains(&Seq(0)) || add(room, view(), |view| part.chat = Some(view))
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
                        let mut view = MessageView::of(message, &members, &member.user, floor);
                        view.limit(ITEM_BYTES);
                        told.contains(&of) || add(room, view, |view| part.changed.push(view))
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
        if known.is_open && members.len() <= MOST_POSITIONS {
            let views: Vec<_> = members.into_iter().map(MemberView::new).collect();
            part.members_limited = !room.takes(json_length(&views) + 12);
            part.members = (!part.members_limited).then_some(views);
        }
        Some(part)
    }
}

/// Adds an item, if it fits.
fn add<T: Serialize>(room: &mut Room, item: T, push: impl FnOnce(T)) -> bool {
    let fits = room.takes_item(json_length(&item));
    if fits {
        push(item);
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
