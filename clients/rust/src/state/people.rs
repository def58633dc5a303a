//! What a client knows of users, whether they are online, and of whom a chat says nothing.

use crate::documents::{ChatId, ChatUser, Profile, Rev, Status, Time, UserId};
use crate::events::{NewNickname, Presence};
use std::collections::BTreeMap;

/// What a client knows of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The nickname; the user's id if they have not chosen one.
    pub nickname: String,
    /// The profile from the Auth Service; None if no answer had one.
    pub profile: Option<Profile>,
    /// Whether the user is online.
    pub status: Status,
    /// When the user was last seen; None if never.
    pub last_seen: Option<Time>,
    /// `at` of the presence event that brought the status; None if a document brought it.
    status_at: Option<Time>,
    /// `at` of the event that brought the nickname; None if a document brought it.
    nickname_at: Option<Time>,
    /// Whether a document came. Else only events did.
    has_document: bool,
}

impl Person {
    /// A user of whom only an event came.
    fn unnamed(user: &str, status: Status) -> Self {
        let nickname = user.to_owned();
        Self {
            nickname,
            profile: None,
            status,
            last_seen: None,
            status_at: None,
            nickname_at: None,
            has_document: false,
        }
    }
}

/// What a client knows of users.
#[derive(Debug, Clone, Default)]
pub(super) struct People {
    /// Every user of whom a document or an event came, by id.
    known: BTreeMap<UserId, Person>,
    /// The users whom a chat did not show when they were asked for, with the rev of its document then.
    left_out: BTreeMap<(ChatId, UserId), Rev>,
}

impl People {
    pub(super) fn get(&self, user: &str) -> Option<&Person> {
        self.known.get(user)
    }

    /// Takes a user's document. If an event about the user came over this connection, its status or its nickname is
    /// newer than the document's, unless the document is in an event too (`is_event`).
    pub(super) fn put(&mut self, user: &ChatUser, is_event: bool) {
        let before = self.known.get(&user.user_id);
        let newer = before.filter(|before| before.status_at.is_some() && !is_event);
        let (status, last_seen) = match newer {
            Some(newer) => (newer.status, newer.last_seen.clone()),
            None => (user.status, user.last_seen.clone()),
        };
        let newer = before.filter(|before| before.nickname_at.is_some() && !is_event);
        let person = Person {
            nickname: newer.map_or(&user.nickname, |newer| &newer.nickname).clone(),
            // Not every document has the profile.
            profile: user.profile.clone().or_else(|| before?.profile.clone()),
            status,
            last_seen,
            status_at: before.and_then(|before| before.status_at.clone()),
            nickname_at: before.and_then(|before| before.nickname_at.clone()),
            has_document: true,
        };
        self.known.insert(user.user_id.clone(), person);
    }

    /// Whether to ask a chat for a user: no document of them came, and the chat did not leave them out since its document
    /// had this rev.
    pub(super) fn is_unknown(&self, chat: &ChatId, user: &UserId, rev: Rev) -> bool {
        !self.known.get(user).is_some_and(|person| person.has_document)
            && self.left_out.get(&(chat.clone(), user.clone())).is_none_or(|asked_at| *asked_at < rev)
    }

    /// Notes that a chat whose document has this rev does not show a user.
    pub(super) fn put_left_out(&mut self, chat: &ChatId, user: &UserId, rev: Rev) {
        self.left_out.insert((chat.clone(), user.clone()), rev);
    }

    /// Takes a nickname event. False if a later one came before.
    pub(super) fn apply_nickname(&mut self, new: &NewNickname) -> bool {
        let person =
            self.known.entry(new.user_id.clone()).or_insert_with(|| Person::unnamed(&new.user_id, Status::Offline));
        if person.nickname_at.as_ref().is_some_and(|at| *at > new.at) {
            return false;
        }
        person.nickname.clone_from(&new.nickname);
        person.nickname_at = Some(new.at.clone());
        true
    }

    /// Takes a presence event. False if a later one came before.
    pub(super) fn apply_presence(&mut self, presence: &Presence) -> bool {
        let person = self
            .known
            .entry(presence.user_id.clone())
            .or_insert_with(|| Person::unnamed(&presence.user_id, presence.status));
        if person.status_at.as_ref().is_some_and(|at| *at >= presence.at) {
            return false;
        }
        person.status = presence.status;
        person.status_at = Some(presence.at.clone());
        if presence.last_seen.is_some() {
            person.last_seen.clone_from(&presence.last_seen);
        }
        true
    }

    /// The connection is lost: the next document is newer than the events so far.
    pub(super) fn expire_events(&mut self) {
        for person in self.known.values_mut() {
            person.status_at = None;
            person.nickname_at = None;
        }
    }
}
