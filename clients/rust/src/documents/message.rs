//! Messages, their reactions, and pages of them.

use super::{Attachment, ChatId, Custom, Rev, Seq, Time, UserId, is_false};
use serde::{Deserialize, Serialize};

/// The kind of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageType {
    /// A text without an attachment.
    #[default]
    Text,
    /// An image.
    Image,
    /// Any other file.
    File,
    /// A recording.
    Audio,
    /// A kind that this version of the library does not know.
    #[serde(untagged)]
    Other(String),
}

/// A message as one reader sees it. If it was deleted for everyone, it is a tombstone. If the reader deleted it for
/// themselves, only its place remains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// `<chatId>:<seq>`.
    pub message_id: String,
    /// The chat's id.
    pub chat_id: ChatId,
    /// The message's number in its chat.
    pub seq: Seq,
    /// Who sent the message.
    pub sender_id: UserId,
    /// Text, or the kind of the attachment.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// The text, or the caption of the attachment. Empty if the message is deleted.
    pub content: String,
    /// Whether `content` is cut: the inbox shows the beginning.
    #[serde(default, skip_serializing_if = "is_false")]
    pub content_limited: bool,
    /// The attachment; None for a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Attachment>,
    /// Who had read the message when this document was written. [`ChatState::seen_by`](crate::ChatState::seen_by) is up
    /// to date.
    pub seen_by: Vec<UserId>,
    /// Whether `seen_by` is cut.
    #[serde(default, skip_serializing_if = "is_false")]
    pub seen_by_limited: bool,
    /// The reader, if they deleted the message for themselves. Else empty.
    pub deleted_for: Vec<UserId>,
    /// When the message was stored. Order messages by `seq`, not by this.
    pub created_at: Time,
    /// The id that the sender's client chose; None if it chose none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    /// The rev of the message's last change; 0 if it never changed.
    pub rev: Rev,
    /// When the message was last edited; None if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Time>,
    /// The seq of the message that this one replies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// The participants whom the message mentions, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// The reactions, one entry per emoji.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// The custom data that the sender's application attached; None in a message from an inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// When the message was deleted for everyone; None if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Time>,
    /// Who deleted it for everyone: the sender or an admin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<UserId>,
}

impl Message {
    /// The users who appear in the message: its sender, who is mentioned, who reacted, and who deleted it. May name
    /// somebody twice.
    pub(crate) fn people(&self) -> impl Iterator<Item = &UserId> {
        let reacted = self.reactions.iter().flat_map(|reaction| &reaction.user_ids);
        std::iter::once(&self.sender_id).chain(&self.mentions).chain(&self.deleted_by).chain(reacted)
    }

    /// Makes these the reactions of one user. The entries stay sorted by emoji, and the users by id, as the server sends
    /// them.
    pub(crate) fn set_reactions(&mut self, user_id: &UserId, emojis: &[String]) {
        for reaction in &mut self.reactions {
            reaction.user_ids.retain(|user| user != user_id);
        }
        for emoji in emojis {
            let place = self.reactions.binary_search_by(|reaction| reaction.emoji.cmp(emoji));
            let index = place.unwrap_or_else(|index| {
                let user_ids = Vec::new();
                let reaction = Reaction { emoji: emoji.clone(), count: 0, user_ids, user_ids_limited: false };
                self.reactions.insert(index, reaction);
                index
            });
            let user_ids = &mut self.reactions[index].user_ids;
            if let Err(index) = user_ids.binary_search(user_id) {
                user_ids.insert(index, user_id.clone());
            }
        }
        self.reactions.retain_mut(|reaction| {
            reaction.count = reaction.user_ids.len() as u64;
            reaction.count > 0
        });
    }
}

/// An emoji, and who reacted with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reaction {
    /// One emoji.
    pub emoji: String,
    /// How many users reacted with it, even if `user_ids` is cut.
    pub count: u64,
    /// The users who reacted with it, sorted.
    pub user_ids: Vec<UserId>,
    /// Whether `user_ids` is cut.
    #[serde(default, skip_serializing_if = "is_false")]
    pub user_ids_limited: bool,
}

/// A page of messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The messages of the range that the reader can see, by seq.
    pub messages: Vec<Message>,
    /// The seqs that the page covers, with messages next to it that the reader deleted; None if it covers nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<PageRange>,
    /// Whether the reader can see a message before the range.
    pub has_more_before: bool,
    /// Whether the reader can see a message after the range.
    pub has_more_after: bool,
    /// The seq of the chat's last message when the page was read.
    pub seq: Seq,
    /// All changes up to this rev are in the page.
    pub rev: Rev,
    /// The messages up to this seq are hidden from the reader.
    pub floor: Seq,
}

/// A range of seqs, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRange {
    /// The first seq.
    pub from: Seq,
    /// The last seq.
    pub to: Seq,
}
