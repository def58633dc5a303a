//! A user of the chat: nickname, presence and connections; and which chats they muted.

use crate::budget::Budget;
use crate::custom::Custom;
use crate::ids::{ChatId, ConnectionId, UserId};
use crate::member_settings::MemberSettings;
use crate::names::Nickname;
use crate::patch::Patch;
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// API Gateway closes a WebSocket connection after two hours, so an older entry is dead.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
pub const MAX_CONNECTION_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// The most connections of one user, dead ones included. If there are more, the dead ones and then the oldest are
/// removed.
pub const MAX_CONNECTIONS: usize = 20;

/// One registered WebSocket connection of a user. It may be dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The id from API Gateway.
    pub id: ConnectionId,
    /// When it was opened, by the clock of API Gateway.
    pub connected_at: Timestamp,
    /// When the token of its handshake expires: nothing is pushed after that.
    pub exp: Timestamp,
}

impl Connection {
    /// Whether events may be pushed to it at `now`: the token has not expired, and the connection is younger than
    /// [`MAX_CONNECTION_AGE`].
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.exp && now.since(self.connected_at) < MAX_CONNECTION_AGE
    }
}

/// The ChatUser document as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatUser {
    /// The user's id in the Auth Service.
    pub id: UserId,
    /// The name that the user chose; None until then, and their id is shown.
    pub nickname: Option<Nickname>,
    /// When the user last connected or disconnected; None if they never connected.
    pub last_seen: Option<Timestamp>,
    /// Whether the user wants notifications of messages that mention them in muted chats.
    pub notify_on_mention: bool,
    /// What an application attached to the user, of at most [`Custom::MAX_USER_BYTES`].
    pub custom: Option<Custom>,
    /// How many changes of this document the user may still make; None if as many as the bucket holds.
    pub change_budget: Option<Budget>,
    /// The user's connections, dead ones included.
    pub connections: Vec<Connection>,
}

impl ChatUser {
    /// A user about whom nothing is stored.
    pub fn unknown(id: UserId) -> Self {
        Self {
            id,
            nickname: None,
            last_seen: None,
            notify_on_mention: false,
            custom: None,
            change_budget: None,
            connections: Vec::new(),
        }
    }
}

/// A change of a user's own document. None keeps the present value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    /// What happens to the nickname. Without one, the user's id is shown.
    pub nickname: Option<Patch<Nickname>>,
    /// Whether the user wants notifications of mentions in muted chats.
    pub notify_on_mention: Option<bool>,
    /// What happens to the custom data, which has at most [`Custom::MAX_USER_BYTES`].
    pub custom: Option<Patch<Custom>>,
}

impl UserChange {
    /// Whether it changes anything of this user.
    pub fn changes(&self, user: &ChatUser) -> bool {
        let Self { nickname, notify_on_mention, custom } = self;
        let is_renamed = nickname.as_ref().is_some_and(|nickname| nickname.value() != user.nickname.as_ref());
        let is_customized = custom.as_ref().is_some_and(|custom| custom.value() != user.custom.as_ref());
        is_renamed || is_customized || notify_on_mention.is_some_and(|wants| user.notify_on_mention != wants)
    }
}

/// How long the opening of a connection may take after it is registered. Until it is open, posting to it and closing
/// it fail with 410. So it neither counts as gone nor makes room for another one. API Gateway gives `$connect` 29 s.
pub const CONNECT_GRACE: Duration = Duration::from_secs(30);

/// Whether any of these connections is live at `now`.
pub fn is_online(connections: &[Connection], now: Timestamp) -> bool {
    connections.iter().any(|connection| connection.is_live(now))
}

/// Whether no other connection of the user is live at `now`.
pub fn is_only_connection(connection: &ConnectionId, connections: &[Connection], now: Timestamp) -> bool {
    connections.iter().all(|other| &other.id == connection || !other.is_live(now))
}

/// The connections to remove so that the user can have one more: all dead ones, then the oldest live ones. None if a
/// live one among them is younger than [`CONNECT_GRACE`], because it cannot be closed yet.
pub fn make_room(connections: &[Connection], now: Timestamp) -> Option<Vec<Connection>> {
    let (mut live, mut removed): (Vec<_>, Vec<_>) =
        connections.iter().cloned().partition(|connection| connection.is_live(now));
    live.sort_by(|a, b| (b.connected_at, &b.id).cmp(&(a.connected_at, &a.id)));
    let oldest = live.split_off(live.len().min(MAX_CONNECTIONS - 1));
    if oldest.iter().any(|connection| now.since(connection.connected_at) < CONNECT_GRACE) {
        return None;
    }
    removed.extend(oldest);
    Some(removed)
}

/// The Auth Service's data about a user. It is shown but never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The name that the user signs in with.
    pub username: String,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The URL of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// A user's mutes by chat, with the end of the mute; None if it has no end.
pub type Mutes = BTreeMap<ChatId, Option<Timestamp>>;

/// The most chats that one user can mute.
pub const MAX_MUTED_CHATS: usize = 200;

/// Whether a chat is muted, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MuteView {
    muted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<Timestamp>,
}

impl MuteView {
    /// The mute of a chat with these settings at `now`. A mute that has ended counts as not muted.
    pub fn new(settings: &MemberSettings, now: Timestamp) -> Self {
        let notifications = settings.notifications.at(now);
        Self { muted: notifications.is_muted(now), muted_until: notifications.mute_until() }
    }

