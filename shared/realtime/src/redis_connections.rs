//! Live connections in Redis or Valkey. Each user has one hash, from connection id to `connectedAt:exp` in
//! milliseconds. A key expires two hours after the last new connection, the maximum age of a connection. One more key
//! contains the time since which Redis has data. Connections from before that time may be lost.
//!
//! Each call is one round trip. A change of a user's connections and the read after it are one script or one
//! transaction (MULTI). So if two devices connect at the same time, exactly one of them is the first, and never more
//! than the maximum are registered.

use crate::link::{Password, RedisLink};
use domain::chat_user::{Connection, MAX_CONNECTION_AGE, MAX_CONNECTIONS};
use domain::ids::{ConnectionId, UserId};
use domain::ports::{ConnectionStore, StoreError, UserConnections};
use domain::timestamp::Timestamp;
use error_text::error_chain;
use redis::Client;
use std::collections::BTreeMap;

/// Adds a connection unless there would be too many, and returns the hash. The arguments are the connection's id and
/// entry, the expiry of the key in seconds, the most connections, and the ids of connections to remove. Nothing changes
/// if one of these was removed already.
/// <https://redis.io/docs/latest/develop/programmability/eval-intro/>
const ADD_CONNECTION: &str = "\
local removed = {unpack(ARGV, 5)}
for _, id in ipairs(removed) do
  if redis.call('HEXISTS', KEYS[1], id) == 0 then return redis.call('HGETALL', KEYS[1]) end
end
if redis.call('HLEN', KEYS[1]) - #removed < tonumber(ARGV[4]) or redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  if #removed > 0 then redis.call('HDEL', KEYS[1], unpack(removed)) end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return redis.call('HGETALL', KEYS[1])";

/// The maximum number of users in one pipeline.
const MAX_USERS_PER_PIPELINE: usize = 1000;

/// Live connections in Redis.
pub struct RedisConnections<P = ()> {
    link: RedisLink<P>,
    prefix: String,
}

impl<P: Password> RedisConnections<P> {
    /// Creates a store on this server. Its keys begin with `prefix`. This does not connect yet.
    pub fn new(server: Client, password: P, prefix: &str) -> Self {
        Self { link: RedisLink::new(server, password), prefix: prefix.to_owned() }
    }

    /// Connects while the function starts. If Redis does not answer, it only logs a warning.
    pub async fn warm(&self) {
        if let Err(error) = self.link.run::<()>("PING", redis::pipe().cmd("PING").ignore()).await {
            tracing::warn!(error = error_chain(&error), "Redis did not answer at the start of the function");
        }
    }

    fn key(&self, user: &UserId) -> String {
        format!("{}connections:{user}", self.prefix)
    }

    fn connections(&self, user: &UserId, hash: BTreeMap<String, String>) -> Result<Vec<Connection>, StoreError> {
        hash.into_iter()
            .map(|(id, entry)| {
                let times = entry.split_once(':').and_then(|(at, exp)| at.parse().ok().zip(exp.parse().ok()));
                let id_and_times = ConnectionId::parse(id.clone()).ok().zip(times);
                let (id, (connected_at, exp)) = id_and_times.ok_or_else(|| StoreError::Inconsistent {
                    table: "Redis",
                    key: format!("{}connections:#{}", self.prefix, user.hashed()),
                    attribute: id,
                })?;
                let time = Timestamp::from_millis;
                Ok(Connection { id, connected_at: time(connected_at), exp: time(exp) })
            })
            .collect()
    }
}

impl<P: Password> ConnectionStore for RedisConnections<P> {
    async fn add(
        &self,
        user: &UserId,
        connection: &Connection,
        replaced: &[ConnectionId],
    ) -> Result<Vec<Connection>, StoreError> {
        let entry = format!("{}:{}", connection.connected_at.millis(), connection.exp.millis());
        let mut commands = redis::pipe();
        commands
            .cmd("EVAL")
            .arg(ADD_CONNECTION)
            .arg(1)
            .arg(self.key(user))
            .arg(connection.id.as_str())
            .arg(entry)
            .arg(MAX_CONNECTION_AGE.as_secs())
            .arg(MAX_CONNECTIONS)
            .arg(replaced.iter().map(ConnectionId::as_str).collect::<Vec<_>>());
        let (hash,) = self.link.run("EVAL", &commands).await?;
        self.connections(user, hash)
    }

    async fn remembers_since(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        let key = format!("{}since", self.prefix);
        let mut commands = redis::pipe();
        commands.set_nx(&key, now.millis()).ignore().get(&key);
        let (millis,) = self.link.run("GET", &commands).await?;
        Ok(Timestamp::from_millis(millis))
    }

    async fn remove(&self, user: &UserId, connections: &[ConnectionId]) -> Result<Vec<Connection>, StoreError> {
        let key = self.key(user);
        let ids: Vec<&str> = connections.iter().map(ConnectionId::as_str).collect();
        let mut commands = redis::pipe();
        commands.atomic().hdel(&key, ids).ignore().hgetall(&key);
        let (hash,) = self.link.run("HDEL", &commands).await?;
        self.connections(user, hash)
    }

    async fn of(&self, users: &[UserId]) -> Result<Vec<UserConnections>, StoreError> {
        let mut user_connections = Vec::with_capacity(users.len());
        for chunk in users.chunks(MAX_USERS_PER_PIPELINE) {
            let mut commands = redis::pipe();
            for user in chunk {
                commands.hgetall(self.key(user));
            }
            let hashes: Vec<BTreeMap<String, String>> = self.link.run("HGETALL", &commands).await?;
            for (user, hash) in chunk.iter().zip(hashes).filter(|(_, hash)| !hash.is_empty()) {
                user_connections.push((user.clone(), self.connections(user, hash)?));
            }
        }
        Ok(user_connections)
    }
}

impl<P> std::fmt::Debug for RedisConnections<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisConnections").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
