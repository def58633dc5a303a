//! What a client knows of users, and whether they are online.

use crate::documents::{ChatUser, Profile, Status, Time, UserId};
use crate::events::Presence;
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
}

/// Every user of whom a document or an event came, by id.
#[derive(Debug, Clone, Default)]
pub(super) struct People(BTreeMap<UserId, Person>);

impl People {
    pub(super) fn get(&self, user: &str) -> Option<&Person> {
        self.0.get(user)
    }

    /// Takes a user's document. If a presence event came over this connection, its status is newer than the document's,
    /// unless the document is in an event too (`is_event`).
    pub(super) fn put(&mut self, user: &ChatUser, is_event: bool) {
        let before = self.0.get(&user.user_id);
        let newer = before.filter(|before| before.status_at.is_some() && !is_event);
        let (status, last_seen) = match newer {
            Some(newer) => (newer.status, newer.last_seen.clone()),
            None => (user.status, user.last_seen.clone()),
        };
        let person = Person {
            nickname: user.nickname.clone(),
            // Not every document has the profile.
            profile: user.profile.clone().or_else(|| before?.profile.clone()),
            status,
            last_seen,
            status_at: before.and_then(|before| before.status_at.clone()),
        };
        self.0.insert(user.user_id.clone(), person);
    }

    /// Takes a presence event. False if a later one came before.
    pub(super) fn apply_presence(&mut self, presence: &Presence) -> bool {
        let person = self.0.entry(presence.user_id.clone()).or_insert_with(|| Person {
            nickname: presence.user_id.clone(),
            profile: None,
            status: presence.status,
            last_seen: None,
            status_at: None,
        });
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

    /// The connection is lost: the next document is newer than the presence events so far.
    pub(super) fn expire_presence(&mut self) {
        for person in self.0.values_mut() {
            person.status_at = None;
        }
    }
}
