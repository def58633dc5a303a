//! The documents in answers, replies and events, as docs/openapi.yaml describes them. A document that is read and
//! written again is the same JSON: a test checks this with every example of both descriptions, and the end-to-end tests
//! check it with every answer and frame that they see.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The id of a chat: 64 hexadecimal digits for a private chat, a UUID for a group.
pub type ChatId = String;
/// The id of a user: the `sub` of their token.
pub type UserId = String;
/// The number of a message in its chat: 1, 2, 3, ... without a gap. 0 is before the first message.
pub type Seq = u64;
/// The number of a change in its chat: 1, 2, 3, ... without a gap. 0 is before the first change.
pub type Rev = u64;
/// A time in RFC 3339, in UTC with milliseconds. Two times compare as texts in the order of time.
pub type Time = String;
/// Custom data: a JSON object of the application. It is never empty: an empty one counts as none.
pub type Custom = Map<String, Value>;

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A chat as one participant sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// The chat's id.
    pub chat_id: ChatId,
    /// Whether it is a group. Else it is a private chat of two.
    pub is_group: bool,
    /// The name of a group; None for a private chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What a group is about; None if it has no topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The custom data of a group; None if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// The picture of a group; None if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Attachment>,
    /// The participants, sorted. A closed group keeps its last two.
    pub participants: Vec<UserId>,
    /// How many participants there are, even if `participants` is cut.
    pub participant_count: u64,
    /// Whether `participants` and `admins` are cut.
    #[serde(default, skip_serializing_if = "is_false")]
    pub participants_limited: bool,
    /// The participants who may change the group, sorted; empty for a private chat.
    pub admins: Vec<UserId>,
    /// The id of the last message; None if the reader can see no message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message_id: Option<String>,
    /// Who created the chat.
    pub created_by: UserId,
    /// When the chat was created.
    pub created_at: Time,
    /// When the group was closed: it takes no more messages. None if it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Time>,
    /// The seq of the last message; 0 if there is none.
    pub seq: Seq,
    /// The rev of the last change; 0 if there is none.
    pub rev: Rev,
    /// The messages up to this seq are hidden from the reader.
    pub floor: Seq,
}

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

/// An image, a recording or another file, as its sender described it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// The attachment's id.
    pub attachment_id: String,
    /// The name of the file.
    pub file_name: String,
    /// The media type that the sender declared.
    pub content_type: String,
    /// The size in bytes.
    pub size_bytes: u64,
    /// The SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// In pixels; images only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// In pixels; images only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// A BlurHash to show while the image loads; images only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blur_hash: Option<String>,
    /// In milliseconds; recordings only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// The answer to the creation of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncedAttachment {
    /// The attachment, with its id.
    pub attachment: Attachment,
    /// The request that uploads the bytes.
    pub upload: Upload,
    /// Until when a message can carry the attachment.
    pub expires_at: Time,
}

/// A presigned request that uploads the bytes of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    /// The HTTP method: PUT.
    pub method: String,
    /// The presigned URL.
    pub url: String,
    /// The headers that the request must have.
    pub headers: BTreeMap<String, String>,
    /// Until when the request is valid.
    pub expires_at: Time,
}

/// The answer to the request for a message's attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentDownload {
    /// The attachment of the message.
    pub attachment: Attachment,
    /// Where its bytes are.
    pub download: Download,
}

/// A presigned request that downloads the bytes of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// The presigned URL: GET it without a token.
    pub url: String,
    /// Until when the URL is valid.
    pub expires_at: Time,
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

/// Whether a user is online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The user has at least one connection.
    Online,
    /// The user has no connection.
    Offline,
}

/// A user as the chat service knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatUser {
    /// The user's id.
    pub user_id: UserId,
    /// The nickname; the user's id if they chose none.
    pub nickname: String,
    /// Whether the user is online.
    pub status: Status,
    /// When the user last connected or disconnected; None if never.
    pub last_seen: Option<Time>,
    /// The chats that the reader muted. Empty if the user is not the reader.
    pub muted_chats: Vec<ChatId>,
    /// Whether mentions notify the reader in chats that they muted. None if the user is not the reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_on_mention: Option<bool>,
    /// The custom data of the user; None if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// The profile from the Auth Service; None if the answer has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

