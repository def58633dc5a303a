//! Users and their connections.

use super::MemoryStore;
use domain::budget::Spending;
use domain::chat_user::{ChatUser, Connection, MAX_CONNECTIONS, UserChange};
use domain::ids::{ConnectionId, UserId};
use domain::patch::Patch;
use domain::ports::{Registration, Registry, StoreError, UserConnections, UserStore};
use domain::timestamp::Timestamp;
use std::time::Duration;

impl Registry for MemoryStore {
    async fn register(
        &self,
        user: &UserId,
        connection: &Connection,
        replaced: &[ConnectionId],
        now: Timestamp,
    ) -> Result<Registration, StoreError> {
        self.read(|state| {
            let entry = state.users.entry(user.clone()).or_insert_with(|| ChatUser::unknown(user.clone()));
            if add(&mut entry.connections, connection, replaced) {
                entry.last_seen = Some(now);
            }
            Registration::of(connection, entry.connections.clone())
        })
        .await
    }

    async fn unregister(
        &self,
        user: &UserId,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<Vec<Connection>, StoreError> {
        self.read(|state| {
            let Some(entry) = state.users.get_mut(user) else { return Vec::new() };
            entry.connections.retain(|other| &other.id != connection);
            entry.last_seen = Some(now);
            entry.connections.clone()
        })
        .await
    }

    async fn forget(&self, user: &UserId, connections: &[ConnectionId]) -> Result<Vec<Connection>, StoreError> {
        self.read(|state| {
            let Some(entry) = state.users.get_mut(user) else { return Vec::new() };
            entry.connections.retain(|other| !connections.contains(&other.id));
            entry.connections.clone()
        })
        .await
    }

    async fn reregister(
        &self,
        user: &UserId,
        connection: &Connection,
        _: Timestamp,
    ) -> Result<Option<Registration>, StoreError> {
        self.read(|state| {
            if state.lost_at.is_none_or(|lost| connection.connected_at >= lost) {
                return None;
            }
            let entry = state.users.entry(user.clone()).or_insert_with(|| ChatUser::unknown(user.clone()));
            add(&mut entry.connections, connection, &[]);
            Some(Registration::of(connection, entry.connections.clone()))
        })
        .await
    }

    async fn connections(&self, users: &[UserId]) -> Result<Vec<UserConnections>, StoreError> {
        self.calls.count(|calls| {
            calls.lookups += 1;
            calls.looked_up += u32::try_from(users.len()).unwrap_or(u32::MAX);
        });
        if self.lock().lookups_fail {
            return Err(StoreError::Unavailable { operation: "BatchGetItem", source: "injected failure".into() });
        }
        Ok(self.users(users).await?.into_iter().map(|user| (user.id, user.connections)).collect())
    }

    async fn log_opening(&self, user: &UserId, now: Timestamp) -> Result<(), StoreError> {
        let is_logged = self.read(|state| {
            if !state.openings_fail {
                state.openings.push((now, user.clone()));
            }
            !state.openings_fail
        });
        match is_logged.await? {
            true => Ok(()),
            false => Err(StoreError::Unavailable { operation: "PutItem", source: "injected failure".into() }),
        }
    }

    async fn openings(&self, since: Timestamp, now: Timestamp, max: usize) -> Result<Option<Vec<UserId>>, StoreError> {
        let delay = self.lock().openings_delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.read(|state| {
            let users = state.openings.iter().filter(|(at, _)| (since..=now).contains(at));
            let users: Vec<UserId> = users.map(|(_, user)| user.clone()).collect();
            (users.len() <= max).then_some(users)
        })
        .await
    }
}

/// Adds a connection and removes `replaced`. False, and nothing changes, if there would be too many then.
fn add(connections: &mut Vec<Connection>, connection: &Connection, replaced: &[ConnectionId]) -> bool {
    let has = |id: &ConnectionId| connections.iter().any(|other| &other.id == id);
    let is_repeat = has(&connection.id);
    if !replaced.iter().all(has) || (!is_repeat && connections.len() - replaced.len() >= MAX_CONNECTIONS) {
        return false;
    }
    connections.retain(|other| other.id != connection.id && !replaced.contains(&other.id));
    connections.push(connection.clone());
    true
}

impl MemoryStore {
    /// Deletes all connections, as if the Redis that holds them restarted empty.
    pub fn lose_connections(&self, now: Timestamp) {
        let mut state = self.lock();
        state.users.values_mut().for_each(|user| user.connections.clear());
        state.lost_at = Some(now);
    }
}

impl UserStore for MemoryStore {
    async fn user(&self, user: &UserId) -> Result<Option<ChatUser>, StoreError> {
        self.read(|state| state.users.get(user).cloned()).await
    }

    async fn own_document(&self, user: &UserId) -> Result<ChatUser, StoreError> {
        Ok(self.user(user).await?.unwrap_or_else(|| ChatUser::unknown(user.clone())))
    }

    async fn users(&self, users: &[UserId]) -> Result<Vec<ChatUser>, StoreError> {
        self.read(|state| users.iter().filter_map(|user| state.users.get(user)).cloned().collect()).await
    }

    async fn preferences(&self, users: &[UserId]) -> Result<Vec<ChatUser>, StoreError> {
        let stored = self.users(users).await?;
        Ok(stored.into_iter().map(|user| ChatUser { connections: Vec::new(), ..user }).collect())
    }

    async fn change_user(
        &self,
        user: &UserId,
        change: &UserChange,
        spending: Spending,
    ) -> Result<Option<ChatUser>, StoreError> {
        self.transact(None, |state| {
            let entry = state.users.entry(user.clone()).or_insert_with(|| ChatUser::unknown(user.clone()));
            if entry.change_budget != spending.before {
                return None;
            }
            entry.change_budget = Some(spending.after);
            entry.nickname = Patch::applied(change.nickname.as_ref(), entry.nickname.as_ref());
            entry.custom = Patch::applied(change.custom.as_ref(), entry.custom.as_ref());
            entry.notify_on_mention = change.notify_on_mention.unwrap_or(entry.notify_on_mention);
            Some(entry.clone())
        })
        .await
    }
}

impl MemoryStore {
    /// From now on, reading the openings takes so much longer.
    pub fn delay_openings(&self, delay: Duration) {
        self.lock().openings_delay = delay;
    }

    /// From now on, no connections can be looked up.
    pub fn fail_lookups(&self) {
        self.lock().lookups_fail = true;
    }

    /// From now on, no opening can be logged.
    pub fn fail_openings(&self) {
        self.lock().openings_fail = true;
    }
}