    /// Whether the chat is muted.
    pub fn is_muted(&self) -> bool {
        self.muted
    }
}

/// Whether a user has a live connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// At least one connection of the user is live.
    Online,
    /// No connection of the user is live.
    Offline,
}

/// The ChatUser document as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatUserView {
    user_id: UserId,
    nickname: String,
    status: Status,
    last_seen: Option<Timestamp>,
    /// Empty unless the user is the reader, and their mutes were read: [`ChatUserView::with_mutes`].
    muted_chats: Vec<ChatId>,
    /// None unless the user is the reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_on_mention: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Custom>,
    /// The Auth Service's data, if it was asked and answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
}

impl ChatUserView {
    /// The user as `reader` sees them at `now`, without mutes and without a profile.
    pub fn new(user: &ChatUser, reader: &UserId, now: Timestamp) -> Self {
        let nickname = user.nickname.as_ref().map_or(user.id.as_str(), Nickname::as_str);
        let is_reader = &user.id == reader;
        Self {
            user_id: user.id.clone(),
            nickname: nickname.to_owned(),
            status: if is_online(&user.connections, now) { Status::Online } else { Status::Offline },
            last_seen: user.last_seen,
            muted_chats: Vec::new(),
            notify_on_mention: is_reader.then_some(user.notify_on_mention),
            custom: user.custom.clone(),
            profile: None,
        }
    }

    /// Sets the chats that are muted at `now`. Only for the reader's own user.
    #[must_use]
    pub fn with_mutes(self, mutes: &Mutes, now: Timestamp) -> Self {
        let muted = mutes.iter().filter(|(_, until)| until.is_none_or(|until| now < until));
        Self { muted_chats: muted.map(|(chat, _)| chat.clone()).collect(), ..self }
    }

    /// Sets the profile.
    #[must_use]
    pub fn with_profile(self, profile: Option<Profile>) -> Self {
        Self { profile, ..self }
    }

    /// The name that the user chose, or their id.
    pub fn nickname(&self) -> &str {
        &self.nickname
    }

    /// The id of the user shown.
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Whether the user had a live connection when the view was made.
    pub fn status(&self) -> Status {
        self.status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member_settings::Notifications;

    fn connection(n: i64, exp: i64) -> Connection {
        Connection {
            id: ConnectionId::parse(format!("c{n}")).unwrap(),
            connected_at: Timestamp::from_seconds(n),
            exp: Timestamp::from_seconds(exp),
        }
    }

    #[test]
    fn connection_is_dead_when_token_expires_or_after_two_hours() {
        let token = connection(0, 100);
        assert!(token.is_live(Timestamp::from_millis(99_999)) && !token.is_live(Timestamp::from_seconds(100)));
        let old = connection(0, 1_000_000);
        assert!(old.is_live(Timestamp::from_seconds(7199)) && !old.is_live(Timestamp::from_seconds(7200)));
    }

    #[test]
    fn dead_connections_then_the_oldest_make_room() {
        let room = |connections: &[Connection], seconds| {
            let removed = make_room(connections, Timestamp::from_seconds(seconds))?;
            Some(removed.iter().map(|connection| connection.id.to_string()).collect::<Vec<_>>())
        };
        let mut connections: Vec<_> = (1..=20).map(|n| connection(n, 1000)).collect();
        assert_eq!(room(&connections, 60), Some(vec!["c1".to_owned()]));
        connections[10] = connection(30, 31);
        assert_eq!(room(&connections, 60), Some(vec!["c30".to_owned()]), "19 live ones can stay");
        // A connection that is being opened cannot be closed yet, however many there are.
        let opening: Vec<_> = (1..=20).map(|n| connection(n, 1000)).collect();
        assert_eq!(room(&opening, 30), None);
        assert_eq!(room(&opening, 31), Some(vec!["c1".to_owned()]));
        let many: Vec<_> = (1..=30).map(|n| connection(n, 1000)).collect();
        assert_eq!(room(&many, 40), None, "c11 is 29 s old");
        assert_eq!(room(&many, 41).unwrap().len(), 11);
    }

    #[test]
    fn only_active_mutes_are_shown() {
        let alice = UserId::parse("alice").unwrap();
        let chat = ChatId::parse("c").unwrap();
        let ended = ChatId::parse("d").unwrap();
        let now = Timestamp::from_seconds(100);
        let mutes = Mutes::from([(chat.clone(), None), (ended, Some(now))]);
        let view = ChatUserView::new(&ChatUser::unknown(alice.clone()), &alice, now);
        assert!(view.muted_chats.is_empty());
        assert_eq!(view.with_mutes(&mutes, now).muted_chats, [chat]);
    }

    #[test]
    fn ended_mute_is_shown_as_not_muted() {
        let now = Timestamp::from_seconds(100);
        let shown = |until| {
            let settings = MemberSettings { notifications: Notifications::Muted(until), ..MemberSettings::default() };
            serde_json::to_string(&MuteView::new(&settings, now)).unwrap()
        };
        assert_eq!(shown(None), r#"{"muted":true}"#);
        assert_eq!(
            shown(Some(Timestamp::from_millis(100_001))),
            r#"{"muted":true,"mutedUntil":"1970-01-01T00:01:40.001Z"}"#
        );
        assert_eq!(shown(Some(now)), r#"{"muted":false}"#);
    }
}
