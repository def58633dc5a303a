//! What a user is told of a message who is not there to see it.

use crate::chat_user::{ChatUser, MuteView};
use crate::ids::{ChatId, Seq, UserId};
use crate::message::Message;
use crate::names::Nickname;
use crate::timestamp::Timestamp;
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation as _;

/// How much of a message a notification shows, as people count characters (grapheme clusters, UAX #29).
const MAX_PREVIEW_CHARS: usize = 80;
/// A grapheme cluster has no longest form; 80 of the longest emoji are under this.
const MAX_PREVIEW_BYTES: usize = 3072;

/// One user's notification of one message. Chat and seq name the message: one that comes twice is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Who is notified.
    #[serde(skip)]
    pub user: UserId,
    event: &'static str,
    /// The chat.
    pub chat_id: ChatId,
    /// The message's place in it.
    pub seq: Seq,
    sender_id: UserId,
    /// What the sender calls themselves.
    nickname: String,
    /// The beginning of what the message says; of an attachment without a caption, what the file is called.
    preview: String,
    /// How many messages of the chat the user has not read.
    unread_count: u64,
}

impl Notification {
    /// A notification of this message for a user who has not read so many; `sender` is what is known of its sender.
    /// None of a message that was deleted.
    pub fn new(user: UserId, message: &Message, sender: Option<&ChatUser>, unread_count: u64) -> Option<Self> {
        let said = message.live_body()?;
        let text = match &said.attachment {
            Some(attachment) if said.content.is_empty() => attachment.file_name.as_str(),
            _ => said.content.as_str(),
        };
        let nickname = sender.and_then(|sender| sender.nickname.as_ref()).map(Nickname::as_str);
        Some(Self {
            user,
            event: "message.created",
            chat_id: message.chat.clone(),
            seq: message.seq,
            sender_id: message.sender.clone(),
            nickname: nickname.unwrap_or(message.sender.as_str()).to_owned(),
            preview: preview(text),
            unread_count,
        })
    }
}

/// Whether a user wants to be notified of a message now: unless they muted its chat, and even then if it mentions them
/// and they asked for that.
pub fn is_wanted(user: &ChatUser, message: &Message, now: Timestamp) -> bool {
    let is_mentioned = message.live_body().is_some_and(|said| said.mentions.contains(&user.id));
    !MuteView::new(&user.muted_chats, &message.chat, now).is_muted() || (is_mentioned && user.notify_on_mention)
}

/// The beginning of a text, on one line; with an ellipsis, where it is not all of it.
fn preview(text: &str) -> String {
    let mut preview = String::new();
    for (count, grapheme) in text.trim().graphemes(true).enumerate() {
        // Line and paragraph separators are no controls.
        let is_space = grapheme.chars().any(|it| it.is_control() || matches!(it, '\u{2028}' | '\u{2029}'));
        let grapheme = if is_space { " " } else { grapheme };
        if count == MAX_PREVIEW_CHARS || preview.len() + grapheme.len() > MAX_PREVIEW_BYTES {
            // The ellipsis takes the place of the last one.
            let last = preview.grapheme_indices(true).next_back().map_or(0, |(at, _)| at);
            preview.truncate(last);
            preview.push('\u{2026}');
            break;
        }
        preview.push_str(grapheme);
    }
    preview
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_80_graphemes_on_one_line() {
        assert_eq!(preview(" Hello\nthere\t! "), "Hello there !");
        assert_eq!(preview("One\u{2028}two\u{2029}three"), "One two three");
        assert_eq!(preview(&"x".repeat(80)), "x".repeat(80));
        assert_eq!(preview(&"x".repeat(81)), format!("{}\u{2026}", "x".repeat(79)));
        let family = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{200D}\u{1F466}";
        assert_eq!(preview(&family.repeat(80)), family.repeat(80));
        assert_eq!(preview(&family.repeat(100)), format!("{}\u{2026}", family.repeat(79)));
    }

    #[test]
    fn a_preview_is_bounded_however_long_a_grapheme_is() {
        let tower = format!("a{}", "\u{0301}".repeat(10_000));
        assert_eq!(preview(&tower), "\u{2026}");
        assert_eq!(preview(&format!("Look: {tower}")), "Look:\u{2026}");
    }
}
