//! Lists the inbox: one user's chats, newest activity first.

use super::profile::load_profiles;
use super::state::ChatReader;
use super::{App, Caller, PageLimit};
use crate::chat::{Chat, ChatView, Head, MAX_DOCUMENT_BYTES};
use crate::chat_user::{ChatUser, ChatUserView, MuteView, Mutes};
use crate::content::json_length;
use crate::ids::{ChatId, Seq, UserId};
use crate::member::Member;
use crate::message::{Message, MessageView};
use crate::ports::{Consistency, Directory, Env, ReadChats, ReadInbox, ReadMessages, StoreError, UserStore};
use crate::retry::Retry;
use crate::text::Invalid;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::{try_join, try_join3};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The most bytes of JSON that one chat's document takes in an inbox, without its topic and custom data: the
/// participant lists of a large group are cut.
const MAX_CHAT_BYTES: usize = 2048;

/// The last chat of a page and its activity time: the next page begins after it. Opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InboxCursor(Reverse<i64>, ChatId);

impl InboxCursor {
    fn new(chat: &ChatId, head: &Head) -> Self {
        Self(Reverse(head.activity().millis()), chat.clone())
    }

    /// The last chat of the page.
    pub(super) fn into_chat(self) -> ChatId {
        self.1
    }
}

impl TryFrom<String> for InboxCursor {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let (millis, chat) = text.split_once(' ').unwrap_or_default();
        let parts = millis.parse().ok().zip(ChatId::parse(chat).ok());
        parts
            .map(|(millis, chat)| Self(Reverse(millis), chat))
            .ok_or_else(|| Invalid::because("must be a cursor of an earlier page"))
    }
}

impl From<InboxCursor> for String {
    fn from(InboxCursor(Reverse(millis), chat): InboxCursor) -> Self {
        URL_SAFE_NO_PAD.encode(format!("{millis} {chat}"))
    }
}

/// The request for a page of the inbox.
#[derive(Debug, Clone)]
pub struct ListChats {
    /// The user whose chats are listed.
    pub caller: Caller,
    /// The most chats on the page.
    pub limit: PageLimit,
    /// The cursor of the page before; None for the first page.
    pub after: Option<InboxCursor>,
}

/// A page of the inbox.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inbox {
    /// The chats, newest activity first.
    pub chats: Vec<InboxEntry>,
    /// The cursor for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<InboxCursor>,
}

/// One chat of an inbox.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InboxEntry {
    /// The chat, with the cursors to start from.
    pub chat: ChatView,
    /// The beginning of the last message, or its tombstone. Absent if the caller cannot see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message: Option<MessageView>,
    /// The caller's read position.
    pub read_seq: Seq,
    /// The number of messages that the caller has not read.
    pub unread_count: u64,
    /// The caller's mute of the chat.
    #[serde(flatten)]
    pub mute: MuteView,
    /// The other participant of a private chat; absent for a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ChatUserView>,
}

