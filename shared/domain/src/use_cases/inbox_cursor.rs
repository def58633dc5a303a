//! Where the next page of an inbox begins. The first page reads the heads of all chats. Its cursor remembers the order
//! of the chats that follow, so that later pages read only what they show.

use crate::chat::Head;
use crate::ids::ChatId;
use crate::text::Invalid;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The most chats whose order one reading of the heads decides: the page that read them, and those that its cursor
/// names. A cursor then has at most some 4,100 characters. API Gateway allows 10,240 bytes for the request's line and
/// its headers together.
pub(super) const MAX_ORDERED_CHATS: usize = 500;

/// The bytes of a [`ChatTag`].
const TAG_BYTES: usize = 6;

/// Names one of a user's chats in a cursor: the first 6 bytes of the SHA-256 of its id. With the most chats that a user
/// can be in, 5,000, two of them have the same tag for one user in 20 million. Then one of both is listed twice, and the
/// other not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChatTag([u8; TAG_BYTES]);

impl ChatTag {
    pub(super) fn new(chat: &ChatId) -> Self {
        let digest = Sha256::digest(chat.as_str());
        let mut tag = [0; TAG_BYTES];
        tag.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(tag)
    }
}

/// The place of a chat in an inbox: pinned chats first, then by activity, newest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct InboxPlace(Reverse<bool>, Reverse<i64>, ChatId);

impl InboxPlace {
    pub(super) fn new(chat: &ChatId, is_pinned: bool, head: &Head) -> Self {
        Self(Reverse(is_pinned), Reverse(head.activity().millis()), chat.clone())
    }

    pub(super) fn chat(&self) -> &ChatId {
        &self.2
    }

    pub(super) fn into_chat(self) -> ChatId {
        self.2
    }
}

/// Where the next page of an inbox begins. Opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InboxCursor {
    /// The chats that follow, in the order in which they were read.
    pub(super) following: Vec<ChatTag>,
    /// The place of the last of those chats, if there were more after it: these have to be read and ordered again.
    pub(super) rest: Option<InboxPlace>,
}

/// `<tags>.<place>`, each in base64url; the place is `<1 if pinned, else 0> <milliseconds> <chatId>`.
impl TryFrom<String> for InboxCursor {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        parse(&text).ok_or_else(|| Invalid::because("must be a cursor of an earlier page"))
    }
}

fn parse(text: &str) -> Option<InboxCursor> {
    let (tags, place) = text.split_once('.')?;
    let tags = URL_SAFE_NO_PAD.decode(tags).ok()?;
    let (tags, incomplete) = tags.as_chunks::<TAG_BYTES>();
    let place = String::from_utf8(URL_SAFE_NO_PAD.decode(place).ok()?).ok()?;
    let rest = if place.is_empty() { None } else { Some(parse_place(&place)?) };
    let are_distinct = tags.iter().collect::<BTreeSet<_>>().len() == tags.len();
    let is_cursor = are_distinct
        && incomplete.is_empty()
        && tags.len() <= MAX_ORDERED_CHATS
        && (rest.is_some() || !tags.is_empty());
    is_cursor.then(|| InboxCursor { following: tags.iter().copied().map(ChatTag).collect(), rest })
}

fn parse_place(text: &str) -> Option<InboxPlace> {
    let (is_pinned, rest) = text.split_once(' ')?;
    let (millis, chat) = rest.split_once(' ')?;
    let is_pinned = match is_pinned {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    Some(InboxPlace(Reverse(is_pinned), Reverse(millis.parse().ok()?), ChatId::parse(chat).ok()?))
}

impl From<InboxCursor> for String {
    fn from(InboxCursor { following, rest }: InboxCursor) -> Self {
        let tags: Vec<u8> = following.iter().flat_map(|tag| tag.0).collect();
        let place = rest.map(|InboxPlace(Reverse(is_pinned), Reverse(millis), chat)| {
            format!("{} {millis} {chat}", u8::from(is_pinned))
        });
        format!("{}.{}", URL_SAFE_NO_PAD.encode(tags), URL_SAFE_NO_PAD.encode(place.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(chats: usize) -> InboxCursor {
        let id = |n: usize| ChatId::parse(format!("{n:f>64}")).unwrap();
        let following = (0..chats).map(|n| ChatTag::new(&id(n))).collect();
        InboxCursor { following, rest: Some(InboxPlace(Reverse(true), Reverse(i64::MAX), id(0))) }
    }

    #[test]
    fn the_longest_cursor_fits_into_a_request() {
        let text = String::from(cursor(MAX_ORDERED_CHATS));
        assert!(text.len() <= 4200, "API.md says it: {}", text.len());
        assert_eq!(InboxCursor::try_from(text).unwrap(), cursor(MAX_ORDERED_CHATS));
        assert!(InboxCursor::try_from(String::from(cursor(MAX_ORDERED_CHATS + 1))).is_err());
    }

    #[test]
    fn a_cursor_without_chats_or_without_a_rest_is_read() {
        let InboxCursor { following, rest } = cursor(1);
        for cursor in [InboxCursor { following, rest: None }, InboxCursor { following: Vec::new(), rest }] {
            assert_eq!(InboxCursor::try_from(String::from(cursor.clone())).unwrap(), cursor);
        }
        assert!(InboxCursor::try_from(".".to_owned()).is_err());
        let InboxCursor { following, rest } = cursor(1);
        let twice = InboxCursor { following: [following.clone(), following].concat(), rest };
        assert!(InboxCursor::try_from(String::from(twice)).is_err());
    }
}
