//! Users' live connections, in the ChatUsers table or in another store. `lastSeen` is in that table in both cases.

use crate::DynamoStore;
use crate::errors::failed;
use crate::items::{ConnectionItem, Item, SET_VERSION, StoredUser, from_item, n, s, to_value, version_value};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use domain::chat_user::{ChatUser, Connection, MAX_CONNECTIONS, is_online, is_only_connection};
use domain::ids::{ConnectionId, UserId};
use domain::ports::{ConnectionStore, Consistency, Env, Registration, Registry, StoreError, UserConnections};
use domain::timestamp::Timestamp;
use error_text::error_chain;
use std::collections::HashMap;
use std::fmt::Write;

/// The maximum number of connections that one update removes, because an expression has at most 4 KB.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const MAX_REMOVALS_PER_UPDATE: usize = 100;

impl<E: Env, C: ConnectionStore> Registry for DynamoStore<E, C> {
    async fn register(
        &self,
        user: &UserId,
        connection: &Connection,
        replaced: &[ConnectionId],
        now: Timestamp,
    ) -> Result<Registration, StoreError> {
        if let Some(other_store) = &self.connections {
            let registration = Registration::of(connection, other_store.add(user, connection, replaced).await?);
            if let Registration::Registered(connections) = &registration
                && is_only_connection(&connection.id, connections, now)
                && let Err(error) = self.update_last_seen(user, now).send().await
            {
                // The connection is already registered. If it were refused now, a dead connection would stay in the
                // registry.
                let error = failed("UpdateItem", error);
                tracing::warn!(error = error_chain(&error), "the last-seen time of a user could not be stored");
            }
            return Ok(registration);
        }
        // Only an item that is older than the maximum has so many.
        let (replaced, more) = replaced.split_at(replaced.len().min(MAX_REMOVALS_PER_UPDATE));
        if !more.is_empty() {
            self.forget(user, more).await?;
        }
        // An update can set an entry only in an existing map, so the first connection ever creates the map. If another
        // first connection creates it in between, the second attempt finds it.
        for _ in 0..2 {
            if let Some(registration) = self.add_connection(user, connection, replaced, now).await? {
                return Ok(registration);
            }
            if self.create_connections(user, connection, now).await? {
                return Ok(Registration::Registered(vec![connection.clone()]));
            }
        }
        Err(StoreError::Unavailable {
            operation: "UpdateItem",
            source: "the connections of the user changed between both attempts".into(),
        })
    }

