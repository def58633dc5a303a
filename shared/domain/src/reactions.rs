//! Reactions to a message: the emojis, and who reacted with each.

use crate::ids::UserId;
use crate::text::Invalid;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An emoji in Unicode's list, in its fully qualified form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Emoji(&'static str);

impl Emoji {
    /// The most characters (code points) of a text that is looked up. The longest emoji has 10, and each of them may have
    /// a variation selector.
    pub const MAX_CHARS: usize = 20;

    /// The variation selector that asks for the picture instead of the text form. Keyboards leave it out or put it
    /// where it has no effect, such as after a skin tone.
    const EMOJI_PRESENTATION: char = '\u{FE0F}';

    /// Looks up an emoji. Forms that differ only in variation selectors are the same emoji.
    ///
    /// # Errors
    /// [`Invalid`] if Unicode does not list it (<https://unicode.org/emoji/charts/full-emoji-list.html>).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::find(text).ok_or_else(|| Invalid::because("must be one emoji"))
    }

    fn find(text: &str) -> Option<Self> {
        // Stored emojis are found here.
        if let Some(emoji) = emojis::get(text)
            && emoji.as_str() == text
        {
            return Some(Self(emoji.as_str()));
        }
        // `emojis::get` knows some other forms, but not all, and returns another couple for some (in 0.9.1).
        let plain = |form| str::chars(form).filter(|c| *c != Self::EMOJI_PRESENTATION);
        let is_short = text.chars().nth(Self::MAX_CHARS).is_none();
        Self::all().find(|listed| is_short && plain(listed.0).eq(plain(text)))
    }

    /// Every emoji of the list, also with skin tones.
    fn all() -> impl Iterator<Item = Self> {
        // An emoji without skin tones has no list of them. In the list, the first one is the emoji itself.
        let with_tones = |emoji: &'static emojis::Emoji| {
            let tones = emoji.skin_tones().into_iter().flatten().skip(1);
            std::iter::once(emoji).chain(tones)
        };
        emojis::iter().flat_map(with_tones).map(|emoji| Self(emoji.as_str()))
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
        for bad in ["", " ", "a", "1", ":thumbsup:", "👍👍", "👍 ", "🇩", "\u{200d}", "<b>"] {
            assert!(Emoji::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn forms_with_and_without_variation_selectors_are_one_emoji() {
        for (form, stored) in [
            ("\u{1F44D}\u{FE0F}", "\u{1F44D}"),
            ("\u{1F44D}\u{1F3FD}\u{FE0F}", "\u{1F44D}\u{1F3FD}"),
            ("\u{261D}\u{FE0F}\u{1F3FD}", "\u{261D}\u{1F3FD}"),
            ("\u{2764}", "\u{2764}\u{FE0F}"),
            ("1\u{20E3}\u{FE0F}", "1\u{FE0F}\u{20E3}"),
            ("\u{1F1EB}\u{1F1F7}\u{FE0F}", "\u{1F1EB}\u{1F1F7}"),
            ("\u{2764}\u{200D}\u{1F525}", "\u{2764}\u{FE0F}\u{200D}\u{1F525}"),
        ] {
            assert_eq!(Emoji::parse(form).map(Emoji::as_str), Ok(stored), "{form:?}");
        }
        let (mut longest, mut distinct) = (0, BTreeSet::new());
        for listed in Emoji::all() {
            let plain: Vec<char> = listed.0.chars().filter(|c| *c != '\u{FE0F}').collect();
            let without: String = plain.iter().collect();
            let everywhere: String = plain.iter().flat_map(|c| [*c, '\u{FE0F}']).collect();
            for form in [&without, &everywhere] {
                assert_eq!(Emoji::parse(form), Ok(listed), "{form:?}");
            }
            longest = longest.max(listed.0.chars().count());
            assert!(distinct.insert(without), "{listed:?} differs from another emoji");
        }
        assert_eq!(longest * 2, Emoji::MAX_CHARS);
        assert!(Emoji::parse(&format!("\u{1F44D}{}", "\u{FE0F}".repeat(19))).is_ok());
        assert!(Emoji::parse(&format!("\u{1F44D}{}", "\u{FE0F}".repeat(20))).is_err());
        for bad in ["1\u{FE0F}", "\u{FE0F}", "\u{1F44D}\u{FE0E}", "\u{1F44D}\u{FE0F}\u{1F44D}"] {
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