/// A user's profile from the Auth Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// The user's name in the Auth Service.
    pub username: String,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The URL of the user's picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
}

/// A participant with their read position. Or a stay in the chat that has ended: it has `left_seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The participant's id.
    pub user_id: UserId,
    /// The seq of the last message before they joined; 0 if there was none. They see what comes after it.
    pub joined_seq: Seq,
    /// When they joined.
    pub joined_at: Time,
    /// They have read the messages up to this seq.
    pub read_seq: Seq,
    /// When they last moved their read position; None if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Time>,
    /// The seq of the last message when they left; None for a participant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_seq: Option<Seq>,
    /// When they left or were removed; None for a participant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_at: Option<Time>,
    /// The participant's user document. None in chats of more than 100 participants and in syncs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ChatUser>,
}

/// The answer of `GET /chats/{chatId}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatDetails {
    /// The chat.
    pub chat: Chat,
    /// How many messages the caller has not read.
    pub unread_count: u64,
    /// Whether the caller blocks the other participant of this private chat.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocked: bool,
    /// All participants, sorted by id. Then the stays that have ended, of users who have read a message that the caller
    /// can see.
    pub members: Vec<Member>,
    /// Whether there are more such users who left.
    #[serde(default, skip_serializing_if = "is_false")]
    pub former_members_limited: bool,
    /// Whether the members have no `user`, because there are more than 100.
    #[serde(default, skip_serializing_if = "is_false")]
    pub members_limited: bool,
}

/// A page of the members of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersPage {
    /// The members with their users, sorted by id.
    pub members: Vec<Member>,
    /// Where the next page begins; None on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The unread messages of all of the caller's chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadTotal {
    /// How many messages the caller has not read.
    pub unread_total: u64,
    /// In how many chats.
    pub chats_with_unread: u64,
    /// Whether all chats were counted; else only the 1,000 with the newest activity.
    pub is_exact: bool,
}

/// A page of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// The chats of the page: pinned ones first, then newest activity first.
    pub chats: Vec<InboxEntry>,
    /// Where the next page begins; None on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One chat of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InboxEntry {
    /// The chat.
    pub chat: Chat,
    /// The beginning of the last message; None if the reader cannot see that message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Message>,
    /// The reader's read position.
    pub read_seq: Seq,
    /// How many messages come after the read position.
    pub unread_count: u64,
    /// The reader's view of the chat.
    pub settings: Settings,
    /// Whether the reader blocks the other participant of this private chat.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocked: bool,
    /// The other participant of a private chat; None for a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<ChatUser>,
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

/// The caller's read position in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadPosition {
    /// The chat's id.
    pub chat_id: ChatId,
    /// The caller has read the messages up to this seq.
    pub read_seq: Seq,
    /// When the caller last moved the position; None if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Time>,
    /// How many messages come after it.
    pub unread_count: u64,
    /// The caller's view of the chat, if they had marked it as unread and the position did not move. The mark is taken
    /// back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
}

/// A member's own view of a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Of two views of one membership, the one with the higher number is newer.
    pub member_rev: u64,
    /// Which messages notify the member.
    pub notify: Notify,
    /// When the mute ends; None if it has no end, or the chat is not muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mute_until: Option<Time>,
    /// Whether the chat comes first in the inbox.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pinned: bool,
    /// The chat is archived while its last seq is not above this one, or while the chat is muted. None if it is not
    /// archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_seq: Option<Seq>,
    /// Whether the member marked the chat as unread, and has not read or sent since.
    #[serde(default, skip_serializing_if = "is_false")]
    pub marked_unread: bool,
}

/// Which messages of a chat notify a member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Every message.
    #[default]
    All,
    /// Messages that mention the member.
    Mentions,
    /// None: the chat is muted.
    None,
    /// A level that this version of the library does not know.
    #[serde(untagged)]
    Other(String),
}

/// A member's view of a chat, and their read position and unread count at the same moment: `data` of `member.updated`. A read position
/// above this one takes back [`marked_unread`](Settings::marked_unread).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnMember {
    /// The member's read position.
    pub read_seq: Seq,
    /// The number of messages that the member has not read. The library counts by itself, from the messages that it has.
    pub unread_count: u64,
    /// The member's view.
    pub settings: Settings,
}

