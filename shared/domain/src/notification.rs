//! Notifications of messages, for users whom no push reached.

use crate::chat_user::ChatUser;
use crate::ids::{ChatId, Seq, UserId};
use crate::member::Member;
use crate::member_settings::NotifyLevel;
use crate::message::Message;
use crate::names::Nickname;
use crate::text::breaks_line;
use crate::timestamp::Timestamp;
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation as _;

/// The most characters in a preview, counted as people count them (grapheme clusters, UAX #29).
const MAX_PREVIEW_CHARS: usize = 80;
/// The most bytes in a preview, because a grapheme cluster has no maximum length. 80 of the longest emoji are under
/// this.
const MAX_PREVIEW_BYTES: usize = 3072;

/// A notification of one user about one message. It may be published twice: `chat_id` and `seq` identify the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The user to notify.
    #[serde(skip)]
    pub user: UserId,
    event: &'static str,
    /// The chat of the message.
    pub chat_id: ChatId,
    /// The seq of the message.
    pub seq: Seq,
    sender_id: UserId,
    /// The sender's nickname, or their id if they have none.
    nickname: String,
    /// The beginning of the text; for an attachment without a caption, of the file name.
    preview: String,
    /// The number of messages of the chat, up to this one, that the user has not read.
    unread_count: u64,
}

impl Notification {
    /// A notification for `user`. `sender` is the stored user of the message's sender, if any. None if the message
    /// was deleted for everyone.
    pub fn new(user: UserId, message: &Message, sender: Option<&ChatUser>, unread_count: u64) -> Option<Self> {
        let body = message.live_body()?;
        let text = match &body.attachment {
            Some(attachment) if body.content.is_empty() => attachment.file_name.as_str(),
            _ => body.content.as_str(),
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

/// Whether `member` wants a notification of the message at `now`. In a muted chat only if the message mentions them and
/// they chose to be notified of mentions (`notify_on_mention`).
pub fn is_wanted(member: &Member, notify_on_mention: bool, message: &Message, now: Timestamp) -> bool {
    let is_mentioned = || message.live_body().is_some_and(|body| body.mentions.contains(&member.user));
    match member.settings.notifications.at(now).level() {
        NotifyLevel::All => true,
        NotifyLevel::Mentions => is_mentioned(),
        NotifyLevel::None => notify_on_mention && is_mentioned(),
    }
}

/// The beginning of a text on one line. Ends with an ellipsis if the text is longer.
fn preview(text: &str) -> String {
    let mut preview = String::new();
    for (count, grapheme) in text.trim().graphemes(true).enumerate() {
        let grapheme = if grapheme.chars().any(breaks_line) { " " } else { grapheme };
        if count == MAX_PREVIEW_CHARS || preview.len() + grapheme.len() > MAX_PREVIEW_BYTES {
            // Replace the last grapheme by the ellipsis.
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
    fn preview_has_at_most_80_graphemes_on_one_line() {
        assert_eq!(preview(" Hello\nthere\t! "), "Hello there !");
        assert_eq!(preview("One\u{2028}two\u{2029}three"), "One two three");
        assert_eq!(preview(&"x".repeat(80)), "x".repeat(80));
        assert_eq!(preview(&"x".repeat(81)), format!("{}\u{2026}", "x".repeat(79)));
        let family = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}\u{200D}\u{1F466}";
        assert_eq!(preview(&family.repeat(80)), family.repeat(80));
        assert_eq!(preview(&family.repeat(100)), format!("{}\u{2026}", family.repeat(79)));
    }

    #[test]
    fn preview_of_a_huge_grapheme_is_bounded() {
        let tower = format!("a{}", "\u{0301}".repeat(10_000));
        assert_eq!(preview(&tower), "\u{2026}");
        assert_eq!(preview(&format!("Look: {tower}")), "Look:\u{2026}");
    }
}
