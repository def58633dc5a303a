//! Reactions to a message: which emoji, by whom.

use crate::ids::UserId;
use crate::text::Invalid;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An emoji of Unicode's list, in its fully qualified form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Emoji(&'static str);

impl Emoji {
    /// Finds an emoji. A form that lacks a variation selector is the same emoji.
    ///
    /// # Errors
    /// [`Invalid`] if Unicode lists none such (<https://unicode.org/emoji/charts/full-emoji-list.html>).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        emojis::get(text).map(|emoji| Self(emoji.as_str())).ok_or_else(|| Invalid::because("must be one emoji"))
    }

    /// The emoji.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

// Not derived: a derived one would borrow the text for ever.
impl<'de> Deserialize<'de> for Emoji {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Who reacted with what: no emoji without a user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reactions(BTreeMap<Emoji, BTreeSet<UserId>>);

/// Which limit a reaction passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReactionLimitExceeded {
    /// Of what.
    pub what: &'static str,
    /// The most there can be.
    pub limit: usize,
}

impl Reactions {
    /// The most different emojis of one message.
    pub const MAX_EMOJIS: usize = 20;
    /// The most reactions of one message, all emojis and users together.
    pub const MAX_ENTRIES: usize = 1000;

    /// What is stored.
    pub fn of(entries: impl IntoIterator<Item = (Emoji, BTreeSet<UserId>)>) -> Self {
        Self(entries.into_iter().filter(|(_, users)| !users.is_empty()).collect())
    }

    /// Every emoji and its users.
    pub fn entries(&self) -> impl Iterator<Item = (Emoji, &BTreeSet<UserId>)> {
        self.0.iter().map(|(emoji, users)| (*emoji, users))
    }

    /// Whether nobody reacted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same, but that `user`'s are exactly `emojis`.
    ///
    /// # Errors
    /// [`ReactionLimitExceeded`], if that would be more than a message takes. Taking back is never refused.
    pub fn with(&self, user: &UserId, emojis: &BTreeSet<Emoji>) -> Result<Self, ReactionLimitExceeded> {
        let mut next = self.0.clone();
        for users in next.values_mut() {
            users.remove(user);
        }
        for emoji in emojis {
            next.entry(*emoji).or_default().insert(user.clone());
        }
        next.retain(|_, users| !users.is_empty());
        let had = self.0.values().filter(|users| users.contains(user)).count();
        let entries: usize = next.values().map(BTreeSet::len).sum();
        if next.len() > Self::MAX_EMOJIS && next.len() > self.0.len() {
            return Err(ReactionLimitExceeded { what: "different emojis", limit: Self::MAX_EMOJIS });
        }
        if entries > Self::MAX_ENTRIES && emojis.len() > had {
            return Err(ReactionLimitExceeded { what: "reactions", limit: Self::MAX_ENTRIES });
        }
        Ok(Self(next))
    }
}

/// One emoji of a message, as a reader is shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReactionView {
    emoji: Emoji,
    /// How many reacted with it.
    count: usize,
    /// Who, sorted.
    pub(crate) user_ids: Vec<UserId>,
    /// True where `user_ids` had to be cut so that the message fits a frame.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) user_ids_limited: bool,
}

impl ReactionView {
    /// What every reader is shown of all reactions.
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
    fn only_real_emojis_are_emojis() {
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
    fn a_users_reactions_are_set_and_taken_back() {
        let (alice, bob) = (user(1), user(2));
        let both = BTreeSet::from([emoji("👍"), emoji("🎉")]);
        let one = Reactions::default().with(&alice, &both).unwrap().with(&bob, &[emoji("👍")].into()).unwrap();
        let next = one.with(&alice, &[emoji("🎉")].into()).unwrap();
        let shown: Vec<_> = next.entries().map(|(emoji, users)| (emoji.as_str(), users.len())).collect();
        assert_eq!(shown.len(), 2);
        assert!(next.0[&emoji("👍")].contains(&bob) && !next.0[&emoji("👍")].contains(&alice));
        let none = next.with(&alice, &BTreeSet::new()).unwrap().with(&bob, &BTreeSet::new()).unwrap();
        assert!(none.is_empty(), "no emoji without a user");
    }

    #[test]
    fn there_is_an_end_to_it() {
        let all: Vec<Emoji> = emojis::iter().take(21).map(|each| emoji(each.as_str())).collect();
        let twenty: BTreeSet<_> = all[..20].iter().copied().collect();
        let full = Reactions::default().with(&user(0), &twenty).unwrap();
        let error = full.with(&user(1), &[all[20]].into()).unwrap_err();
        assert_eq!(error, ReactionLimitExceeded { what: "different emojis", limit: 20 });
        assert!(full.with(&user(1), &[all[3]].into()).is_ok(), "one that is there already");
        let crowd = Reactions::of(twenty.iter().map(|emoji| (*emoji, (0..50).map(user).collect())));
        assert_eq!(
            crowd.with(&user(99), &[all[0]].into()).unwrap_err(),
            ReactionLimitExceeded { what: "reactions", limit: 1000 }
        );
        assert!(crowd.with(&user(1), &[all[0]].into()).is_ok(), "taking back makes room");
    }
}