    async fn unregister(
        &self,
        user: &UserId,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<Vec<Connection>, StoreError> {
        if let Some(other_store) = &self.connections {
            let remaining = other_store.remove(user, std::slice::from_ref(connection)).await?;
            if !is_online(&remaining, now) {
                let call = self.update_last_seen(user, now).condition_expression("attribute_exists(lastSeen)");
                if_condition_holds(call.send().await)?;
            }
            return Ok(remaining);
        }
        let call = self
            .update_user(user)
            .update_expression("REMOVE connections.#id SET lastSeen = :now")
            .condition_expression("attribute_exists(connections)")
            .expression_attribute_names("#id", connection.as_str())
            .expression_attribute_values(":now", n(now.millis()))
            .return_values(ReturnValue::AllNew);
        remaining_connections(if_condition_holds(call.send().await)?)
    }

    async fn forget(&self, user: &UserId, connections: &[ConnectionId]) -> Result<Vec<Connection>, StoreError> {
        if let Some(other_store) = &self.connections {
            return other_store.remove(user, connections).await;
        }
        let mut remaining = Vec::new();
        for chunk in connections.chunks(MAX_REMOVALS_PER_UPDATE) {
            let call = self.update_user(user).condition_expression("attribute_exists(connections)");
            let mut call = call.return_values(ReturnValue::AllNew);
            let mut paths = Vec::with_capacity(chunk.len());
            for (index, connection) in chunk.iter().enumerate() {
                call = call.expression_attribute_names(format!("#c{index}"), connection.as_str());
                paths.push(format!("connections.#c{index}"));
            }
            let call = call.update_expression(format!("REMOVE {}", paths.join(", ")));
            remaining = remaining_connections(if_condition_holds(call.send().await)?)?;
        }
        Ok(remaining)
    }

    async fn reregister(
        &self,
        user: &UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<Option<Registration>, StoreError> {
        match &self.connections {
            Some(other_store) if connection.connected_at < other_store.remembers_since(now).await? => {
                let connections = other_store.add(user, connection, &[]).await?;
                Ok(Some(Registration::of(connection, connections)))
            }
            _ => Ok(None),
        }
    }

    async fn connections(&self, users: &[UserId]) -> Result<Vec<UserConnections>, StoreError> {
        match &self.connections {
            Some(other_store) => other_store.of(users).await,
            None => Ok(self.stored_users(users).await?.into_iter().map(|user| (user.id, user.connections)).collect()),
        }
    }

    async fn log_opening(&self, user: &UserId, now: Timestamp) -> Result<(), StoreError> {
        match &self.connections {
            Some(_) => Ok(()),
            None => self.put_opening(user, now).await,
        }
    }

    async fn openings(&self, since: Timestamp, now: Timestamp, max: usize) -> Result<Option<Vec<UserId>>, StoreError> {
        match &self.connections {
            Some(_) => Ok(None),
            None => self.query_openings(since, now, max).await,
        }
    }
}

/// The connections that a user still has after a removal; empty if the user never had any.
fn remaining_connections(output: Option<UpdateItemOutput>) -> Result<Vec<Connection>, StoreError> {
    match output {
        Some(output) => Ok(chat_user(output.attributes.unwrap_or_default())?.connections),
        None => Ok(Vec::new()),
    }
}

impl<E: Env, C: Sync> DynamoStore<E, C> {
    /// Adds an entry to the user's connections, and removes `replaced`; None if the user has no such map yet.
    async fn add_connection(
        &self,
        user: &UserId,
        connection: &Connection,
        replaced: &[ConnectionId],
        now: Timestamp,
    ) -> Result<Option<Registration>, StoreError> {
        let mut call = self
            .update_user(user)
            .expression_attribute_names("#id", connection.id.as_str())
            .expression_attribute_values(":entry", entry(connection)?)
            .expression_attribute_values(":now", n(now.millis()))
            .expression_attribute_values(":most", n(MAX_CONNECTIONS + replaced.len()));
        let mut update = "SET connections.#id = :entry, lastSeen = :now".to_owned();
        let mut condition = "(size(connections) < :most OR attribute_exists(connections.#id))".to_owned();
        for (index, id) in replaced.iter().enumerate() {
            call = call.expression_attribute_names(format!("#r{index}"), id.as_str());
            update.push_str(if index == 0 { " REMOVE " } else { ", " });
            let _ = write!(update, "connections.#r{index}");
            let _ = write!(condition, " AND attribute_exists(connections.#r{index})");
        }
        let call = call
            .update_expression(update)
            .condition_expression(condition)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let item = match call.send().await {
            Ok(output) => output.attributes,
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failure)) => failure.item.clone(),
                _ => return Err(failed("UpdateItem", error)),
            },
        };
        // The condition also fails if there is no map, or no user.
        let item = item.filter(|item| item.contains_key("connections"));
        item.map(|item| Ok(Registration::of(connection, chat_user(item)?.connections))).transpose()
    }

    /// Creates the map of the user's connections with this one; false if the map already exists.
    async fn create_connections(
        &self,
        user: &UserId,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let map = HashMap::from([(connection.id.to_string(), entry(connection)?)]);
        let call = self
            .put_attributes(user, "connections = :map, lastSeen = :now")
            .condition_expression("attribute_not_exists(connections)")
            .expression_attribute_values(":map", AttributeValue::M(map))
            .expression_attribute_values(":now", n(now.millis()));
        Ok(if_condition_holds(call.send().await)?.is_some())
    }

    /// The update that sets `lastSeen`, if connections are in another store.
    fn update_last_seen(&self, user: &UserId, now: Timestamp) -> UpdateItemFluentBuilder {
        self.put_attributes(user, "lastSeen = :now").expression_attribute_values(":now", n(now.millis()))
    }

    /// The users in the ChatUsers table. If connections are in another store, these have none.
    pub(crate) async fn stored_users(&self, users: &[UserId]) -> Result<Vec<ChatUser>, StoreError> {
        let keys = users.iter().map(user_key).collect();
        let items = self.get_all(&self.tables.chat_users, keys, Consistency::Eventual).await?;
        items.into_iter().map(chat_user).collect()
    }

    /// An update that also creates the user's item if there is none. `sets` continues its `SET`.
    pub(crate) fn put_attributes(&self, user: &UserId, sets: &str) -> UpdateItemFluentBuilder {
        let (placeholder, version) = version_value();
        let call = self.update_user(user).update_expression(format!("SET {SET_VERSION}, {sets}"));
        call.expression_attribute_values(placeholder, version)
    }

    /// An update of a user's item that exists, as its condition must say.
    fn update_user(&self, user: &UserId) -> UpdateItemFluentBuilder {
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

/// The result of a conditional update; None if the condition failed.
pub(crate) fn if_condition_holds<T>(result: Result<T, SdkError<UpdateItemError>>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
            _ => Err(failed("UpdateItem", error)),
        },
    }
}
