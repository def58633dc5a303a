//! The item with the last ticket of a chat's queue.

use super::{FurtherKind, further_seq};
use domain::number::whole_number;
use domain::queue::Ticket;
use serde::Deserialize;

/// The seq of the item with a chat's last ticket.
pub(crate) const QUEUE_SEQ: i64 = further_seq(FurtherKind::Queue, 0);

/// The last ticket that was taken.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueueItem {
    #[serde(deserialize_with = "whole_number")]
    last_ticket: u64,
}

impl QueueItem {
    pub(crate) fn last_ticket(&self) -> Ticket {
        Ticket(self.last_ticket)
    }
}
