//! The queue of requests that write to one chat.

use super::StoreError;
use crate::chat::Head;
use crate::ids::ChatId;
use crate::queue::Ticket;
use crate::timestamp::Timestamp;
use std::future::Future;

/// Hands out places in the queue of a chat, moves it past those who leave, and shows how far the queue has moved.
pub trait WriteQueue: Sync {
    /// Takes the next ticket of the chat. It is kept for [`TICKET_TTL`](crate::queue::TICKET_TTL) after `now` which
    /// ticket was the last one. If none is kept, the next one is the one after `served`.
    fn take_ticket(
        &self,
        chat: &ChatId,
        served: Ticket,
        now: Timestamp,
    ) -> impl Future<Output = Result<Ticket, StoreError>> + Send;

    /// Writes `ticket` into the head of the chat as served, unless a later one was served already. Nothing else changes,
    /// and nothing happens if there is no such chat.
    fn pass_on(&self, chat: &ChatId, ticket: Ticket) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The head of the chat, with strong consistency; None if there is no such chat.
    fn head(&self, chat: &ChatId) -> impl Future<Output = Result<Option<Head>, StoreError>> + Send;
}
