//! Turns requests into the commands of use cases. A route and its WebSocket action have the same fields, so they share
//! a function.

mod attachments;
mod chats;
mod custom;
mod groups;
mod messages;
mod own_view;
mod users;

pub use attachments::{create_attachment, get_attachment, get_avatar};
pub use chats::{clear_chat, count_unread, create_chat, get_chat, list_chats, mark_seen, sync, typing};
pub use groups::{add_participants, remove_participant, set_admin, update_chat};
pub use messages::{delete_message, edit_message, list_messages, react_to_message, send_message};
pub use own_view::{OwnViewCommand, own_view};
pub use users::{ProfileCommand, block_user, list_blocks, list_members, list_users, profile};

use crate::fields::Fields;
use crate::problem::Problem;
use crate::request::Request;
use domain::ids::Seq;
use domain::use_cases::PageLimit;

/// `{}`: a frame that checks whether the connection is alive.
///
/// # Errors
/// [`Problem`] that names the wrong fields. For any other action than ping, it lists all actions.
pub fn ping(Request { action, fields, .. }: Request) -> Result<(), Problem> {
    match action.as_deref() {
        Some("ping") => fields.finish(|| Some(())),
        Some(_) => Err(Problem::field("action", format!("is unknown; it must be one of {}", ACTIONS.join(", ")))),
        None => Err(Problem::field("action", format!("is required, and must be one of {}", ACTIONS.join(", ")))),
    }
}

/// Whether the method of a route is DELETE, which undoes its PUT.
fn is_delete(route: &str) -> bool {
    route.starts_with("DELETE ")
}

/// The required `seq` of a message.
fn seq(fields: &mut Fields) -> Option<Seq> {
    let seq = fields.number("seq");
    if seq == Some(None) {
        fields.wrong("seq", "is required");
    }
    seq.flatten().map(Seq)
}

/// The optional `limit` of a page.
fn limit(fields: &mut Fields) -> Option<PageLimit> {
    match fields.number("limit")? {
        None => Some(PageLimit::default()),
        Some(number) => PageLimit::new(number).inspect_err(|invalid| fields.wrong("limit", invalid.to_string())).ok(),
    }
}

/// All actions of the WebSocket API.
pub const ACTIONS: [&str; 10] = [
    "createChat",
    "sendMessage",
    "listMessages",
    "markSeen",
    "editMessage",
    "deleteMessage",
    "reactToMessage",
    "typing",
    "sync",
    "ping",
];
