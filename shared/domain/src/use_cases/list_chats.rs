//! Lists the inbox: one user's chats, pinned ones first, then newest activity first.

use super::inbox_cursor::{ChatTag, InboxCursor, InboxPlace, MAX_ORDERED_CHATS};
use super::profile::load_profiles;
use super::state::ChatReader;
use super::{App, Caller, PageLimit};
use crate::chat::{Chat, ChatView, Head, MAX_DOCUMENT_BYTES};
use crate::chat_user::{ChatUser, ChatUserView};
use crate::content::json_length;
use crate::ids::{ChatId, Seq, UserId};
use crate::member::Member;
use crate::member_settings::{MemberSettings, SettingsView};
use crate::message::{Message, MessageView};
use crate::ports::{
    Consistency, Directory, Env, ReadChats, ReadDeletions, ReadInbox, ReadMessages, StoreError, UserStore,
};
use crate::retry::Retry;
use crate::text::word_enum;
use crate::timestamp::Timestamp;
use futures_util::future::try_join3;
use serde::Serialize;
use std::collections::BTreeMap;

/// The most bytes of JSON that one chat's document takes in an inbox, without topic, custom data and avatar: the
/// participant lists of a large group are cut.
const MAX_CHAT_BYTES: usize = 2048;

word_enum!(
    /// Which chats are listed, by whether they are archived.
    ArchivedFilter,
    "must be true, false or any",
    /// Only archived chats.
    Only = "true",
    /// No archived chats.
    Without = "false",
    /// All chats.
    Any = "any",
);

word_enum!(
    /// Which chats are listed, by whether they are pinned.
    PinnedFilter,
    "must be true or false",
    /// Only pinned chats.
    Only = "true",
    /// No pinned chats.
    Without = "false",
);

/// Which of the user's chats are listed. The default is all that are not archived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxFilter {
    /// By whether they are archived.
    pub archived: ArchivedFilter,
    /// By whether they are pinned; None for both.
    pub pinned: Option<PinnedFilter>,
}

impl Default for InboxFilter {
    fn default() -> Self {
        Self { archived: ArchivedFilter::Without, pinned: None }
    }
}

impl InboxFilter {
    /// Whether a chat with these settings may be listed, whatever its last message is.
    fn may_list(&self, settings: &MemberSettings, now: Timestamp) -> bool {
        let is_archived = settings.archived_seq.is_some();
        let by_archived = match self.archived {
            ArchivedFilter::Any => true,
            ArchivedFilter::Only => is_archived,
            ArchivedFilter::Without => !(is_archived && settings.notifications.is_muted(now)),
        };
        let by_pinned = match self.pinned {
            None => true,
            Some(PinnedFilter::Only) => settings.is_pinned,
            Some(PinnedFilter::Without) => !settings.is_pinned,
        };
        by_archived && by_pinned
    }

    /// Whether the chat is listed.
    fn lists(&self, settings: &MemberSettings, head: &Head, now: Timestamp) -> bool {
        let is_archived = settings.is_archived(head.last_seq, now);
        self.may_list(settings, now)
            && match self.archived {
                ArchivedFilter::Any => true,
                ArchivedFilter::Only => is_archived,
                ArchivedFilter::Without => !is_archived,
            }
    }
}

/// The request for a page of the inbox.
#[derive(Debug, Clone)]
pub struct ListChats {
    /// The user whose chats are listed.
    pub caller: Caller,
    /// The most chats on the page.
    pub limit: PageLimit,
    /// Which chats are listed; the same for every page.
    pub filter: InboxFilter,
    /// The cursor of the page before; None for the first page.
    pub after: Option<InboxCursor>,
}

/// A page of the inbox.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inbox {
    /// The chats: pinned ones first, then newest activity first.
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
    /// The caller's view of the chat.
    pub settings: SettingsView,
    /// True if the caller blocks the other participant of this private chat. The other one sees nothing of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// The other participant of a private chat; absent for a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ChatUserView>,
}

