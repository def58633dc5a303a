//! A message: its document, and the view of it for readers.

use crate::attachment::Attachment;
use crate::content::{Content, MessageType, json_length};
use crate::custom::Custom;
use crate::ids::{AttachmentId, ChatId, ClientMessageId, MessageId, Rev, Seq, UserId, digest};
use crate::member::{Floor, Member};
use crate::reactions::{ReactionView, Reactions};
use crate::readers::Readers;
use crate::timestamp::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long after sending a message its sender can edit it.
pub const EDIT_WINDOW: Duration = Duration::from_secs(15 * 60);

/// The most mentions in one message.
pub const MAX_MENTIONS: usize = 20;

/// The most bytes of a message's content as JSON in an inbox.
const MAX_PREVIEW_BYTES: usize = 1024;

/// The Message document as it is stored. Who has seen it is derived from the members' read positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The chat of the message.
    pub chat: ChatId,
    /// The number in the chat, without gaps.
    pub seq: Seq,
    /// The user who sent it.
    pub sender: UserId,
    /// The type; every type except text has an attachment.
    pub kind: MessageType,
    /// When it was stored; never earlier than the message before it.
    pub created_at: Timestamp,
    /// The idempotency key that the sender's client chose, if any.
    pub client_message_id: Option<ClientMessageId>,
    /// The users who deleted it for themselves.
    pub deleted_for: BTreeSet<UserId>,
    /// The rev of its last change; 0 if it never changed.
    pub rev: Rev,
    /// The rev of its last change that everyone may see; 0 if there is none. A user's own deletion is not public.
    pub public_rev: Rev,
    /// The content, or the tombstone.
    pub body: Body,
}

/// The content of a message, or its tombstone.
#[allow(clippy::large_enum_variant)] // few messages are tombstones
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The message was not deleted for everyone.
    Live(LiveBody),
    /// The tombstone of a message that was deleted for everyone. It keeps its seq but none of its content.
    Deleted {
        /// When it was deleted.
        at: Timestamp,
        /// The user who deleted it: its sender or an admin.
        by: UserId,
        /// The removed attachment, to retry if the removal of its object fails. No reader sees it.
        attachment: Option<AttachmentId>,
    },
}

/// The content of a message that was not deleted for everyone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveBody {
    /// The text; empty only if there is an attachment.
    pub content: Content,
    /// The attachment; None exactly for a text.
    pub attachment: Option<Attachment>,
    /// When it was last edited; None if never.
    pub edited_at: Option<Timestamp>,
    /// The seq of the message that it replies to.
    pub reply_to: Option<Seq>,
    /// The mentioned participants.
    pub mentions: BTreeSet<UserId>,
    /// The reactions of all users.
    pub reactions: Reactions,
    /// What the sender's application attached.
    pub custom: Option<Custom>,
}

impl LiveBody {
    /// A text without attachment, mentions, reactions or custom data.
    pub fn new(content: Content) -> Self {
        Self {
            content,
            attachment: None,
            edited_at: None,
            reply_to: None,
            mentions: BTreeSet::new(),
            reactions: Reactions::default(),
            custom: None,
        }
    }
}

/// The text, the mentions and the custom data together do not fit in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be at most {limit} bytes as JSON, together with mentions and {}", if *.is_custom { "content" } else { "custom" })]
pub struct TooLarge {
    /// The most bytes.
    pub limit: usize,
    /// Whether the message would fit without its custom data.
    pub is_custom: bool,
}

impl LiveBody {
    /// Checks that the text, the mentions and the custom data together fit in a frame, next to the attachment if there
    /// is one.
    ///
    /// # Errors
    /// [`TooLarge`] with the limit.
    pub fn fits(
        content: &Content,
        mentions: &BTreeSet<UserId>,
        custom: Option<&Custom>,
        is_caption: bool,
    ) -> Result<(), TooLarge> {
        let limit = if is_caption { Content::MAX_CAPTION_JSON_BYTES } else { Content::MAX_JSON_BYTES };
        let mentions = if mentions.is_empty() { 0 } else { json_length(mentions) };
        let bytes = json_length(content) + mentions;
        let custom_bytes = custom.map_or(0, json_length);
        if bytes + custom_bytes > limit { Err(TooLarge { limit, is_custom: bytes <= limit }) } else { Ok(()) }
    }
}

