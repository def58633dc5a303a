//! A user as the chat knows them: nickname, presence, muted chats, live connections.

use crate::ids::{ChatId, ConnectionId, UserId};
use crate::names::Nickname;
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// API Gateway closes a WebSocket connection after two hours, so an older entry is a ghost.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
pub const MAX_CONNECTION_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// The most connections that one user keeps; the oldest go first.
pub const MAX_CONNECTIONS: usize = 20;

/// One live WebSocket connection of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// API Gateway's name for it.
    pub id: ConnectionId,
    /// When it was opened, by API Gateway's clock.
    pub connected_at: Timestamp,
    /// When the token that opened it expires: nothing is pushed past it.
    pub exp: Timestamp,
}

impl Connection {
    /// Whether anything may still be pushed to it.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.exp && now.since(self.connected_at) < MAX_CONNECTION_AGE
    }
}

/// The ChatUser document, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatUser {
    /// The user.
    pub id: UserId,
    /// What they call themselves; their id until they say.
    pub nickname: Option<Nickname>,
    /// When they last connected or disconnected; none before they ever did.
    pub last_seen: Option<Timestamp>,
    /// Chats that they muted, with the end of the mute where it has one.
    pub muted_chats: Mutes,
    /// Whether they want to be notified of a message that mentions them though they muted the chat.
    pub notify_on_mention: bool,
    /// Their connections, dead ones included.
    pub connections: Vec<Connection>,
}

impl ChatUser {
    /// A user of whom nothing is stored yet.
    pub fn unknown(id: UserId) -> Self {
        Self {
            id,
            nickname: None,
            last_seen: None,
            muted_chats: Mutes::new(),
            notify_on_mention: false,
            connections: Vec::new(),
        }
    }
}

/// What a user changes of what they say of themselves; what is None stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    /// What they call themselves.
    pub nickname: Option<Nickname>,
    /// Whether they want to be notified of mentions in chats that they muted.
    pub notify_on_mention: Option<bool>,
}

/// How long a connection may take to be open after it was registered: until then it can be neither posted to nor closed
/// (410), so it is taken neither for dead nor for surplus. API Gateway gives `$connect` 29 s.
pub const CONNECT_GRACE: Duration = Duration::from_secs(30);

/// Whether a user with these connections can be reached now.
pub fn is_online(connections: &[Connection], now: Timestamp) -> bool {
    connections.iter().any(|connection| connection.is_live(now))
}

/// Whether this is the user's only live connection.
pub fn is_alone(connection: &ConnectionId, connections: &[Connection], now: Timestamp) -> bool {
    connections.iter().all(|other| &other.id == connection || !other.is_live(now))
}

/// Which connections must go so that at most [`MAX_CONNECTIONS`] stay: the dead ones, then the oldest that are open.
pub fn surplus(connections: &[Connection], now: Timestamp) -> Vec<Connection> {
    let (mut live, mut surplus): (Vec<_>, Vec<_>) =
        connections.iter().cloned().partition(|connection| connection.is_live(now));
    live.sort_by(|a, b| (b.connected_at, &b.id).cmp(&(a.connected_at, &a.id)));
    let oldest = live.drain(live.len().min(MAX_CONNECTIONS)..);
    surplus.extend(oldest.filter(|connection| now.since(connection.connected_at) >= CONNECT_GRACE));
    surplus
}

/// What the Auth Service says of a user: never stored, only shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The name that they sign in with.
    pub username: String,
    /// The name that they want to be shown by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// The chats that a user muted, with the end of the mute where it has one.
pub type Mutes = BTreeMap<ChatId, Option<Timestamp>>;

/// The most chats that one user mutes.
pub const MAX_MUTED_CHATS: usize = 200;

/// Whether and until when a chat is muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MuteView {
    muted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<Timestamp>,
}

impl MuteView {
    /// What these mutes say of a chat now: one that has ended is none.
    pub fn new(mutes: &Mutes, chat: &ChatId, now: Timestamp) -> Self {
        let mute = mutes.get(chat).filter(|until| until.is_none_or(|until| now < until));
        Self { muted: mute.is_some(), muted_until: mute.copied().flatten() }
    }

    /// Whether it is muted.
    pub fn is_muted(&self) -> bool {
        self.muted
    }
}

/// Whether a user can be reached now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// At least one connection is live.
    Online,
    /// None is.
    Offline,
}

