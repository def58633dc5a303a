//! Commands for chats that do not change a group: create, get, list, mark as seen, clear, type and sync.

use super::custom::new_custom;
use super::{limit, seq};
use crate::problem::Problem;
use crate::request::Request;
use domain::ids::{ChatId, ClientChatId, UserId};
use domain::names::{ChatName, Topic};
use domain::use_cases::{
    ArchivedFilter, Caller, CountAll, CountUnread, CreateChat, Cursor, InboxCursor, InboxFilter, ListChats,
    MarkSeenCommand, NewChat, PinnedFilter, SendTyping, SyncChats,
};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of chats in one sync request, and how many of them may be open.
const MAX_SYNC_CHATS: usize = 100;
const MAX_OPEN_CHATS: usize = 5;

/// `{participants, isGroup, name?, topic?, custom?, clientChatId?}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn create_chat(Request { caller, mut fields, .. }: Request) -> Result<CreateChat, Problem> {
    let participants = fields.required::<Vec<UserId>>("participants");
    let is_group = fields.required::<bool>("isGroup");
    let name = fields.optional::<ChatName>("name");
    let topic = fields.optional::<Topic>("topic");
    let custom = new_custom(&mut fields);
    let client_id = fields.optional::<ClientChatId>("clientChatId");
    match is_group {
        Some(true) if name == Some(None) => fields.wrong("name", "is required because isGroup is true"),
        Some(false) => {
            let is_given = [
                ("name", name.iter().flatten().next().is_some()),
                ("topic", topic.iter().flatten().next().is_some()),
                ("custom", custom.iter().flatten().next().is_some()),
            ];
            for (field, _) in is_given.into_iter().filter(|(_, is_given)| *is_given) {
                fields.wrong(field, "is only for groups, but isGroup is false");
            }
        }
        _ => {}
    }
    if let (Some(participants), Some(is_group)) = (&participants, is_group)
        && let Err(error) = NewChat::check_participants(&caller.user, participants, is_group)
    {
        fields.problem(error);
    }
    let (participants, is_group, name, topic, custom, client_id) =
        fields.finish(|| Some((participants?, is_group?, name?, topic?, custom?, client_id?)))?;
    let chat = match name {
        Some(name) if is_group => {
            NewChat::group(&caller.user, &participants, name, client_id)?.with_details(topic, custom)
        }
        _ => NewChat::private(&caller.user, &participants)?,
    };
    Ok(CreateChat { caller, chat })
}

/// `{limit?, cursor?, archived?, pinned?}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn list_chats(Request { caller, mut fields, .. }: Request) -> Result<ListChats, Problem> {
    let limit = limit(&mut fields);
    let after = fields.optional::<InboxCursor>("cursor");
    let archived = fields.optional::<ArchivedFilter>("archived");
    let pinned = fields.optional::<PinnedFilter>("pinned");
    fields.finish(|| {
        let archived = archived?.unwrap_or(InboxFilter::default().archived);
        Some(ListChats { caller, limit: limit?, filter: InboxFilter { archived, pinned: pinned? }, after: after? })
    })
}

/// `{all?}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn count_unread(Request { caller, mut fields, .. }: Request) -> Result<CountUnread, Problem> {
    let all = fields.optional::<CountAll>("all");
    fields.finish(|| Some(CountUnread { caller, all: all?.unwrap_or(CountAll::No) }))
}

/// `{chatId}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn get_chat(Request { caller, mut fields, .. }: Request) -> Result<(Caller, ChatId), Problem> {
    let chat = fields.required("chatId");
    fields.finish(|| Some((caller, chat?)))
}

/// `{chatId}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn clear_chat(request: Request) -> Result<(Caller, ChatId), Problem> {
    get_chat(request)
}

/// `{chatId, seq}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn mark_seen(Request { caller, mut fields, .. }: Request) -> Result<MarkSeenCommand, Problem> {
    let chat = fields.required("chatId");
    let seq = seq(&mut fields);
    fields.finish(|| Some(MarkSeenCommand { caller, chat: chat?, seq: seq? }))
}

/// `{chatId, state}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn typing(Request { caller, mut fields, .. }: Request) -> Result<SendTyping, Problem> {
    let chat = fields.required("chatId");
    let state = fields.required("state");
    fields.finish(|| Some(SendTyping { caller, chat: chat?, state: state? }))
}

/// `{cursors: {chatId: {seq, rev}}, open?: [chatId]}`
///
/// # Errors
/// [`Problem`] that names the wrong fields.
pub fn sync(Request { caller, connection, mut fields, .. }: Request) -> Result<SyncChats, Problem> {
    let cursors = fields.required::<BTreeMap<ChatId, Cursor>>("cursors");
    let open = fields.optional::<BTreeSet<ChatId>>("open");
    if cursors.as_ref().is_some_and(|cursors| cursors.len() > MAX_SYNC_CHATS) {
        fields.wrong("cursors", format!("must name at most {MAX_SYNC_CHATS} chats"));
    }
    if let (Some(cursors), Some(Some(open))) = (&cursors, &open) {
        if open.len() > MAX_OPEN_CHATS {
            fields.wrong("open", format!("must name at most {MAX_OPEN_CHATS} chats"));
        } else if let Some(chat) = open.iter().find(|chat| !cursors.contains_key(*chat)) {
            fields.wrong("open", format!("names {chat}, which is not among the cursors"));
        }
    }
    fields.finish(|| Some(SyncChats { caller, cursors: cursors?, open: open?.unwrap_or_default(), connection }))
}
