//! A message: its document, and what a reader is shown of it.

use crate::attachment::Attachment;
use crate::content::{Content, MessageType, json_length};
use crate::ids::{AttachmentId, ChatId, ClientMessageId, MessageId, Rev, Seq, UserId, digest};
use crate::member::{Floor, Member};
use crate::reactions::{ReactionView, Reactions};
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long its sender can edit a message.
pub const EDIT_WINDOW: Duration = Duration::from_secs(15 * 60);

/// The most participants that one message mentions.
pub const MAX_MENTIONS: usize = 20;

/// The most bytes of JSON that an inbox shows of a message's content.
const MAX_PREVIEW_BYTES: usize = 1024;

/// The Message document, as it is stored. Who has seen it is derived from the members' read positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The chat that it is in.
    pub chat: ChatId,
    /// Its place there.
    pub seq: Seq,
    /// Who sent it.
    pub sender: UserId,
    /// What kind it is.
    pub kind: MessageType,
    /// When it was stored.
    pub created_at: Timestamp,
    /// The sender's own name for it.
    pub client_message_id: Option<ClientMessageId>,
    /// Those who deleted it for themselves.
    pub deleted_for: BTreeSet<UserId>,
    /// The number of its last change; 0 as long as it is as it was sent.
    pub rev: Rev,
    /// The number of the last change that was everyone's: that somebody deleted it for themselves is theirs to know.
    pub public_rev: Rev,
    /// What it says, or that it was deleted.
    pub body: Body,
}

/// What a message says, or that it was deleted for everyone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// It says something.
    Live(LiveBody),
    /// It is a tombstone: its place in the log is kept, and nothing of what it said.
    Deleted {
        /// When it was deleted.
        at: Timestamp,
        /// By whom: its sender, or an admin.
        by: UserId,
        /// What it carried, whose object is removed: to be removed again, should that fail. Nobody is shown it.
        attachment: Option<AttachmentId>,
    },
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveBody {
    /// The text; empty only beside an attachment.
    pub content: Content,
    /// What it carries; None of a text.
    pub attachment: Option<Attachment>,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// The message that it replies to.
    pub reply_to: Option<Seq>,
    /// The participants whom it mentions.
    pub mentions: BTreeSet<UserId>,
    /// Who reacted with what.
    pub reactions: Reactions,
}

impl LiveBody {
    /// This text alone.
    pub fn new(content: Content) -> Self {
        Self {
            content,
            attachment: None,
            edited_at: None,
            reply_to: None,
            mentions: BTreeSet::new(),
            reactions: Reactions::default(),
        }
    }
}

/// A text and those it mentions do not fit a frame together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be at most {limit} bytes as JSON, together with mentions")]
pub struct TooLarge {
    /// The most bytes.
    pub limit: usize,
}

impl LiveBody {
    /// Whether text and mentions fit a frame together, beside the attachment if there is one.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn fits(content: &Content, mentions: &BTreeSet<UserId>, is_caption: bool) -> Result<(), TooLarge> {
        let limit = if is_caption { Content::MAX_CAPTION_JSON_BYTES } else { Content::MAX_JSON_BYTES };
        let mentions = if mentions.is_empty() { 0 } else { json_length(mentions) };
        if json_length(content) + mentions > limit { Err(TooLarge { limit }) } else { Ok(()) }
    }
}

impl Message {
    /// Whether `reader`, whose floor this is, is shown the message. The one visibility rule.
    pub fn is_visible_to(&self, reader: &UserId, floor: Floor) -> bool {
        floor.shows(self.seq) && !self.deleted_for.contains(reader)
    }

    /// What it says; None of a tombstone.
    pub fn live_body(&self) -> Option<&LiveBody> {
        match &self.body {
            Body::Live(said) => Some(said),
            Body::Deleted { .. } => None,
        }
    }

    /// What it carries, or carried.
    pub fn attachment(&self) -> Option<&AttachmentId> {
        match &self.body {
            Body::Live(said) => said.attachment.as_ref().map(|attachment| &attachment.id),
            Body::Deleted { attachment, .. } => attachment.as_ref(),
        }
    }
}