impl<S, P, E> App<S, P, E>
where
    S: ReadChats + ReadInbox + ReadMessages + UserStore,
    E: Env,
{
    /// Lists a page of the caller's chats. The heads of all chats are read, because they decide the order. Everything
    /// else is read only for the chats on the page.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_chats(&self, directory: &impl Directory, command: ListChats) -> Result<Inbox, StoreError> {
        let ListChats { caller, limit: PageLimit(limit), after } = command;
        let (chats, user) = try_join(self.store.chats_of(&caller.user), self.store.own_document(&caller.user)).await?;
        let mutes = user.muted_chats;
        let heads = self.store.heads(&chats, Consistency::Eventual).await?;
        let sorted = newest_first(heads).into_iter();
        let mut rest = sorted.filter(|(cursor, _)| after.as_ref().is_none_or(|after| cursor > after));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        let has_more = rest.next().is_some();
        let cursors: Vec<InboxCursor> = page.iter().map(|(cursor, _)| cursor.clone()).collect();
        let entries = self.entries(&caller.user, page, &mutes).await?;
        let others = entries.iter().flatten().filter_map(|entry| entry.user.as_ref());
        let others: Vec<UserId> = others.map(|other| other.user_id().clone()).collect();
        let mut profiles = load_profiles(directory, &others).await;

        let mut inbox = Inbox { chats: Vec::new(), cursor: None };
        let mut budget = MAX_DOCUMENT_BYTES;
        let mut last = None;
        for (cursor, entry) in cursors.into_iter().zip(entries) {
            // Skip a chat that the caller has left since the index was read.
            if let Some(mut entry) = entry {
                entry.user = entry.user.map(|user| {
                    let profile = profiles.remove(user.user_id());
                    user.with_profile(profile)
                });
                let size = json_length(&entry) + 1;
                if size > budget && !inbox.chats.is_empty() {
                    return Ok(Inbox { cursor: last, ..inbox });
                }
                budget = budget.saturating_sub(size);
                inbox.chats.push(entry);
            }
            last = Some(cursor);
        }
        Ok(Inbox { cursor: last.filter(|_| has_more), ..inbox })
    }

    /// The inbox entries of these chats, in the same order; None for a chat that `user` is not in.
    pub(super) async fn entries(
        &self,
        user: &UserId,
        chats: Vec<(InboxCursor, Head)>,
        mutes: &Mutes,
    ) -> Result<Vec<Option<InboxEntry>>, StoreError> {
        let ids: Vec<ChatId> = chats.iter().map(|(InboxCursor(_, chat), _)| chat.clone()).collect();
        let nonempty = chats.iter().filter(|(_, head)| head.last_seq > Seq(0));
        let last_messages: Vec<(ChatId, Seq)> =
            nonempty.map(|(InboxCursor(_, chat), head)| (chat.clone(), head.last_seq)).collect();
        let (documents, memberships, messages) = try_join3(
            self.store.chats(&ids),
            self.store.memberships(user, &ids),
            self.store.messages_at(&last_messages),
        )
        .await?;
        let mut data = PageData {
            documents,
            memberships,
            messages: messages.into_iter().map(|message| (message.chat.clone(), message)).collect(),
        };
        let mut retry = Retry::new(&self.env);
        let mut parts = Vec::with_capacity(chats.len());
        for (InboxCursor(_, id), head) in chats {
            parts.push(match data.memberships.remove(&id) {
                Some(member) => {
                    let chat = ChatReader::new(&self.store, &mut retry, &id)
                        .wait_for_rev(&head, data.documents.remove(&id))
                        .await?;
                    Some((chat, head, member, data.messages.remove(&id)))
                }
                None => None,
            });
        }
        let others = parts.iter().flatten().filter_map(|(chat, ..)| chat.peer(user));
        let others: Vec<UserId> = others.cloned().collect();
        let others = if others.is_empty() { Vec::new() } else { self.store.users(&others).await? };
        let users: BTreeMap<UserId, ChatUser> = others.into_iter().map(|user| (user.id.clone(), user)).collect();
        let now = self.env.now();
        let entry = |(chat, head, member, message): (Chat, Head, Member, Option<Message>)| {
            let other = chat.peer(user).cloned().map(|other| {
                let other = users.get(&other).cloned().unwrap_or_else(|| ChatUser::unknown(other));
                ChatUserView::new(&other, user, now)
            });
            entry(&chat, head, &member, message.as_ref(), MuteView::new(mutes, &chat.id, now), other)
        };
        Ok(parts.into_iter().map(|part| part.map(entry)).collect())
    }
}

/// The items that were read for the chats of a page.
struct PageData {
    documents: BTreeMap<ChatId, Chat>,
    memberships: BTreeMap<ChatId, Member>,
    messages: BTreeMap<ChatId, Message>,
}

/// Sorts chats by activity, newest first.
pub(super) fn newest_first(heads: BTreeMap<ChatId, Head>) -> Vec<(InboxCursor, Head)> {
    let mut sorted: Vec<_> = heads.into_iter().map(|(chat, head)| (InboxCursor::new(&chat, &head), head)).collect();
    sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
    sorted
}

fn entry(
    chat: &Chat,
    head: Head,
    member: &Member,
    message: Option<&Message>,
    mute: MuteView,
    user: Option<ChatUserView>,
) -> InboxEntry {
    let visible = message.filter(|message| message.is_visible_to(&member.user, member.floor()));
    // The message was read after the head, so it may miss the head's last change. The cursor covers only changes that
    // are visible in both.
    let rev = head.rev_shown_in(message.map(std::slice::from_ref).unwrap_or_default());
    let view = ChatView::new(chat, &Head { last_rev: rev, ..head }, member.floor());
    let max_bytes = MAX_CHAT_BYTES + view.details_bytes();
    InboxEntry {
        chat: view.limited(max_bytes),
        last_message: visible.map(|message| MessageView::preview(message, member)),
        read_seq: member.read_up_to(),
        unread_count: member.unread(head.last_seq),
        mute,
        user,
    }
}
