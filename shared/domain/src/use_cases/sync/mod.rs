//! Syncs a client: returns what changed in its chats since its cursors.

mod delta;

use self::delta::{ByteBudget, ChatCursorState, ChatDelta, contiguous_pointers};
use super::list_chats::newest_first;
use super::list_messages::contiguous;
use super::{App, Caller, InboxEntry, MemberView};
use crate::change::Pointer;
use crate::chat::{ChatView, MAX_DOCUMENT_BYTES};
use crate::chat_user::Connection;
use crate::content::json_length;
use crate::ids::{ChatId, Rev, Seq, UserId};
use crate::member_settings::SettingsView;
use crate::message::MessageView;
use crate::ports::{
    Consistency, Env, Push, ReadChanges, ReadChats, ReadDeletions, ReadFormerMembers, ReadInbox, ReadMessages,
    ReadingOrder, Registry, StoreError, UserStore,
};
use crate::readers::PastReaders;
use futures_util::future::{join, try_join, try_join3, try_join4};
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The most new messages of one chat in one answer.
const MAX_NEW_MESSAGES: u64 = 20;
/// The most changes of one chat in one answer.
const MAX_CHANGES: u64 = 100;
/// How many chats are read at the same time.
const MAX_CONCURRENT_CHATS: usize = 4;
/// With more chats than this that the client did not name, none of them is read.
const MAX_JOINED_CANDIDATES: usize = 100;
/// The most joined chats in one answer.
const MAX_JOINED_CHATS: usize = 20;

/// Up to where a client has everything of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The client has every message up to this seq.
    pub seq: Seq,
    /// The client has every change up to this rev.
    pub rev: Rev,
}

/// The request to sync.
#[derive(Debug, Clone)]
pub struct SyncChats {
    /// The user whose client syncs.
    pub caller: Caller,
    /// The chats that the client has, with its cursors.
    pub cursors: BTreeMap<ChatId, Cursor>,
    /// The chats that are visible on the screen: the answer has their members' read positions.
    pub open: BTreeSet<ChatId>,
    /// The WebSocket connection of the request, as it was registered; None for HTTP.
    pub connection: Option<Connection>,
}

/// The changes since the cursors.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncOutcome {
    /// The chats that the client named, those with changes first.
    pub chats: Vec<ChatSync>,
    /// Chats that the client did not name, newest activity first.
    pub joined: Vec<InboxEntry>,
    /// True if there are more such chats: the client must list the inbox.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub joined_limited: bool,
    /// Named chats that the caller is not in.
    pub gone: Vec<ChatId>,
    /// True if something of `chats` is missing: a chat is limited, the answer is full, or a change is being stored now.
    /// The client must sync again with the new cursors.
    pub limited: bool,
}

/// The changes of one chat.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatSync {
    /// The id of the changed chat.
    pub chat_id: ChatId,
    /// The messages after the client's cursor, in order.
    pub messages: Vec<MessageView>,
    /// The current state of messages up to the cursor that changed. A message that the caller deleted for themselves
    /// has their id in `deletedFor`.
    pub changed: Vec<MessageView>,
    /// The chat document, if its name, participants or admins changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatView>,
    /// For an open chat of at most 100 members, all of them with their read positions. For any chat of at most 100
    /// members, also the stays of those who left since the cursor, with `leftSeq`. Absent if it would be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<MemberView>>,
    /// True if the read positions did not fit: the client must get the chat.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub members_limited: bool,
    /// The caller's read position.
    pub read_seq: Seq,
    /// The number of messages that the caller has not read.
    pub unread_count: u64,
    /// The last seq that is hidden from the caller.
    pub floor: Seq,
    /// The caller's view of the chat. Absent only if the answer has no room for it: then the client must list the
    /// inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<SettingsView>,
    /// True if the caller blocks the other participant of this private chat. The other one sees nothing of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// The client's new cursor, after it has applied this.
    pub cursor: Cursor,
    /// True if the chat has more changes: the client must sync again with the new cursor.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub limited: bool,
    /// True if the cursor is too old, or ahead of the chat: the client must drop the chat's messages and list them
    /// again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
}