impl<S, P, E> App<S, P, E>
where
    S: ReadChats + ReadDeletions + ReadInbox + ReadMessages + UserStore,
    P: Sync,
    E: Env,
{
    /// Lists a page of the caller's chats. The first page reads the heads of all chats, because they decide the order.
    /// Later pages read the heads of their own chats: the cursor has the order. Everything else is read only for the
    /// chats on the page.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_chats(&self, directory: &impl Directory, command: ListChats) -> Result<Inbox, StoreError> {
        let ListChats { caller, limit: PageLimit(limit), filter, after } = command;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let Listing { page, order, rest } = match after {
            Some(InboxCursor { following, rest }) if !following.is_empty() => {
                self.following_page(&caller.user, filter, limit, following, rest).await?
            }
            after => self.ordered_page(&caller.user, filter, limit, after.and_then(|after| after.rest)).await?,
        };
        let chats = page.iter().map(|listed| (listed.chat.clone(), listed.head.clone())).collect();
        let entries = self.entries(&caller.user, chats).await?;
        let others = entries.iter().flatten().filter_map(|entry| entry.user.as_ref());
        let others: Vec<UserId> = others.map(|other| other.user_id().clone()).collect();
        let mut profiles = load_profiles(directory, &others).await;

        let cursor = |shown: usize| {
            let following = order.get(shown..).unwrap_or_default().to_vec();
            (!following.is_empty() || rest.is_some()).then(|| InboxCursor { following, rest: rest.clone() })
        };
        let cursor_bytes = cursor(0).map_or(0, |cursor| String::from(cursor).len());
        let mut inbox = Inbox { chats: Vec::new(), cursor: None };
        let mut budget = MAX_DOCUMENT_BYTES.saturating_sub(cursor_bytes);
        for (listed, entry) in page.iter().zip(entries) {
            // Skip a chat that the caller has left since the index was read.
            let Some(mut entry) = entry else { continue };
            entry.user = entry.user.map(|user| {
                let profile = profiles.remove(user.user_id());
                user.with_profile(profile)
            });
            let size = json_length(&entry) + 1;
            if size > budget && !inbox.chats.is_empty() {
                return Ok(Inbox { cursor: cursor(listed.place), ..inbox });
            }
            budget = budget.saturating_sub(size);
            inbox.chats.push(entry);
        }
        Ok(Inbox { cursor: cursor(limit), ..inbox })
    }

    /// Reads the heads of all chats after `after`, and orders the chats by them.
    async fn ordered_page(
        &self,
        user: &UserId,
        filter: InboxFilter,
        limit: usize,
        after: Option<InboxPlace>,
    ) -> Result<Listing, StoreError> {
        let mut chats = self.store.indexed_chats(user).await?;
        let now = self.env.now();
        chats.retain(|(_, settings)| filter.may_list(settings, now));
        let ids: Vec<ChatId> = chats.iter().map(|(chat, _)| chat.clone()).collect();
        let heads = self.store.heads(&ids, Consistency::Eventual).await?;
        let listed = chats.iter().filter_map(|(chat, settings)| {
            let head = heads.get(chat).filter(|head| filter.lists(settings, head, now))?;
            Some((InboxPlace::new(chat, settings.is_pinned, head), head.clone()))
        });
        let mut listed: Vec<_> = listed.filter(|(place, _)| after.as_ref().is_none_or(|after| place > after)).collect();
        listed.sort_by(|(one, _), (other, _)| one.cmp(other));
        let rest = match listed.get(MAX_ORDERED_CHATS..) {
            None | Some([]) => None,
            Some(_) => listed.get(MAX_ORDERED_CHATS - 1).map(|(place, _)| place.clone()),
        };
        listed.truncate(MAX_ORDERED_CHATS);
        let order = listed.iter().map(|(place, _)| ChatTag::new(place.chat())).collect();
        let page = listed.into_iter().take(limit).enumerate();
        let page = page.map(|(place, (at, head))| ListedChat { place, chat: at.into_chat(), head }).collect();
        Ok(Listing { page, order, rest })
    }

    /// Reads the heads of the first chats of `order`, which an earlier page decided. Chats that the user has left, or
    /// that the filter no longer lists, are skipped.
    async fn following_page(
        &self,
        user: &UserId,
        filter: InboxFilter,
        limit: usize,
        order: Vec<ChatTag>,
        rest: Option<InboxPlace>,
    ) -> Result<Listing, StoreError> {
        let chats = self.store.indexed_chats(user).await?;
        let by_tag: BTreeMap<ChatTag, (ChatId, MemberSettings)> =
            chats.into_iter().map(|(chat, settings)| (ChatTag::new(&chat), (chat, settings))).collect();
        let page = order.iter().take(limit).enumerate();
        let page: Vec<_> = page.filter_map(|(place, tag)| Some((place, by_tag.get(tag)?))).collect();
        let ids: Vec<ChatId> = page.iter().map(|(_, (chat, _))| chat.clone()).collect();
        let heads = self.store.heads(&ids, Consistency::Eventual).await?;
        let now = self.env.now();
        let page = page.into_iter().filter_map(|(place, (chat, settings))| {
            let head = heads.get(chat).filter(|head| filter.lists(settings, head, now))?;
            Some(ListedChat { place, chat: chat.clone(), head: head.clone() })
        });
        Ok(Listing { page: page.collect(), order, rest })
    }

    /// The inbox entries of these chats, in the same order; None for a chat that `user` is not in.
    pub(super) async fn entries(
        &self,
        user: &UserId,
        chats: Vec<(ChatId, Head)>,
    ) -> Result<Vec<Option<InboxEntry>>, StoreError> {
        let ids: Vec<ChatId> = chats.iter().map(|(chat, _)| chat.clone()).collect();
        let nonempty = chats.iter().filter(|(_, head)| head.last_seq > Seq(0));
        let last_messages: Vec<(ChatId, Seq)> = nonempty.map(|(chat, head)| (chat.clone(), head.last_seq)).collect();
        let (documents, memberships, messages) = try_join3(
            self.store.chats(&ids),
            self.store.memberships(user, &ids, Consistency::Strong),
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
        for (id, head) in chats {
            parts.push(match data.memberships.remove(&id) {
                Some(member) => {
                    let chat = ChatReader::new(&self.store, &mut retry, &id)
                        .wait_for_rev(&head, data.documents.remove(&id))
                        .await?;
                    let message = data.messages.remove(&id);
                    // The message was read after the head, so it may miss the head's last change. The cursor and the
                    // count cover only changes that are visible in both.
                    let head = head.shown_in(message.as_slice());
                    let unread_count = self.unread_count(&id, &head, &member).await?;
                    Some((chat, head, member, message, unread_count))
                }
                None => None,
            });
        }
        let others = parts.iter().flatten().filter_map(|(chat, ..)| chat.peer(user));
        let others: Vec<UserId> = others.cloned().collect();
        let others = if others.is_empty() { Vec::new() } else { self.store.users(&others).await? };
        let users: BTreeMap<UserId, ChatUser> = others.into_iter().map(|user| (user.id.clone(), user)).collect();
        let now = self.env.now();
        let entry = |(chat, head, member, message, unread_count): (Chat, Head, Member, Option<Message>, u64)| {
            let other = chat.peer(user).cloned().map(|other| {
                let other = users.get(&other).cloned().unwrap_or_else(|| ChatUser::unknown(other));
                ChatUserView::new(&other, user, now)
            });
            let visible = message.filter(|message| message.is_visible_to(&member.user, member.floor()));
            let view = ChatView::new(&chat, &head, member.floor());
            let max_bytes = MAX_CHAT_BYTES + view.details_bytes();
            InboxEntry {
                chat: view.limited(max_bytes),
                last_message: visible.map(|message| MessageView::preview(&message, &member)),
                read_seq: member.read_up_to(),
                unread_count,
                settings: SettingsView::new(&member, head.last_seq, now),
                blocked: member.is_blocking,
                user: other,
            }
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

/// The chats of a page, and what follows.
struct Listing {
    page: Vec<ListedChat>,
    /// All chats from the first of the page on, in order.
    order: Vec<ChatTag>,
    /// The place of the last chat of `order`, if there are more after it.
    rest: Option<InboxPlace>,
}

/// A chat of a page.
struct ListedChat {
    /// Its index in the order.
    place: usize,
    chat: ChatId,
    head: Head,
}

/// Sorts chats by activity, newest first.
pub(super) fn newest_first(heads: BTreeMap<ChatId, Head>) -> Vec<(ChatId, Head)> {
    let mut sorted: Vec<_> = heads.into_iter().collect();
    sorted.sort_by_cached_key(|(chat, head)| InboxPlace::new(chat, false, head));
    sorted
}
