//! Who the others are, and whether they are there.

use crate::documents::{ChatUser, Profile, Status, Time, UserId};
use crate::events::Presence;
use std::collections::BTreeMap;

/// What is known of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What they call themselves.
    pub nickname: String,
    /// What the Auth Service says of them, if it was told.
    pub profile: Option<Profile>,
    /// Whether they are there.
    pub status: Status,
    /// When they were last seen, if they ever were.
    pub last_seen: Option<Time>,
    /// Of when an event told the status; None: it was listed.
    told_at: Option<Time>,
}

/// Everybody of whom something was told, by id.
#[derive(Debug, Clone, Default)]
pub(super) struct People(BTreeMap<UserId, Person>);

impl People {
    pub(super) fn get(&self, user: &str) -> Option<&Person> {
        self.0.get(user)
    }

    /// Takes a user's document. What an event told of their status over this connection is newer, unless this is one.
    pub(super) fn put(&mut self, user: &ChatUser, is_event: bool) {
        let before = self.0.get(&user.user_id);
        let told = before.filter(|before| before.told_at.is_some() && !is_event);
        let (status, last_seen) = match told {
            Some(told) => (told.status, told.last_seen.clone()),
            None => (user.status, user.last_seen.clone()),
        };
        let person = Person {
            nickname: user.nickname.clone(),
            // A document without one was not asked for one.
            profile: user.profile.clone().or_else(|| before?.profile.clone()),
            status,
            last_seen,
            told_at: before.and_then(|before| before.told_at.clone()),
        };
        self.0.insert(user.user_id.clone(), person);
    }

    /// Takes an event. False if a later one was taken before.
    pub(super) fn presence(&mut self, presence: &Presence) -> bool {
        let person = self.0.entry(presence.user_id.clone()).or_insert_with(|| Person {
            nickname: presence.user_id.clone(),
            profile: None,
            status: presence.status,
            last_seen: None,
            told_at: None,
        });
        if person.told_at.as_ref().is_some_and(|at| *at >= presence.at) {
            return false;
        }
        person.status = presence.status;
        person.told_at = Some(presence.at.clone());
        if presence.last_seen.is_some() {
            person.last_seen.clone_from(&presence.last_seen);
        }
        true
    }

    /// The connection was lost: what is listed next is newer than what was told.
    pub(super) fn forget_presence(&mut self) {
        for person in self.0.values_mut() {
            person.told_at = None;
        }
    }
}