/// The hash of what a send says, by which a repeat is told from another message under the same name.
#[must_use]
pub fn body_hash(
    kind: MessageType,
    content: &Content,
    attachment: Option<&AttachmentId>,
    reply_to: Option<Seq>,
    mentions: &BTreeSet<UserId>,
) -> String {
    let reply_to = reply_to.map(|seq| seq.to_string()).unwrap_or_default();
    // The kind says whether there is an attachment, so that no other list of parts is the same.
    let said = [kind.as_str(), content.as_str(), &reply_to].into_iter().chain(attachment.map(AttachmentId::as_str));
    let parts: Vec<&str> = said.chain(mentions.iter().map(UserId::as_str)).collect();
    digest("body", &parts)
}

/// The Message of the document model, as one reader is shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    message_id: MessageId,
    chat_id: ChatId,
    seq: Seq,
    sender_id: UserId,
    r#type: MessageType,
    /// Empty where there is nothing to show: of a tombstone, and of a message that the reader deleted.
    content: String,
    /// True where `content` had to be cut.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    content_limited: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<Attachment>,
    seen_by: Vec<UserId>,
    /// True where `seen_by` had to be cut so that the message fits a frame, or is not known in full.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    seen_by_limited: bool,
    /// At most the reader: whom else it is deleted for is nobody's business.
    deleted_for: Vec<UserId>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_message_id: Option<ClientMessageId>,
    rev: Rev,
    #[serde(skip_serializing_if = "Option::is_none")]
    edited_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<Seq>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    mentions: BTreeSet<UserId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<ReactionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_by: Option<UserId>,
}

impl MessageView {
    /// What everyone who can see a message is shown of it; seen by those of `members` who read this far, and its sender.
    pub fn new(message: &Message, members: &[Member]) -> Self {
        let readers = members.iter().filter(|member| member.has_seen(message.seq)).map(|member| &member.user);
        let seen_by: BTreeSet<&UserId> = readers.chain([&message.sender]).collect();
        let mut view = Self { seen_by: seen_by.into_iter().cloned().collect(), ..Self::place(message) };
        match &message.body {
            Body::Live(said) => {
                said.content.as_str().clone_into(&mut view.content);
                view.attachment.clone_from(&said.attachment);
                view.edited_at = said.edited_at;
                view.reply_to = said.reply_to;
                view.mentions.clone_from(&said.mentions);
                view.reactions = ReactionView::all(&said.reactions);
            }
            Body::Deleted { at, by, attachment: _ } => {
                view.deleted_at = Some(*at);
                view.deleted_by = Some(by.clone());
            }
        }
        view
    }

    /// What `reader` is shown of a message that they cannot see: its place, and whether they deleted it.
    pub fn hidden(message: &Message, reader: &UserId) -> Self {
        let deleted_for = message.deleted_for.get(reader).cloned().into_iter().collect();
        Self { deleted_for, rev: message.rev, ..Self::place(message) }
    }

    /// The message or its hidden form, as the reader may see it.
    pub(crate) fn of(message: &Message, members: &[Member], reader: &UserId, floor: Floor) -> Self {
        if message.is_visible_to(reader, floor) { Self::new(message, members) } else { Self::hidden(message, reader) }
    }

    /// What an inbox shows: the beginning, and of who has seen it only what is known of `reader`.
    pub(crate) fn preview(message: &Message, reader: &Member) -> Self {
        let mut view = Self { seen_by_limited: true, ..Self::new(message, std::slice::from_ref(reader)) };
        while json_length(&view.content) > MAX_PREVIEW_BYTES {
            view.content_limited = true;
            let most = MAX_PREVIEW_BYTES.min(view.content.len() * 3 / 4);
            view.content.truncate(view.content.floor_char_boundary(most));
        }
        view.reactions.clear();
        view.mentions.clear();
        view
    }

