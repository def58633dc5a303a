//! Reactions to a message: the emojis, and who reacted with each.

use crate::ids::UserId;
use crate::text::Invalid;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An emoji in Unicode's list, in its fully qualified form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Emoji(&'static str);

impl Emoji {
    /// Looks up an emoji. A form without its variation selector is the same emoji.
    ///
    /// # Errors
    /// [`Invalid`] if Unicode does not list it (<https://unicode.org/emoji/charts/full-emoji-list.html>).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        emojis::get(text).map(|emoji| Self(emoji.as_str())).ok_or_else(|| Invalid::because("must be one emoji"))
    }

    /// The emoji in its fully qualified form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

// Not derived, because the derived implementation would need text of lifetime `'static`.
impl<'de> Deserialize<'de> for Emoji {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The users who reacted, by emoji. Every emoji has at least one user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reactions(BTreeMap<Emoji, BTreeSet<UserId>>);

/// The limit that a reaction would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReactionLimitExceeded {
    /// The counted things, in the plural.
    pub what: &'static str,
    /// The highest allowed number.
    pub limit: usize,
}

impl Reactions {
    /// The most different emojis on one message.
    pub const MAX_EMOJIS: usize = 20;
    /// The most reactions on one message, over all emojis and users.
    pub const MAX_ENTRIES: usize = 1000;

    /// The reactions in `entries`, without emojis that have no users.
    pub fn of(entries: impl IntoIterator<Item = (Emoji, BTreeSet<UserId>)>) -> Self {
        Self(entries.into_iter().filter(|(_, users)| !users.is_empty()).collect())
    }

    /// Every emoji with its users.
    pub fn entries(&self) -> impl Iterator<Item = (Emoji, &BTreeSet<UserId>)> {
        self.0.iter().map(|(emoji, users)| (*emoji, users))
    }

    /// Whether there are no reactions.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A copy in which the reactions of `user` are exactly `emojis`.
    ///
    /// # Errors
    /// [`ReactionLimitExceeded`] if the message would have too many. Removing reactions always succeeds.
    pub fn with(&self, user: &UserId, emojis: &BTreeSet<Emoji>) -> Result<Self, ReactionLimitExceeded> {
        let mut next = self.0.clone();
        for users in next.values_mut() {
            users.remove(user);
        }
        for emoji in emojis {
            next.entry(*emoji).or_default().insert(user.clone());
        }
        next.retain(|_, users| !users.is_empty());
        let before = self.0.values().filter(|users| users.contains(user)).count();
        let entries: usize = next.values().map(BTreeSet::len).sum();
        if next.len() > Self::MAX_EMOJIS && next.len() > self.0.len() {
            return Err(ReactionLimitExceeded { what: "different emojis", limit: Self::MAX_EMOJIS });
        }
        if entries > Self::MAX_ENTRIES && emojis.len() > before {
            return Err(ReactionLimitExceeded { what: "reactions", limit: Self::MAX_ENTRIES });
        }
        Ok(Self(next))
    }
}

/// The reactions with one emoji, as readers see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReactionView {
    emoji: Emoji,
    /// The number of users who reacted with it.
    count: usize,
    /// The users, sorted.
    pub(crate) user_ids: Vec<UserId>,
    /// True if `user_ids` was cut so that the message fits in a frame.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) user_ids_limited: bool,
}

impl ReactionView {
    /// The views of all reactions; every reader sees the same.
    pub(crate) fn all(reactions: &Reactions) -> Vec<Self> {
        let view = |(emoji, users): (Emoji, &BTreeSet<UserId>)| Self {
            emoji,
            count: users.len(),
            user_ids: users.iter().cloned().collect(),
            user_ids_limited: false,
        };
        reactions.entries().map(view).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emoji(text: &str) -> Emoji {
        Emoji::parse(text).unwrap()
    }

    fn user(n: usize) -> UserId {
        UserId::parse(format!("u{n}")).unwrap()
    }

    #[test]
    fn parse_accepts_only_emojis_in_the_unicode_list() {
        for good in ["👍", "👍🏽", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "🇩🇪", "1️⃣", "❤️"]
        {
            assert_eq!(Emoji::parse(good).map(Emoji::as_str), Ok(good));
        }
        assert_eq!(emoji("❤"), emoji("❤️"), "with and without its variation selector");
        for bad in ["", " ", "a", "1", ":thumbsup:", "👍👍", "👍 ", "🇩", "\u{200d}", "<b>"] {
            assert!(Emoji::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reactions_of_a_user_are_set_and_removed() {
        let (alice, bob) = (user(1), user(2));
        let both = BTreeSet::from([emoji("👍"), emoji("🎉")]);
        let one = Reactions::default().with(&alice, &both).unwrap().with(&bob, &[emoji("👍")].into()).unwrap();
        let next = one.with(&alice, &[emoji("🎉")].into()).unwrap();
        let shown: Vec<_> = next.entries().map(|(emoji, users)| (emoji.as_str(), users.len())).collect();
        assert_eq!(shown.len(), 2);
        assert!(next.0[&emoji("👍")].contains(&bob) && !next.0[&emoji("👍")].contains(&alice));
        let none = next.with(&alice, &BTreeSet::new()).unwrap().with(&bob, &BTreeSet::new()).unwrap();
        assert!(none.is_empty(), "an emoji without users is removed");
    }

    #[test]
    fn reactions_above_the_limits_are_refused() {
        let all: Vec<Emoji> = emojis::iter().take(21).map(|each| emoji(each.as_str())).collect();
        let twenty: BTreeSet<_> = all[..20].iter().copied().collect();
        let full = Reactions::default().with(&user(0), &twenty).unwrap();
        let error = full.with(&user(1), &[all[20]].into()).unwrap_err();
        assert_eq!(error, ReactionLimitExceeded { what: "different emojis", limit: 20 });
        assert!(full.with(&user(1), &[all[3]].into()).is_ok(), "an emoji that the message has already");
        let crowd = Reactions::of(twenty.iter().map(|emoji| (*emoji, (0..50).map(user).collect())));
        assert_eq!(
            crowd.with(&user(99), &[all[0]].into()).unwrap_err(),
            ReactionLimitExceeded { what: "reactions", limit: 1000 }
        );
        assert!(crowd.with(&user(1), &[all[0]].into()).is_ok(), "the user has fewer reactions than before");
    }
}
