//! The queue of requests that write to one chat: its tickets, and what the head says of it.

use crate::DynamoStore;
use crate::chats::message_key;
use crate::errors::failed;
use crate::items::{Item, QUEUE_SEQ, QueueItem, SET_VERSION, from_item, n, s, version_value};
use crate::registry::if_condition_holds;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};
use domain::chat::Head;
use domain::ids::{ChatId, Seq};
use domain::ports::{Consistency, Env, ReadInbox as _, StoreError, WriteQueue};
use domain::queue::{QueueState, TICKET_TTL, Ticket};
use domain::timestamp::Timestamp;

impl<E: Env, C: Sync> WriteQueue for DynamoStore<E, C> {
    async fn take_ticket(&self, chat: &ChatId, served: Ticket, now: Timestamp) -> Result<Ticket, StoreError> {
        let (placeholder, version) = version_value();
        let call = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(queue_key(chat)))
            .update_expression(format!(
                "SET {SET_VERSION}, lastTicket = if_not_exists(lastTicket, :served) + :one, expiresAt = :until"
            ))
            .expression_attribute_values(placeholder, version)
            .expression_attribute_values(":served", n(served.0))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":until", n(now.plus(TICKET_TTL).seconds()))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let output = call.send().await.map_err(|error| failed("UpdateItem", error))?;
        Ok(from_item::<QueueItem>("Messages", output.attributes.unwrap_or_default())?.last_ticket())
    }

    async fn pass_on(&self, chat: &ChatId, ticket: Ticket) -> Result<(), StoreError> {
        let call = self
            .client
            .update_item()
            .table_name(&self.tables.messages)
            .set_key(Some(message_key(chat, Seq(0))))
            .update_expression("SET servedTicket = :ticket")
            .condition_expression(
                "attribute_exists(chatId) AND (attribute_not_exists(servedTicket) OR servedTicket < :ticket)",
            )
            .expression_attribute_values(":ticket", n(ticket.0))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        if_condition_holds(call.send().await).map(drop)
    }

    async fn head(&self, chat: &ChatId) -> Result<Option<Head>, StoreError> {
        // BatchGetItem, which every function that commits may call.
        Ok(self.heads(std::slice::from_ref(chat), Consistency::Strong).await?.remove(chat))
    }
}

/// The key of the item with a chat's last ticket.
fn queue_key(chat: &ChatId) -> Item {
    Item::from([("chatId".to_owned(), s(chat.as_str())), ("seq".to_owned(), n(QUEUE_SEQ))])
}

/// The parts of an update expression with which a commit writes the queue into the head. Without a ticket they are
/// empty.
#[derive(Default)]
pub(crate) struct SetQueue {
    /// Continues the list of `SET`.
    pub(crate) set: &'static str,
    /// Follows the list of `SET`.
    pub(crate) removal: &'static str,
    /// The placeholders with their values.
    pub(crate) values: Vec<(&'static str, AttributeValue)>,
}

impl SetQueue {
    pub(crate) fn new(queue: Option<QueueState>) -> Self {
        let Some(QueueState { served, is_crowded }) = queue else { return Self::default() };
        let mut values = vec![(":served", n(served.0))];
        if is_crowded {
            values.push((":crowded", AttributeValue::Bool(true)));
            return Self { set: ", servedTicket = :served, crowded = :crowded", removal: "", values };
        }
        Self { set: ", servedTicket = :served", removal: " REMOVE crowded", values }
    }
}