    /// The place of a message in the log, and nothing of what it says.
    fn place(message: &Message) -> Self {
        Self {
            message_id: MessageId::new(&message.chat, message.seq),
            chat_id: message.chat.clone(),
            seq: message.seq,
            sender_id: message.sender.clone(),
            r#type: message.kind,
            content: String::new(),
            content_limited: false,
            attachment: None,
            seen_by: Vec::new(),
            seen_by_limited: false,
            deleted_for: Vec::new(),
            created_at: message.created_at,
            client_message_id: message.client_message_id.clone(),
            rev: message.public_rev,
            edited_at: None,
            reply_to: None,
            mentions: BTreeSet::new(),
            reactions: Vec::new(),
            deleted_at: None,
            deleted_by: None,
        }
    }

    /// Cuts the lists of who has seen it and who reacted so that the message takes at most this many bytes of JSON.
    pub(crate) fn limit(&mut self, most: usize) {
        let mut over = json_length(self).saturating_sub(most);
        while over > 0 {
            let longest = self.reactions.iter_mut().max_by_key(|reaction| reaction.user_ids.len());
            let reacted = longest.filter(|reaction| reaction.user_ids.len() > self.seen_by.len());
            let (users, limited) = match reacted {
                Some(reaction) => (&mut reaction.user_ids, &mut reaction.user_ids_limited),
                None => (&mut self.seen_by, &mut self.seen_by_limited),
            };
            let Some(cut) = users.pop() else { break };
            let flag = if *limited { 0 } else { r#","userIdsLimited":true"#.len() };
            *limited = true;
            over = (over + flag).saturating_sub(json_length(&cut) + 1);
        }
    }

    /// The chat that it is in.
    pub fn chat_id(&self) -> &ChatId {
        &self.chat_id
    }

    /// Its place in the chat.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The number of the last change that its reader is told of.
    pub fn rev(&self) -> Rev {
        self.rev
    }

    /// Its name outside its chat.
    pub fn message_id(&self) -> &MessageId {
        &self.message_id
    }

    /// What it says.
    pub fn content(&self) -> &str {
        &self.content
    }

    /// Those who have seen it, sorted.
    pub fn seen_by(&self) -> &[UserId] {
        &self.seen_by
    }

    /// Whether `seen_by` was cut.
    pub fn is_seen_by_limited(&self) -> bool {
        self.seen_by_limited
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::Media;
    use crate::chat::MAX_DOCUMENT_BYTES;
    use crate::file::{BlurHash, ContentType, FileName, Sha256Digest};
    use crate::reactions::Emoji;

    fn user(n: usize) -> UserId {
        UserId::parse(format!("{n:0>128}")).unwrap()
    }

    /// As large as a message can be in everything that its sender chooses.
    fn largest(is_caption: bool) -> Message {
        let mentions: BTreeSet<_> = (0..MAX_MENTIONS).map(user).collect();
        let content = |most: usize| Content::parse("x".repeat(most - 2 - json_length(&mentions))).unwrap();
        let most = if is_caption { Content::MAX_CAPTION_JSON_BYTES } else { Content::MAX_JSON_BYTES };
        assert_eq!(LiveBody::fits(&content(most), &mentions, is_caption), Ok(()));
        assert_eq!(LiveBody::fits(&content(most + 1), &mentions, is_caption), Err(TooLarge { limit: most }));
        let content = content(most);
        let attachment = Attachment {
            id: AttachmentId::parse("a".repeat(64)).unwrap(),
            file_name: FileName::parse("\"".repeat(255)).unwrap(),
            content_type: ContentType::parse(format!("{0}/{0}", "x".repeat(127))).unwrap(),
            size_bytes: u64::MAX,
            sha256: Sha256Digest::parse("0".repeat(64)).unwrap(),
            media: Media::Image {
                width: u32::MAX,
                height: u32::MAX,
                blur_hash: BlurHash::parse(format!("|{}", "~".repeat(165))).unwrap(),
            },
        };
        let emojis = emojis::iter().map(|each| Emoji::parse(each.as_str()).unwrap());
        let mut emojis: Vec<_> = emojis.collect();
        emojis.sort_by_key(|emoji| std::cmp::Reverse(emoji.as_str().len()));
        let reactions = Reactions::of(emojis.into_iter().take(20).map(|emoji| (emoji, (0..50).map(user).collect())));
        Message {
            chat: ChatId::parse("c".repeat(64)).unwrap(),
            seq: Seq(u64::MAX),
            sender: user(1),
            kind: MessageType::Image,
            created_at: Timestamp::from_millis(1_769_851_800_125),
            client_message_id: Some(ClientMessageId::parse("\"".repeat(64)).unwrap()),
            deleted_for: BTreeSet::from([user(1)]),
            rev: Rev(u64::MAX),
            public_rev: Rev(u64::MAX),
            body: Body::Live(LiveBody {
                attachment: is_caption.then_some(attachment),
                edited_at: Some(Timestamp::from_millis(1_769_851_800_125)),
                reply_to: Some(Seq(u64::MAX)),
                mentions,
                reactions,
                ..LiveBody::new(content)
            }),
        }
    }

    #[test]
    fn the_largest_message_fits_a_frame() {
        let message = largest(false);
        let member = |n| Member { read_seq: Seq(u64::MAX), ..Member::joining(user(n), Seq(0), message.created_at) };
        let members: Vec<_> = (0..1000).map(member).collect();
        let mut view = MessageView::new(&message, &members);
        assert!(json_length(&view) > 200_000, "{}", json_length(&view));
        view.limit(MAX_DOCUMENT_BYTES - 512);
        assert!(json_length(&view) <= MAX_DOCUMENT_BYTES - 512, "{}", json_length(&view));
        let shown = serde_json::to_value(&view).unwrap();
        assert_eq!((&shown["seenByLimited"], &shown["reactions"][0]["count"]), (&true.into(), &50.into()));
        assert_eq!(shown["mentions"].as_array().unwrap().len(), MAX_MENTIONS);
        assert!(view.content().len() > 20_000, "nothing of what it says is cut");
    }

    #[test]
    fn the_largest_attachment_leaves_most_of_a_frame_to_readers() {
        let mut view = MessageView::new(&largest(true), &[]);
        assert!(json_length(&view.attachment) > 1000);
        view.limit(MAX_DOCUMENT_BYTES / 2);
        assert!(json_length(&view) <= MAX_DOCUMENT_BYTES / 2, "{}", json_length(&view));
        assert!(view.attachment.is_some());
        let reader = Member::joining(user(3), Seq(0), Timestamp::from_millis(0));
        let preview = MessageView::preview(&largest(true), &reader);
        assert!(preview.attachment.is_some() && preview.content_limited);
        assert!(json_length(&preview) < 4 * MAX_PREVIEW_BYTES, "{}", json_length(&preview));
    }

    #[test]
    fn a_preview_is_short_and_a_tombstone_is_empty() {
        let mut message = largest(false);
        let reader = Member::joining(user(3), Seq(0), message.created_at);
        let preview = MessageView::preview(&message, &reader);
        assert!(
            json_length(&preview) < 2 * MAX_PREVIEW_BYTES && preview.content_limited && !preview.content.is_empty()
        );
        message.body = Body::Deleted { at: message.created_at, by: user(2), attachment: None };
        let shown = serde_json::to_value(MessageView::new(&message, &[])).unwrap();
        assert_eq!((&shown["content"], &shown["deletedBy"]), (&"".into(), &user(2).as_str().into()));
        for gone in ["attachment", "mentions", "reactions", "replyTo", "editedAt"] {
            assert!(shown.get(gone).is_none(), "{gone}");
        }
    }

    #[test]
    fn a_short_content_is_not_cut_in_the_middle_of_a_character() {
        let mut message = largest(false);
        message.body = Body::Live(LiveBody::new(Content::parse("\u{1F44B}".repeat(2000)).unwrap()));
        let reader = Member::joining(user(3), Seq(0), message.created_at);
        let preview = MessageView::preview(&message, &reader);
        assert!(preview.content.chars().all(|c| c == '\u{1F44B}') && preview.content.len() > 500);
        for part in ["\u{fc}", "\u{4e2d}", "\u{1F44B}", "\u{fc}\n"] {
            for count in 200..800 {
                message.body = Body::Live(LiveBody::new(Content::parse(format!("x{}", part.repeat(count))).unwrap()));
                let preview = MessageView::preview(&message, &reader);
                assert!(json_length(&preview.content) <= MAX_PREVIEW_BYTES, "{count} of {part}");
            }
        }
    }
}