impl<S, P, E> App<S, P, E>
where
    S: ReadChats + ReadDeletions + ReadFormerMembers + ReadInbox + ReadMessages + ReadChanges + UserStore + Registry,
    P: Push,
    E: Env,
{
    /// Collects the changes since the client's cursors. The heads are read first, so a new cursor is never ahead of
    /// the data in the answer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sync(&self, command: SyncChats) -> Result<SyncOutcome, StoreError> {
        let SyncChats { caller, cursors, open, connection } = command;
        let restore = self.restore_connection(&caller.user, connection.as_ref());
        join(self.load_changes(&caller.user, &cursors, &open), restore).await.0
    }

    async fn load_changes(
        &self,
        user: &UserId,
        cursors: &BTreeMap<ChatId, Cursor>,
        open: &BTreeSet<ChatId>,
    ) -> Result<SyncOutcome, StoreError> {
        let named: Vec<ChatId> = cursors.keys().cloned().collect();
        let heads = self.store.heads(&named, Consistency::Strong);
        let (heads, all) = try_join(heads, self.store.chats_of(user)).await?;
        let mut members = self.store.memberships(user, &named, Consistency::Strong).await?;
        let now = self.env.now();

        let mut synced = SyncOutcome {
            chats: Vec::new(),
            joined: Vec::new(),
            joined_limited: false,
            gone: Vec::new(),
            limited: false,
        };
        let (mut to_read, mut unchanged, mut settings) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (chat, cursor) in cursors.clone() {
            let (Some(head), Some(member)) = (heads.get(&chat), members.remove(&chat)) else {
                synced.gone.push(chat);
                continue;
            };
            settings.insert(chat.clone(), SettingsView::new(&member, head.last_seq, now));
            let unread_count = self.unread_count(&chat, head, &member).await?;
            let (is_open, head) = (open.contains(&chat), head.clone());
            let state = ChatCursorState { chat, cursor, head, member, is_open, now, unread_count };
            if state.includes_positions() || state.has_changes() { to_read.push(state) } else { unchanged.push(state) }
        }
        // Chats with changes come first, so that at least one of their messages fits and every sync makes progress.
        // Only a long list of gone chats can prevent that, and the client does not name those again.
        to_read.sort_by_key(|state| {
            let order = (Reverse(state.has_changes()), Reverse(state.is_open), Reverse(state.head.activity()));
            (order, state.chat.clone())
        });

        let mut budget = ByteBudget { remaining: MAX_DOCUMENT_BYTES.saturating_sub(json_length(&synced)) };
        let mut positions = Vec::new();
        let mut deltas = stream::iter(to_read).map(|state| self.load_delta(state)).buffered(MAX_CONCURRENT_CHATS);
        while let Some(delta) = deltas.next().await {
            let Some((part, members)) = delta?.fill(&mut budget) else {
                synced.limited = true;
                break;
            };
            synced.limited |= part.limited;
            positions.extend(members.map(|members| (synced.chats.len(), members)));
            synced.chats.push(part);
        }
        drop(deltas);
        for state in unchanged {
            let part = state.part();
            if budget.try_take(json_length(&part)) { synced.chats.push(part) } else { synced.limited = true }
        }
        // Without their settings, the parts of all chats without changes fit. So a client that syncs again gets on.
        for part in &mut synced.chats {
            part.settings = settings.remove(&part.chat_id).filter(|view| budget.try_take(json_length(view) + 12));
        }
        // Read positions come last: every sync returns them again, while the other parts are returned once.
        for (index, members) in positions {
            if let Some(part) = synced.chats.get_mut(index) {
                part.members_limited = !budget.try_take(json_length(&members) + 12);
                if !part.members_limited {
                    part.members = Some(members.into_iter().chain(part.members.take().unwrap_or_default()).collect());
                }
            }
        }
        self.add_joined(&mut synced, user, all, cursors, budget).await?;
        Ok(synced)
    }

    /// Reads the changes of one chat since its cursor.
    async fn load_delta(&self, state: ChatCursorState) -> Result<ChatDelta, StoreError> {
        let ChatCursorState { chat, cursor, head, member, .. } = &state;
        let floor = member.floor();
        if state.is_ahead() {
            return Ok(ChatDelta::reset(state));
        }
        let after = cursor.seq.max(floor.seq());
        let until = Seq(head.last_seq.0.min(after.0.saturating_add(MAX_NEW_MESSAGES)));
        let changed_until = Rev(head.last_rev.0.min(cursor.rev.0.saturating_add(MAX_CHANGES)));
        let pointers = async {
            if changed_until <= cursor.rev {
                return Ok(Vec::new());
            }
            self.store.pointers(chat, cursor.rev.next(), changed_until, state.now).await
        };
        let messages = async {
            if until <= after {
                return Ok(Vec::new());
            }
            self.store.messages(chat, after.next(), until).await
        };
        let (pointers, messages, members) = try_join3(pointers, messages, self.store.members(chat)).await?;
        let Some(pointers) = contiguous_pointers(pointers, cursor.rev, changed_until, head, state.now) else {
            return Ok(ChatDelta::reset(state));
        };
        // Messages after the cursor are returned as new messages, in their current state.
        let is_for_caller = |pointer: &&Pointer| pointer.only_for.as_ref().is_none_or(|user| *user == member.user);
        let changed = pointers.iter().filter(is_for_caller).map(|pointer| pointer.of);
        let changed: BTreeSet<Seq> = changed.filter(|of| floor.shows(*of) && *of <= cursor.seq).collect();
        let first_new = (until > after).then(|| after.next());
        let first_shown = changed.first().copied().into_iter().chain(first_new).min();
        let past = async {
            match first_shown {
                Some(first) => self.former_readers(chat, head, &members, first, ReadingOrder::LeastFirst).await,
                None => Ok(PastReaders::default()),
            }
        };
        let left: BTreeSet<UserId> = match state.shows_departures() {
            true => pointers.iter().filter_map(|pointer| pointer.left.clone()).collect(),
            false => BTreeSet::new(),
        };
        let left: Vec<UserId> = left.into_iter().collect();
        let departed =
            async { if left.is_empty() { Ok(Vec::new()) } else { self.store.former_members(chat, &left).await } };
        let changed: Vec<_> = changed.into_iter().map(|of| (chat.clone(), of)).collect();
        let document = async {
            let has_changed = pointers.iter().any(|pointer| pointer.of == Seq(0) && pointer.only_for.is_none());
            if has_changed { self.store.chat(chat, Consistency::Strong).await } else { Ok(None) }
        };
        let changed = self.store.messages_at(&changed);
        let (changed, document, past, departed) = try_join4(changed, document, past, departed).await?;
        let changed = changed.into_iter().map(|message| (message.seq, message)).collect();
        Ok(ChatDelta {
            messages: contiguous(messages, after.next()),
            pointers,
            changed,
            document,
            members,
            past,
            departed,
            state,
            reset: false,
        })
    }

    /// Adds the chats that the client did not name.
    async fn add_joined(
        &self,
        synced: &mut SyncOutcome,
        user: &UserId,
        all: Vec<ChatId>,
        cursors: &BTreeMap<ChatId, Cursor>,
        mut budget: ByteBudget,
    ) -> Result<(), StoreError> {
        let unnamed: Vec<ChatId> = all.into_iter().filter(|chat| !cursors.contains_key(chat)).collect();
        if unnamed.is_empty() {
            return Ok(());
        }
        // A client with that many chats names only its newest ones, and lists the inbox for the others.
        if unnamed.len() > MAX_JOINED_CANDIDATES {
            synced.joined_limited = true;
            return Ok(());
        }
        let mut heads = newest_first(self.store.heads(&unnamed, Consistency::Eventual).await?);
        synced.joined_limited = heads.len() > MAX_JOINED_CHATS;
        heads.truncate(MAX_JOINED_CHATS);
        for entry in self.entries(user, heads).await?.into_iter().flatten() {
            if budget.try_take(json_length(&entry)) { synced.joined.push(entry) } else { synced.joined_limited = true }
        }
        Ok(())
    }
}
