//! Users' nicknames and settings, in the ChatUsers table.

use crate::DynamoStore;
use crate::errors::failed;
use crate::items::{SpendingUpdate, s};
use crate::registry::{chat_user, if_condition_holds, user_key};
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};
use domain::budget::Spending;
use domain::chat_user::{ChatUser, UserChange};
use domain::custom::Custom;
use domain::ids::UserId;
use domain::meter;
use domain::names::Nickname;
use domain::ports::{ConnectionStore, Env, StoreError, UserConnections, UserStore};
use error_text::error_chain;
use futures_util::future::join;
use std::collections::BTreeMap;

impl<E: Env, C: ConnectionStore> UserStore for DynamoStore<E, C> {
    async fn user(&self, user: &UserId) -> Result<Option<ChatUser>, StoreError> {
        let stored = self.stored_user(user).await?;
        let connections = self.external_connections(std::slice::from_ref(user)).await.unwrap_or_else(show_as_offline);
        Ok(with_connections(stored.into_iter().collect(), connections).pop())
    }

    async fn own_document(&self, user: &UserId) -> Result<ChatUser, StoreError> {
        Ok(self.stored_user(user).await?.unwrap_or_else(|| ChatUser::unknown(user.clone())))
    }

    async fn users(&self, users: &[UserId]) -> Result<Vec<ChatUser>, StoreError> {
        let (stored, connections) = join(self.stored_users(users), self.external_connections(users)).await;
        Ok(with_connections(stored?, connections.unwrap_or_else(show_as_offline)))
    }

    async fn preferences(&self, users: &[UserId]) -> Result<Vec<ChatUser>, StoreError> {
        self.stored_users(users).await
    }

    async fn change_user(
        &self,
        user: &UserId,
        change: &UserChange,
        spending: Spending,
    ) -> Result<Option<ChatUser>, StoreError> {
        let UserChange { nickname, notify_on_mention, custom } = change;
        let texts = [
            ("nickname", nickname.as_ref().map(|nickname| nickname.value().map(Nickname::as_str))),
            ("custom", custom.as_ref().map(|custom| custom.value().map(Custom::as_str))),
        ];
        let mention = notify_on_mention.map(|wants| ("notifyOnMention", AttributeValue::Bool(wants)));
        let values_to_set = texts.iter().filter_map(|(name, text)| Some((*name, s((*text)??)))).chain(mention);
        let removed: Vec<_> = texts.iter().filter(|(_, text)| *text == Some(None)).map(|(name, _)| *name).collect();
        let SpendingUpdate { set, condition, mut values } = SpendingUpdate::new("ChatUsers", "changeBudget", spending)?;
        let mut sets = vec![set];
        for (name, value) in values_to_set {
            sets.push(format!("{name} = :{name}"));
            values.push((format!(":{name}"), value));
        }
        let mut update = sets.join(", ");
        if !removed.is_empty() {
            update = format!("{update} REMOVE {}", removed.join(", "));
        }
        let call = self.put_attributes(user, &update).condition_expression(condition);
        let mut call = call.return_values(ReturnValue::AllNew);
        for (placeholder, value) in values {
            call = call.expression_attribute_values(placeholder, value);
        }
        self.changed_user(if_condition_holds(call.send().await)?).await
    }
}

impl<E: Env, C: ConnectionStore> DynamoStore<E, C> {
    /// The user after an update, with their connections; None if its condition failed.
    async fn changed_user(&self, output: Option<UpdateItemOutput>) -> Result<Option<ChatUser>, StoreError> {
        let Some(output) = output else { return Ok(None) };
        let user = chat_user(output.attributes.unwrap_or_default())?;
        Ok(Some(self.with_own_connections(user).await))
    }

    /// The user in the ChatUsers table. If connections are in another store, the user has none.
    async fn stored_user(&self, user: &UserId) -> Result<Option<ChatUser>, StoreError> {
        let call = self.client.get_item().table_name(&self.tables.chat_users).set_key(Some(user_key(user)));
        let output = call.consistent_read(true).return_consumed_capacity(ReturnConsumedCapacity::Indexes).send().await;
        output.map_err(|error| failed("GetItem", error))?.item.map(chat_user).transpose()
    }

    /// The connections of these users; None if they are in the ChatUsers table.
    async fn external_connections(&self, users: &[UserId]) -> Result<Option<Vec<UserConnections>>, StoreError> {
        match &self.connections {
            Some(other_store) => other_store.of(users).await.map(Some),
            None => Ok(None),
        }
    }

    /// Adds the user's connections, to which an event is then pushed.
    async fn with_own_connections(&self, user: ChatUser) -> ChatUser {
        let connections = self.external_connections(std::slice::from_ref(&user.id)).await.unwrap_or_else(|error| {
            meter::count_missed_users(1);
            show_as_offline(error)
        });
        let unchanged = user.clone();
        with_connections(vec![user], connections).pop().unwrap_or(unchanged)
    }
}

/// Reads do not fail while the other store of connections is unavailable.
fn show_as_offline(error: StoreError) -> Option<Vec<UserConnections>> {
    tracing::warn!(error = error_chain(&error), "the live connections could not be read; users are shown as offline");
    Some(Vec::new())
}

/// Adds the connections of these users. If they come from another store, connections in the table are outdated and are
/// dropped.
fn with_connections(mut stored: Vec<ChatUser>, connections: Option<Vec<UserConnections>>) -> Vec<ChatUser> {
    let Some(connections) = connections else { return stored };
    stored.iter_mut().for_each(|user| user.connections.clear());
    let mut users: BTreeMap<UserId, ChatUser> = stored.into_iter().map(|user| (user.id.clone(), user)).collect();
    for (id, connections) in connections {
        users.entry(id.clone()).or_insert_with(|| ChatUser::unknown(id)).connections = connections;
    }
    users.into_values().collect()
}
