//! Short functions that create values which many tests need.

use domain::attachment::{Attachment, Media, UPLOAD_TTL, Upload};
use domain::chat::{Chat, Head};
use domain::chat_user::Connection;
use domain::content::{Content, MessageType};
use domain::custom::Custom;
use domain::file::{BlurHash, ContentType, FileName, Sha256Digest};
use domain::ids::{AttachmentId, ChatId, ClientMessageId, ConnectionId, Rev, Seq, UserId};
use domain::member::Member;
use domain::names::ChatName;
use domain::timestamp::Timestamp;
use domain::use_cases::{Caller, CreateAttachment, SendMessage};
use std::collections::BTreeSet;
use std::time::Duration;

/// The user with this id.
pub fn user(id: &str) -> UserId {
    UserId::parse(id).expect("a user id")
}

/// The users with these ids.
pub fn users(ids: &[&str]) -> Vec<UserId> {
    ids.iter().map(|id| user(id)).collect()
}

/// The user with this id, as a caller over HTTP.
pub fn caller(id: &str) -> Caller {
    Caller { user: user(id), connection: None }
}

/// A content with this text.
pub fn text(content: &str) -> Content {
    Content::parse(content).expect("a content")
}

/// The custom data `{"a": text}`.
pub fn custom(text: &str) -> Custom {
    let object = serde_json::json!({"a": text});
    Custom::parse(&object, Custom::MAX_BYTES).expect("custom data").expect("members")
}

/// A connection with this id, opened at `at`. Its token expires after an hour.
pub fn connection(name: &str, at: Timestamp) -> Connection {
    Connection {
        id: ConnectionId::parse(name).expect("a connection id"),
        connected_at: at,
        exp: at.plus(Duration::from_secs(3600)),
    }
}

/// A text of `sender`. `name` is its client message id; empty for none.
pub fn message(chat: &ChatId, sender: &str, name: &str, content: &str) -> SendMessage {
    SendMessage {
        caller: caller(sender),
        chat: chat.clone(),
        kind: MessageType::Text,
        content: text(content),
        attachment: None,
        reply_to: None,
        mentions: BTreeSet::new(),
        custom: None,
        client_message_id: (!name.is_empty()).then(|| ClientMessageId::parse(name).expect("a client message id")),
    }
}

/// A command with which a user declares a picture for a chat.
pub fn picture(chat: &ChatId, who: &str) -> CreateAttachment {
    let Upload { attachment, owner, chat, .. } = upload(chat, who, "unused", Timestamp::from_seconds(0));
    CreateAttachment {
        user: owner,
        chat,
        file_name: attachment.file_name,
        content_type: attachment.content_type,
        size_bytes: attachment.size_bytes,
        sha256: attachment.sha256,
        media: attachment.media,
    }
}

/// A command with which a user sends the picture `id`. `name` is the client message id; empty for none.
pub fn carrying(chat: &ChatId, who: &str, name: &str, id: &AttachmentId) -> SendMessage {
    let (kind, attachment) = (MessageType::Image, Some(id.clone()));
    SendMessage { kind, attachment, ..message(chat, who, name, "") }
}

/// A picture that `owner` declared at `at` for a chat.
pub fn upload(chat: &ChatId, owner: &str, id: &str, at: Timestamp) -> Upload {
    Upload {
        attachment: Attachment {
            id: AttachmentId::parse(id).expect("an attachment id"),
            file_name: FileName::parse("holiday.png").expect("a file name"),
            content_type: ContentType::parse("image/png").expect("a content type"),
            size_bytes: 1234,
            sha256: Sha256Digest::parse("0f".repeat(32)).expect("a digest"),
            media: Media::Image {
                width: 640,
                height: 480,
                blur_hash: BlurHash::parse("LEHV6nWB2yk8pyo0adR*.7kCMdnj").expect("a BlurHash"),
            },
        },
        owner: user(owner),
        chat: chat.clone(),
        created_at: at,
        expires_at: at.plus(UPLOAD_TTL),
        sent_as: None,
    }
}

/// The stored documents of a new chat: a group if there are more than two participants, otherwise a private chat.
pub fn chat_of(id: &str, participants: &[UserId], at: Timestamp) -> (Chat, Head, Vec<Member>) {
    let is_group = participants.len() > 2;
    let creator = participants.first().expect("a participant").clone();
    let chat = Chat {
        id: ChatId::parse(id).expect("a chat id"),
        is_group,
        name: is_group.then(|| ChatName::parse("A group").expect("a name")),
        topic: None,
        custom: None,
        avatar: None,
        participants: participants.iter().cloned().collect(),
        admins: if is_group { [creator.clone()].into() } else { [].into() },
        created_by: creator,
        created_at: at,
        members_rev: Rev(0),
        closed_at: None,
        blocked_by: BTreeSet::new(),
        request_hash: is_group.then(|| "hash".to_owned()),
    };
    let participant_count = u32::try_from(participants.len()).expect("a count");
    let members = participants.iter().map(|user| Member::joining(user.clone(), Seq(0), at)).collect();
    (chat, Head::new(participant_count, at), members)
}