/// The ChatUser of the document model, as `reader` is shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatUserView {
    user_id: UserId,
    nickname: String,
    status: Status,
    last_seen: Option<Timestamp>,
    /// Only the reader's own are shown.
    muted_chats: Vec<ChatId>,
    /// Only the reader's own is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_on_mention: Option<bool>,
    /// What the Auth Service says of them, where it was asked and answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
}

impl ChatUserView {
    /// What `reader` is shown of a user now.
    pub fn new(user: &ChatUser, reader: &UserId, now: Timestamp) -> Self {
        let muted = user.muted_chats.iter().filter(|(_, until)| until.is_none_or(|until| now < until));
        let nickname = user.nickname.as_ref().map_or(user.id.as_str(), Nickname::as_str);
        let is_reader = &user.id == reader;
        Self {
            user_id: user.id.clone(),
            nickname: nickname.to_owned(),
            status: if is_online(&user.connections, now) { Status::Online } else { Status::Offline },
            last_seen: user.last_seen,
            muted_chats: if is_reader { muted.map(|(chat, _)| chat.clone()).collect() } else { Vec::new() },
            notify_on_mention: is_reader.then_some(user.notify_on_mention),
            profile: None,
        }
    }

    /// The same with what the Auth Service says.
    #[must_use]
    pub fn with_profile(self, profile: Option<Profile>) -> Self {
        Self { profile, ..self }
    }

    /// The user.
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Whether the user can be reached.
    pub fn status(&self) -> Status {
        self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(n: i64, exp: i64) -> Connection {
        Connection {
            id: ConnectionId::parse(format!("c{n}")).unwrap(),
            connected_at: Timestamp::from_seconds(n),
            exp: Timestamp::from_seconds(exp),
        }
    }

    #[test]
    fn a_connection_dies_with_its_token_or_after_two_hours() {
        let token = connection(0, 100);
        assert!(token.is_live(Timestamp::from_millis(99_999)) && !token.is_live(Timestamp::from_seconds(100)));
        let old = connection(0, 1_000_000);
        assert!(old.is_live(Timestamp::from_seconds(7199)) && !old.is_live(Timestamp::from_seconds(7200)));
    }

    #[test]
    fn the_dead_go_first_and_then_the_oldest() {
        let mut connections: Vec<_> = (1..=21).map(|n| connection(n, 1000)).collect();
        connections.push(connection(30, 31));
        let gone: Vec<_> =
            surplus(&connections, Timestamp::from_seconds(40)).into_iter().map(|c| c.id.to_string()).collect();
        assert_eq!(gone, ["c30", "c1"]);
        // One that is being opened cannot be closed yet, however many there are.
        let opening: Vec<_> = (1..=30).map(|n| connection(n, 1000)).collect();
        assert!(surplus(&opening, Timestamp::from_seconds(30)).is_empty());
        assert_eq!(surplus(&opening, Timestamp::from_seconds(31)).len(), 1);
    }

    #[test]
    fn another_users_mutes_are_not_shown_and_an_ended_one_is_none() {
        let alice = UserId::parse("alice").unwrap();
        let chat = ChatId::parse("c").unwrap();
        let ended = ChatId::parse("d").unwrap();
        let now = Timestamp::from_seconds(100);
        let user = ChatUser {
            muted_chats: Mutes::from([(chat.clone(), None), (ended, Some(now))]),
            ..ChatUser::unknown(alice.clone())
        };
        assert_eq!(ChatUserView::new(&user, &alice, now).muted_chats, [chat]);
        assert!(ChatUserView::new(&user, &UserId::parse("bob").unwrap(), now).muted_chats.is_empty());
    }

    #[test]
    fn an_ended_mute_is_no_mute() {
        let (chat, now) = (ChatId::parse("c").unwrap(), Timestamp::from_seconds(100));
        let shown =
            |until| serde_json::to_string(&MuteView::new(&Mutes::from([(chat.clone(), until)]), &chat, now)).unwrap();
        assert_eq!(shown(None), r#"{"muted":true}"#);
        assert_eq!(
            shown(Some(Timestamp::from_millis(100_001))),
            r#"{"muted":true,"mutedUntil":"1970-01-01T00:01:40.001Z"}"#
        );
        assert_eq!(shown(Some(now)), r#"{"muted":false}"#);
    }
}
