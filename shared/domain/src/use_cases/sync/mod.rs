//! Catching up: what happened in a client's chats since its cursors.

mod delta;

use self::delta::{ByteBudget, ChatCursorState, ChatDelta, followed};
use super::list_chats::newest_first;
use super::list_messages::contiguous;
use super::{App, Caller, InboxEntry, MemberView};
use crate::change::Pointer;
use crate::chat::{ChatView, MAX_DOCUMENT_BYTES};
use crate::chat_user::{Connection, MuteView, Mutes};
use crate::content::json_length;
use crate::ids::{ChatId, Rev, Seq, UserId};
use crate::message::MessageView;
use crate::ports::{
    Consistency, Env, Push, ReadChanges, ReadChats, ReadInbox, ReadMessages, Registry, StoreError, UserStore,
};
use futures_util::future::{join, try_join, try_join3};
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// New messages of one chat that one answer reads.
const MAX_NEW_MESSAGES: u64 = 20;
/// Changes of one chat that one answer reads.
const MAX_CHANGES: u64 = 100;
/// Chats that are delta up with at once.
const MAX_CONCURRENT_CHATS: usize = 4;
/// Chats that are looked at for having been joined, if they are no more; and how many of them are shown.
const MAX_JOINED_CANDIDATES: usize = 100;
const MAX_JOINED_CHATS: usize = 20;

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
pub struct SyncChats {
    /// Who asks.
    pub caller: Caller,
    /// The chats that the client knows, and how far.
    pub cursors: BTreeMap<ChatId, Cursor>,
    /// Those of them that are open on the screen: their read positions are told too.
    pub open: BTreeSet<ChatId>,
    /// The connection that the caller asks over, if it is one.
    pub connection: Option<Connection>,
}

/// What happened since.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncOutcome {
    /// The chats that the client knows, those with news first.
    pub chats: Vec<ChatSync>,
    /// Chats that it does not know, newest activity first.
    pub joined: Vec<InboxEntry>,
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

impl<S, P, E> App<S, P, E>
where
    S: ReadChats + ReadInbox + ReadMessages + ReadChanges + UserStore + Registry,
    P: Push,
    E: Env,
{
    /// What happened since the client's cursors. The heads are read first, so that a cursor that is answered is never
    /// ahead of what is answered with it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sync(&self, command: SyncChats) -> Result<SyncOutcome, StoreError> {
        let SyncChats { caller, cursors, open, connection } = command;
        let keep = self.register_connection(&caller.user, connection.as_ref());
        join(self.news(&caller.user, &cursors, &open), keep).await.0
    }

    async fn news(
        &self,
        user: &UserId,
        cursors: &BTreeMap<ChatId, Cursor>,
        open: &BTreeSet<ChatId>,
    ) -> Result<SyncOutcome, StoreError> {
        let known: Vec<ChatId> = cursors.keys().cloned().collect();
        let (heads, mutes, all) =
            try_join3(self.store.heads(&known, Consistency::Strong), self.store.mutes(user), self.store.chats_of(user))
                .await?;
        let mut members = self.store.memberships(user, &known).await?;
        let now = self.env.now();

        let mut synced = SyncOutcome {
            chats: Vec::new(),
            joined: Vec::new(),
            joined_limited: false,
            gone: Vec::new(),
            limited: false,
        };
        let (mut news, mut quiet) = (Vec::new(), Vec::new());
        for (chat, cursor) in cursors.clone() {
            let (Some(head), Some(member)) = (heads.get(&chat), members.remove(&chat)) else {
                synced.gone.push(chat);
                continue;
            };
            let mute = MuteView::new(&mutes, &chat, now);
            let known = ChatCursorState { is_open: open.contains(&chat), head: *head, chat, cursor, member, mute, now };
            if known.includes_positions() || known.has_news() { news.push(known) } else { quiet.push(known) }
        }
        // Those with news come first: the first of their messages finds room, unless chats that are gone take it, which are
        // not asked for again.
        news.sort_by_key(|known| {
            let order = (Reverse(known.has_news()), Reverse(known.is_open), Reverse(known.head.activity()));
            (order, known.chat.clone())
        });

        let mut room = ByteBudget { left: MAX_DOCUMENT_BYTES.saturating_sub(json_length(&synced)) };
        let mut positions = Vec::new();
        let mut delta = stream::iter(news).map(|known| self.catch_up(known)).buffered(MAX_CONCURRENT_CHATS);
        while let Some(delta) = delta.next().await {
            let Some((part, members)) = delta?.fill(&mut room) else {
                synced.limited = true;
                break;
            };
            synced.limited |= part.limited;
            positions.extend(members.map(|members| (synced.chats.len(), members)));
            synced.chats.push(part);
        }
        drop(delta);
        for known in quiet {
            let part = known.part();
            if room.try_take(json_length(&part)) { synced.chats.push(part) } else { synced.limited = true }
        }
        // They are told anew each time: what is told once comes before them.
        for (index, members) in positions {
            if let Some(part) = synced.chats.get_mut(index) {
                part.members_limited = !room.try_take(json_length(&members) + 12);
                part.members = (!part.members_limited).then_some(members);
            }
        }
        self.add_joined(&mut synced, user, all, cursors, &mutes, room).await?;
        Ok(synced)
    }

    /// What is to be told of one chat.
    async fn catch_up(&self, known: ChatCursorState) -> Result<ChatDelta, StoreError> {
        let ChatCursorState { chat, cursor, head, member, .. } = &known;
        let floor = member.floor();
        if known.is_ahead() {
            return Ok(ChatDelta::reset(known));
        }
        let after = cursor.seq.max(floor.seq());
        let until = Seq(head.last_seq.0.min(after.0.saturating_add(MAX_NEW_MESSAGES)));
        let changed_until = Rev(head.last_rev.0.min(cursor.rev.0.saturating_add(MAX_CHANGES)));
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
            return Ok(ChatDelta::reset(known));
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
        Ok(ChatDelta {
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
        synced: &mut SyncOutcome,
        user: &UserId,
        all: Vec<ChatId>,
        cursors: &BTreeMap<ChatId, Cursor>,
        mutes: &Mutes,
        mut room: ByteBudget,
    ) -> Result<(), StoreError> {
        let unknown: Vec<ChatId> = all.into_iter().filter(|chat| !cursors.contains_key(chat)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        // A client with so many chats names its newest; whatever else there is, the inbox tells.
        if unknown.len() > MAX_JOINED_CANDIDATES {
            synced.joined_limited = true;
            return Ok(());
        }
        let mut heads = newest_first(self.store.heads(&unknown, Consistency::Eventual).await?);
        synced.joined_limited = heads.len() > MAX_JOINED_CHATS;
        heads.truncate(MAX_JOINED_CHATS);
        for entry in self.entries(user, heads, mutes).await?.into_iter().flatten() {
            if room.try_take(json_length(&entry)) { synced.joined.push(entry) } else { synced.joined_limited = true }
        }
        Ok(())
    }
}
