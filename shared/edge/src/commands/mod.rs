//! From requests to the commands of use cases. One function for a route and its action: the fields are the same.

mod attachments;
mod chats;
mod groups;
mod messages;
mod users;

pub use attachments::{create_attachment, get_attachment};
pub use chats::{clear_chat, create_chat, get_chat, list_chats, mark_seen, mute_chat, sync, typing};
pub use groups::{add_participants, remove_participant, set_admin, update_chat};
pub use messages::{delete_message, edit_message, list_messages, react_to_message, send_message};
pub use users::{ProfileCommand, profile};

use crate::fields::Fields;
use crate::problem::Problem;
use crate::request::Request;
use domain::ids::Seq;
use domain::use_cases::PageLimit;

/// `{}`: the frame that asks whether the connection is alive.
///
/// # Errors
/// [`Problem`] that names the fields, or for any other action than ping, the actions that there are.
pub fn ping(Request { action, fields, .. }: Request) -> Result<(), Problem> {
    match action.as_deref() {
        Some("ping") => fields.finish(|| Some(())),
        Some(_) => Err(Problem::field("action", format!("is not known; known are {}", ACTIONS.join(", ")))),
        None => Err(Problem::field("action", format!("is required, and must be one of {}", ACTIONS.join(", ")))),
    }
}

/// Whether a route takes away what its PUT sets.
fn is_delete(route: &str) -> bool {
    route.starts_with("DELETE ")
}

/// The place of a message, which every action on one names.
fn seq(fields: &mut Fields) -> Option<Seq> {
    let seq = fields.number("seq");
    if seq == Some(None) {
        fields.wrong("seq", "is required");
    }
    seq.flatten().map(Seq)
}

/// How many at most.
fn limit(fields: &mut Fields) -> Option<PageLimit> {
    match fields.number("limit")? {
        None => Some(PageLimit::default()),
        Some(number) => PageLimit::new(number).inspect_err(|invalid| fields.wrong("limit", invalid.to_string())).ok(),
    }
}

/// Every action of the WebSocket API.
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