impl Message {
    /// Whether `reader`, who has this floor, can see the message. This is the only rule of visibility.
    pub fn is_visible_to(&self, reader: &UserId, floor: Floor) -> bool {
        floor.shows(self.seq) && !self.deleted_for.contains(reader)
    }

    /// The content; None for a tombstone.
    pub fn live_body(&self) -> Option<&LiveBody> {
        match &self.body {
            Body::Live(body) => Some(body),
            Body::Deleted { .. } => None,
        }
    }

    /// The attachment of the message, or the removed one of its tombstone.
    pub fn attachment(&self) -> Option<&AttachmentId> {
        match &self.body {
            Body::Live(body) => body.attachment.as_ref().map(|attachment| &attachment.id),
            Body::Deleted { attachment, .. } => attachment.as_ref(),
        }
    }
}

/// The hash of a send request. It tells a repeat from another message with the same client message id.
#[must_use]
pub fn body_hash(
    kind: MessageType,
    content: &Content,
    attachment: Option<&AttachmentId>,
    reply_to: Option<Seq>,
    mentions: &BTreeSet<UserId>,
    custom: Option<&Custom>,
) -> String {
    let reply_to = reply_to.map(|seq| seq.to_string()).unwrap_or_default();
    // The kind says whether there is an attachment, so different requests give different lists of parts.
    let parts = [kind.as_str(), content.as_str(), &reply_to].into_iter().chain(attachment.map(AttachmentId::as_str));
    let parts = parts.chain(mentions.iter().map(UserId::as_str));
    match custom {
        None => digest("body", &parts.collect::<Vec<_>>()),
        Some(custom) => {
            digest("body with custom data", &std::iter::once(custom.as_str()).chain(parts).collect::<Vec<_>>())
        }
    }
}

/// The Message document as one reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    message_id: MessageId,
    chat_id: ChatId,
    seq: Seq,
    sender_id: UserId,
    r#type: MessageType,
    /// Empty for a tombstone and for a message that the reader deleted.
    content: String,
    /// True if `content` was cut.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    content_limited: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<Attachment>,
    seen_by: Vec<UserId>,
    /// True if `seen_by` is incomplete: it was cut so that the message fits in a frame, or not all members or
    /// former members were read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    seen_by_limited: bool,
    /// The reader, if they deleted the message for themselves. Others who did are not shown.
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
    custom: Option<Custom>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_by: Option<UserId>,
}

impl MessageView {
    /// The message as everyone who can see it sees it. `seen_by` has its sender and the users in `readers` who have
    /// read it.
    pub fn new(message: &Message, readers: Readers<'_>) -> Self {
        let seen_by: BTreeSet<&UserId> = readers.of(message.seq).chain([&message.sender]).collect();
        let seen_by = seen_by.into_iter().cloned().collect();
        let mut view = Self { seen_by, seen_by_limited: readers.is_limited(), ..Self::without_body(message) };
        match &message.body {
            Body::Live(body) => {
                body.content.as_str().clone_into(&mut view.content);
                view.attachment.clone_from(&body.attachment);
                view.edited_at = body.edited_at;
                view.reply_to = body.reply_to;
                view.mentions.clone_from(&body.mentions);
                view.reactions = ReactionView::all(&body.reactions);
                view.custom.clone_from(&body.custom);
            }
            Body::Deleted { at, by, attachment: _ } => {
                view.deleted_at = Some(*at);
                view.deleted_by = Some(by.clone());
            }
        }
        view
    }

    /// The message as a reader sees it who cannot see it: without its content, and with whether they deleted it. Only
    /// then it has the rev of all its changes: a reader who cleared the chat does not learn that others deleted it.
    pub fn hidden(message: &Message, reader: &UserId) -> Self {
        match message.deleted_for.get(reader) {
            Some(reader) => Self { deleted_for: vec![reader.clone()], rev: message.rev, ..Self::without_body(message) },
            None => Self::without_body(message),
        }
    }

