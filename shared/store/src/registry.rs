//! Users' live connections: in the ChatUsers table, or elsewhere. When they were last seen is in that table either way.

use crate::DynamoStore;
use crate::errors::failed;
use crate::items::{ConnectionItem, Item, StoredUser, from_item, n, s, to_value};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};
use domain::chat_user::{ChatUser, Connection, is_alone, is_online};
use domain::error_chain::error_chain;
use domain::ids::{ConnectionId, UserId};
use domain::ports::{ConnectionStore, Consistency, Env, Registry, StoreError, UserConnections};
use domain::timestamp::Timestamp;
use std::collections::HashMap;

/// Connections that one update removes: an expression is at most 4 KB.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const MAX_REMOVALS_PER_UPDATE: usize = 100;

impl<E: Env, C: ConnectionStore> Registry for DynamoStore<E, C> {
    async fn register(
        &self,
        user: &UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<Vec<Connection>, StoreError> {
        if let Some(elsewhere) = &self.connections {
            let connections = elsewhere.add(user, connection).await?;
            if is_alone(&connection.id, &connections, now)
                && let Err(error) = self.seen(user, now).send().await
            {
                // The connection is noted: refusing it now would leave a ghost.
                let error = failed("UpdateItem", error);
                tracing::warn!(error = error_chain(&error), "when a user was last seen is not noted");
            }
            return Ok(connections);
        }
        // An entry can only be set in a map that is there; the first connection ever makes it. Another first one may
        // come between, after which the map is there.
        for _ in 0..2 {
            if let Some(connections) = self.add_connection(user, connection, now).await? {
                return Ok(connections);
            }
            if self.first_connection(user, connection, now).await? {
                return Ok(vec![connection.clone()]);
            }
        }
        Err(StoreError::Unavailable { operation: "UpdateItem", source: "the user's item came and went".into() })
    }

    async fn unregister(
        &self,
        user: &UserId,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<Vec<Connection>, StoreError> {
        if let Some(elsewhere) = &self.connections {
            let left = elsewhere.remove(user, std::slice::from_ref(connection)).await?;
            if !is_online(&left, now) {
                let call = self.seen(user, now).condition_expression("attribute_exists(lastSeen)");
                if_condition_holds(call.send().await)?;
            }
            return Ok(left);
        }
        let call = self
            .update_user(user)
            .update_expression("REMOVE connections.#id SET lastSeen = :now")
            .condition_expression("attribute_exists(connections)")
            .expression_attribute_names("#id", connection.as_str())
            .expression_attribute_values(":now", n(now.millis()))
            .return_values(ReturnValue::AllNew);
        left(if_condition_holds(call.send().await)?)
    }

    async fn forget(&self, user: &UserId, connections: &[ConnectionId]) -> Result<Vec<Connection>, StoreError> {
        if let Some(elsewhere) = &self.connections {
            return elsewhere.remove(user, connections).await;
        }
        let mut remaining = Vec::new();
        for some in connections.chunks(MAX_REMOVALS_PER_UPDATE) {
            let call = self.update_user(user).condition_expression("attribute_exists(connections)");
            let mut call = call.return_values(ReturnValue::AllNew);
            let mut paths = Vec::with_capacity(some.len());
            for (index, connection) in some.iter().enumerate() {
                call = call.expression_attribute_names(format!("#c{index}"), connection.as_str());
                paths.push(format!("connections.#c{index}"));
            }
            let call = call.update_expression(format!("REMOVE {}", paths.join(", ")));
            remaining = left(if_condition_holds(call.send().await)?)?;
        }
        Ok(remaining)
    }

    async fn reregister(
        &self,
        user: &UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<Option<Vec<Connection>>, StoreError> {
        match &self.connections {
            Some(elsewhere) if connection.connected_at < elsewhere.remembers_since(now).await? => {
                elsewhere.add(user, connection).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn connections(&self, users: &[UserId]) -> Result<Vec<UserConnections>, StoreError> {
        match &self.connections {
            Some(elsewhere) => elsewhere.of(users).await,
            None => Ok(self.stored_users(users).await?.into_iter().map(|user| (user.id, user.connections)).collect()),
        }
    }
}

/// What is left of a user's connections after some were removed; none of a user who never had any.
fn left(output: Option<UpdateItemOutput>) -> Result<Vec<Connection>, StoreError> {
    match output {
        Some(output) => Ok(chat_user(output.attributes.unwrap_or_default())?.connections),
        None => Ok(Vec::new()),
    }
}

impl<E: Env, C: Sync> DynamoStore<E, C> {
    /// Adds an entry to the user's connections; None if they have no such map yet.
    async fn add_connection(
        &self,
        user: &UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<Option<Vec<Connection>>, StoreError> {
        let call = self
            .update_user(user)
            .update_expression("SET connections.#id = :entry, lastSeen = :now")
            .condition_expression("attribute_exists(connections)")
            .expression_attribute_names("#id", connection.id.as_str())
            .expression_attribute_values(":entry", entry(connection)?)
            .expression_attribute_values(":now", n(now.millis()))
            .return_values(ReturnValue::AllNew);
        match if_condition_holds(call.send().await)? {
            Some(output) => chat_user(output.attributes.unwrap_or_default()).map(|user| Some(user.connections)),
            None => Ok(None),
        }
    }

    /// Makes the map of the user's connections, with this one; false if there is one already.
    async fn first_connection(
        &self,
        user: &UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let map = HashMap::from([(connection.id.to_string(), entry(connection)?)]);
        let call = self
            .update_user(user)
            .update_expression("SET connections = :map, lastSeen = :now")
            .condition_expression("attribute_not_exists(connections)")
            .expression_attribute_values(":map", AttributeValue::M(map))
            .expression_attribute_values(":now", n(now.millis()));
        Ok(if_condition_holds(call.send().await)?.is_some())
    }

    /// Notes that the user was last seen now, where their connections are kept elsewhere.
    fn seen(&self, user: &UserId, now: Timestamp) -> UpdateItemFluentBuilder {
        let call = self.update_user(user).update_expression("SET lastSeen = :now");
        call.expression_attribute_values(":now", n(now.millis()))
    }

    /// These users as the table has them.
    pub(crate) async fn stored_users(&self, users: &[UserId]) -> Result<Vec<ChatUser>, StoreError> {
        let keys = users.iter().map(user_key).collect();
        let found = self.get_all(&self.tables.chat_users, keys, Consistency::Eventual).await?;
        found.into_iter().map(chat_user).collect()
    }

    pub(crate) fn update_user(&self, user: &UserId) -> UpdateItemFluentBuilder {
        let call = self.client.update_item().table_name(&self.tables.chat_users).set_key(Some(user_key(user)));
        call.return_consumed_capacity(ReturnConsumedCapacity::Indexes)
    }
}

pub(crate) fn user_key(user: &UserId) -> Item {
    Item::from([("userId".to_owned(), s(user.as_str()))])
}

fn entry(connection: &Connection) -> Result<AttributeValue, StoreError> {
    to_value("ChatUsers", &ConnectionItem::from(connection))
}

pub(crate) fn chat_user(item: Item) -> Result<ChatUser, StoreError> {
    from_item("ChatUsers", item).map(|StoredUser(user)| user)
}

/// The result of a conditional update; None if its condition did not hold.
pub(crate) fn if_condition_holds<T>(result: Result<T, SdkError<UpdateItemError>>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
            _ => Err(failed("UpdateItem", error)),
        },
    }
}