/// The answer to a change of the caller's view of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnMemberAnswer {
    /// The chat's id.
    pub chat_id: ChatId,
    /// The view after the request.
    #[serde(flatten)]
    pub member: OwnMember,
}

/// Whether the caller muted a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mute {
    /// The chat's id.
    pub chat_id: ChatId,
    /// Whether the chat is muted.
    pub muted: bool,
    /// When the mute ends; None if it has no end, or the chat is not muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<Time>,
}

/// Whether this user blocks another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockState {
    /// The other user.
    pub user_id: UserId,
    /// Whether they are blocked.
    pub blocked: bool,
}

/// The users whom the caller blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocks {
    /// The blocks, sorted by the id of the blocked user.
    pub blocks: Vec<Block>,
}

/// A user whom the caller blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// The blocked user.
    pub user_id: UserId,
    /// When the block began.
    pub blocked_at: Time,
}

/// Up to where a client has a chat without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// It has all messages up to this seq.
    pub seq: Seq,
    /// It has all changes up to this rev.
    pub rev: Rev,
}

/// The request for what happened since the client's cursors.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// The cursors of the client's chats; at most 100.
    pub cursors: BTreeMap<ChatId, Cursor>,
    /// The chats of `cursors` whose read positions the answer should have; at most 5.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<ChatId>,
}

/// The answer to a sync: what the client missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncAnswer {
    /// The chats of `cursors` that the caller is in.
    pub chats: Vec<ChatSync>,
    /// Chats without a cursor that the caller is in, newest activity first.
    pub joined: Vec<InboxEntry>,
    /// Whether there are more of these than `joined` has.
    #[serde(default, skip_serializing_if = "is_false")]
    pub joined_limited: bool,
    /// Chats of `cursors` that the caller is not in.
    pub gone: Vec<ChatId>,
    /// Whether there is more: sync again with the new cursors.
    pub limited: bool,
}

/// What happened in one chat after its cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatSync {
    /// The chat's id.
    pub chat_id: ChatId,
    /// The next messages after the cursor, by seq.
    pub messages: Vec<Message>,
    /// Messages up to the cursor that changed after it, in the order of their changes.
    pub changed: Vec<Message>,
    /// The chat; None if its document did not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<Chat>,
    /// All read positions; None if the request did not have the chat in `open`, or they did not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
    /// Whether the read positions did not fit.
    #[serde(default, skip_serializing_if = "is_false")]
    pub members_limited: bool,
    /// The caller's read position.
    pub read_seq: Seq,
    /// How many messages come after it.
    pub unread_count: u64,
    /// The messages up to this seq are hidden from the caller.
    pub floor: Seq,
    /// The caller's view of the chat. None if the answer had no room for it: then it is in the inbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    /// Whether the caller blocks the other participant of this private chat.
    #[serde(default, skip_serializing_if = "is_false")]
    pub blocked: bool,
    /// The client's cursor after this answer.
    pub cursor: Cursor,
    /// Whether the chat has more after the new cursor.
    #[serde(default, skip_serializing_if = "is_false")]
    pub limited: bool,
    /// Whether the old cursor cannot be used: forget the chat, and begin again with the inbox.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reset: bool,
}

/// An answer that has a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAnswer {
    /// The chat after the request.
    pub chat: Chat,
}

/// An answer that has a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAnswer {
    /// The message after the request.
    pub message: Message,
}

/// An answer that has a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAnswer {
    /// The user's document.
    pub user: ChatUser,
}

/// The answer of `GET /users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersAnswer {
    /// Those of the users whom the chat shows to the caller, sorted by id.
    pub users: Vec<ChatUser>,
}

/// The answer to the removal of a participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(clippy::large_enum_variant)] // one is read, and used up
pub enum RemovalAnswer {
    /// Another participant was removed.
    Group {
        /// The group after the removal.
        chat: Chat,
    },
    /// The caller left the group.
    Left {
        /// Always true.
        left: bool,
    },
}

/// The answer to `ping`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// Always true.
    pub pong: bool,
}

/// The answer of `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// `ok`.
    pub status: String,
    /// The version of the code that runs.
    pub version: String,
}