    /// The message as `reader` sees it: [`new`](Self::new) or [`hidden`](Self::hidden).
    pub(crate) fn of(message: &Message, readers: Readers<'_>, reader: &UserId, floor: Floor) -> Self {
        if message.is_visible_to(reader, floor) { Self::new(message, readers) } else { Self::hidden(message, reader) }
    }

    /// The message in an inbox: the beginning of its content. `seen_by` has at most its sender and `reader`.
    pub(crate) fn preview(message: &Message, reader: &Member) -> Self {
        let mut view =
            Self { seen_by_limited: true, ..Self::new(message, Readers::members(std::slice::from_ref(reader))) };
        while json_length(&view.content) > MAX_PREVIEW_BYTES {
            view.content_limited = true;
            let max_bytes = MAX_PREVIEW_BYTES.min(view.content.len() * 3 / 4);
            view.content.truncate(view.content.floor_char_boundary(max_bytes));
        }
        view.reactions.clear();
        view.mentions.clear();
        view.custom = None;
        view
    }

    /// The message without its body.
    fn without_body(message: &Message) -> Self {
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
            custom: None,
            deleted_at: None,
            deleted_by: None,
        }
    }

    /// Cuts the lists of users who have seen it or reacted, so that the message has at most `max_bytes` as JSON.
    pub(crate) fn limit(&mut self, max_bytes: usize) {
        let mut over = json_length(self).saturating_sub(max_bytes);
        while over > 0 {
            let longest = self.reactions.iter_mut().max_by_key(|reaction| reaction.user_ids.len());
            let longest = longest.filter(|reaction| reaction.user_ids.len() > self.seen_by.len());
            let (users, limited) = match longest {
                Some(reaction) => (&mut reaction.user_ids, &mut reaction.user_ids_limited),
                None => (&mut self.seen_by, &mut self.seen_by_limited),
            };
            let Some(cut) = users.pop() else { break };
            let flag = if *limited { 0 } else { r#","userIdsLimited":true"#.len() };
            *limited = true;
            over = (over + flag).saturating_sub(json_length(&cut) + 1);
        }
    }

    /// The chat of the message.
    pub fn chat_id(&self) -> &ChatId {
        &self.chat_id
    }

    /// The number in the chat.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The rev of the last change that the reader may see.
    pub fn rev(&self) -> Rev {
        self.rev
    }

    /// `<chatId>:<seq>`.
    pub fn message_id(&self) -> &MessageId {
        &self.message_id
    }

    /// The text; empty for a tombstone and for a message that the reader deleted.
    pub fn content(&self) -> &str {
        &self.content
    }

    /// The users who have seen it, sorted; may be cut.
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

    fn custom(text: &str) -> Custom {
        Custom::parse(&serde_json::json!({"a": text}), Custom::MAX_BYTES).unwrap().unwrap()
    }

    /// A message with the largest values in all fields that its sender chooses.
    fn largest(is_caption: bool) -> Message {
        let mentions: BTreeSet<_> = (0..if is_caption { 1 } else { MAX_MENTIONS }).map(user).collect();
        let custom = custom(&"x".repeat(Custom::MAX_BYTES - r#"{"a":""}"#.len()));
        let others = json_length(&mentions) + json_length(&custom);
        let content = |bytes: usize| Content::parse("x".repeat(bytes - 2 - others)).unwrap();
        let limit = if is_caption { Content::MAX_CAPTION_JSON_BYTES } else { Content::MAX_JSON_BYTES };
        let fits = |bytes, custom| LiveBody::fits(&content(bytes), &mentions, custom, is_caption);
        assert_eq!(fits(limit, Some(&custom)), Ok(()));
        assert_eq!(fits(limit + 1, Some(&custom)), Err(TooLarge { limit, is_custom: true }));
        assert_eq!(fits(limit + json_length(&custom), None), Ok(()));
        let too_large = Err(TooLarge { limit, is_custom: false });
        assert_eq!(fits(limit + json_length(&custom) + 1, None), too_large);
        assert_eq!(fits(limit + json_length(&custom) + 1, Some(&custom)), too_large);
        let content = content(limit);
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
                custom: Some(custom),
                ..LiveBody::new(content)
            }),
        }
    }

    #[test]
    fn largest_message_fits_in_a_frame() {
        let message = largest(false);
        let member = |n| Member { read_seq: Seq(u64::MAX), ..Member::joining(user(n), Seq(0), message.created_at) };
        let members: Vec<_> = (0..1000).map(member).collect();
        let mut view = MessageView::new(&message, Readers::members(&members));
        assert!(json_length(&view) > 200_000, "{}", json_length(&view));
        view.limit(MAX_DOCUMENT_BYTES - 512);
        assert!(json_length(&view) <= MAX_DOCUMENT_BYTES - 512, "{}", json_length(&view));
        let shown = serde_json::to_value(&view).unwrap();
        assert_eq!((&shown["seenByLimited"], &shown["reactions"][0]["count"]), (&true.into(), &50.into()));
        assert_eq!(shown["mentions"].as_array().unwrap().len(), MAX_MENTIONS);
        assert!(view.content().len() > 19_000, "the content is not cut");
        assert_eq!(json_length(&view.custom), Custom::MAX_BYTES);
    }

    #[test]
    fn largest_attachment_fits_in_half_a_frame() {
        let mut view = MessageView::new(&largest(true), Readers::default());
        assert!(json_length(&view.attachment) > 1000);
        view.limit(MAX_DOCUMENT_BYTES / 2);
        assert!(json_length(&view) <= MAX_DOCUMENT_BYTES / 2, "{}", json_length(&view));
        assert!(view.attachment.is_some());
        let reader = Member::joining(user(3), Seq(0), Timestamp::from_millis(0));
        let preview = MessageView::preview(&largest(true), &reader);
        assert!(preview.attachment.is_some() && preview.content_limited && preview.custom.is_none());
        assert!(json_length(&preview) < 4 * MAX_PREVIEW_BYTES, "{}", json_length(&preview));
    }

    #[test]
    fn deletion_by_another_user_does_not_show_in_the_rev_of_a_hidden_message() {
        let (alice, bob) = (user(1), user(2));
        let message = Message { rev: Rev(7), public_rev: Rev(4), deleted_for: [bob.clone()].into(), ..largest(false) };
        let view = |reader: &UserId, floor| MessageView::of(&message, Readers::default(), reader, Floor(floor));
        let cleared = view(&alice, message.seq);
        assert_eq!((cleared.rev(), cleared.content(), cleared.deleted_for.as_slice()), (Rev(4), "", &[][..]));
        for floor in [Seq(0), message.seq] {
            let deleted = view(&bob, floor);
            assert_eq!(
                (deleted.rev(), deleted.content(), deleted.deleted_for.as_slice()),
                (Rev(7), "", &[bob.clone()][..])
            );
        }
    }

    #[test]
    fn preview_is_short_and_tombstone_is_empty() {
        let mut message = largest(false);
        let reader = Member::joining(user(3), Seq(0), message.created_at);
        let preview = MessageView::preview(&message, &reader);
        assert!(
            json_length(&preview) < 2 * MAX_PREVIEW_BYTES && preview.content_limited && !preview.content.is_empty()
        );
        message.body = Body::Deleted { at: message.created_at, by: user(2), attachment: None };
        let shown = serde_json::to_value(MessageView::new(&message, Readers::default())).unwrap();
        assert_eq!((&shown["content"], &shown["deletedBy"]), (&"".into(), &user(2).as_str().into()));
        for field in ["attachment", "mentions", "reactions", "replyTo", "editedAt", "custom"] {
            assert!(shown.get(field).is_none(), "{field}");
        }
    }

    #[test]
    fn preview_is_cut_between_characters() {
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
