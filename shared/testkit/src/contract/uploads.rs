//! Uploads: each declaration is read back, and each upload is sent once.

use super::{START, Store, commit, create, head_and_member};
use crate::fixtures::{text, upload, user, users};
use domain::attachment::UPLOAD_TTL;
use domain::change::{Change, ChangeKind};
use domain::chat::Chat;
use domain::content::MessageType;
use domain::ids::{AttachmentId, Rev, Seq};
use domain::message::{Body, LiveBody, Message};
use domain::ports::{ChangeOutcome, CommitOutcome, Conflict, Consistency, MessageCommit};
use std::time::Duration;

/// A declaration is read back for a day.
pub async fn uploads_expire(store: impl Store) {
    let chat = create(&store, "upload", &users(&["a", "b"])).await.id;
    let declared = upload(&chat, "a", "upload-1", START);
    store.create_upload(&declared).await.unwrap();
    let id = &declared.attachment.id;
    assert_eq!(store.upload(id, START).await.unwrap().as_ref(), Some(&declared));
    let last = START.plus(UPLOAD_TTL - Duration::from_secs(1));
    assert_eq!(store.upload(id, last).await.unwrap().as_ref(), Some(&declared));
    assert_eq!(store.upload(id, START.plus(UPLOAD_TTL)).await.unwrap(), None);
    assert_eq!(store.upload(&AttachmentId::parse("upload-0").unwrap(), START).await.unwrap(), None);
}

/// Only one of two commits with the same upload is stored, also with another client message id or from another device.
pub async fn upload_is_sent_once(store: impl Store) {
    let chat = create(&store, "sent-upload", &users(&["a", "b"])).await.id;
    let declared = upload(&chat, "a", "sent-upload-1", START);
    let id = declared.attachment.id.clone();
    let until = START.plus(Duration::from_secs(30 * 24 * 60 * 60));
    let with_upload = |commit: MessageCommit| MessageCommit { upload: Some((id.clone(), until)), ..commit };
    let (head, _) = head_and_member(&store, &chat, "a").await;
    for name in [None, Some("too-early")] {
        let unknown = with_upload(commit(&chat, "a", &head, None, name));
        assert_eq!(
            store.commit_message(&unknown).await.unwrap(),
            CommitOutcome::Conflict(Conflict::Outdated),
            "nothing was declared"
        );
    }
    store.create_upload(&declared).await.unwrap();
    let first = with_upload(commit(&chat, "a", &head, None, Some("one")));
    assert_eq!(store.commit_message(&first).await.unwrap(), CommitOutcome::Committed);
    let sent = store.upload(&id, START).await.unwrap().unwrap();
    assert_eq!((sent.sent_as, sent.expires_at), (Some(Seq(1)), until));
    assert_eq!(sent.attachment, declared.attachment);
    let (head, member) = head_and_member(&store, &chat, "a").await;
    for name in [None, Some("two")] {
        let again = with_upload(commit(&chat, "a", &head, member.budget, name));
        assert_eq!(store.commit_message(&again).await.unwrap(), CommitOutcome::Conflict(Conflict::Outdated));
    }
    assert!(
        matches!(store.commit_message(&first).await.unwrap(), CommitOutcome::Repeated(earlier) if earlier.seq == Seq(1))
    );
    assert_eq!(store.message(&chat, Seq(2)).await.unwrap(), None);
}

/// An upload becomes the avatar of one group, together with the change, and no message or group takes it again.
pub async fn upload_becomes_an_avatar_once(store: impl Store) {
    let chat = create(&store, "avatar", &users(&["a", "b", "c"])).await;
    let declared = upload(&chat.id, "a", "avatar-1", START);
    let id = declared.attachment.id.clone();
    let until = START.plus(Duration::from_secs(30 * 24 * 60 * 60));
    let set = async |rev: u64| {
        let (head, _) = head_and_member(&store, &chat.id, "a").await;
        let after =
            Chat { avatar: Some(declared.attachment.clone()), members_rev: head.last_rev.next(), ..chat.clone() };
        let (before, upload) = (Rev(rev), Some((id.clone(), until)));
        let joined = Vec::new();
        let what = ChangeKind::Chat { after, before, joined, left: None, limits: None, upload, closed_chat_of: None };
        let change =
            Change { chat: chat.id.clone(), head, at: START, only_for: None, what, spending: None, queue: None };
        store.commit_change(&change).await.unwrap()
    };
    assert_eq!(set(0).await, ChangeOutcome::Conflict(Conflict::Outdated), "nothing was declared");
    store.create_upload(&declared).await.unwrap();
    assert_eq!(set(0).await, ChangeOutcome::Committed);
    let stored = store.chat(&chat.id, Consistency::Strong).await.unwrap().unwrap();
    assert_eq!(stored.avatar.as_ref(), Some(&declared.attachment));
    let sent = store.upload(&id, START).await.unwrap().unwrap();
    assert_eq!((sent.sent_as, sent.expires_at), (Some(Seq(0)), until));
    assert_eq!(set(1).await, ChangeOutcome::Conflict(Conflict::Outdated), "it is used already");
    let (head, member) = head_and_member(&store, &chat.id, "a").await;
    let message =
        MessageCommit { upload: Some((id.clone(), until)), ..commit(&chat.id, "a", &head, member.budget, None) };
    assert_eq!(store.commit_message(&message).await.unwrap(), CommitOutcome::Conflict(Conflict::Outdated));
}

/// A message with an attachment and no caption, and its tombstone, are read back.
pub async fn attachment_of_a_message_is_read_back(store: impl Store) {
    let chat = create(&store, "carrying", &users(&["a", "b"])).await.id;
    let declared = upload(&chat, "a", "carrying-1", START);
    let id = declared.attachment.id.clone();
    let (head, _) = head_and_member(&store, &chat, "a").await;
    let mut with_attachment = commit(&chat, "a", &head, None, None);
    with_attachment.message.kind = MessageType::Image;
    with_attachment.message.body =
        Body::Live(LiveBody { attachment: Some(declared.attachment), ..LiveBody::new(text("")) });
    assert_eq!(store.commit_message(&with_attachment).await.unwrap(), CommitOutcome::Committed);
    assert_eq!(store.message(&chat, Seq(1)).await.unwrap().as_ref(), Some(&with_attachment.message));
    let (head, _) = head_and_member(&store, &chat, "a").await;
    let body = Body::Deleted { at: START, by: user("a"), attachment: Some(id) };
    let after = Message { body, rev: Rev(1), public_rev: Rev(1), ..with_attachment.message };
    let what = ChangeKind::Message { after: after.clone(), before: Rev(0), deletion: None };
    let change = Change { chat: chat.clone(), head, at: START, only_for: None, what, spending: None, queue: None };
    assert_eq!(store.commit_change(&change).await.unwrap(), ChangeOutcome::Committed);
    assert_eq!(store.message(&chat, Seq(1)).await.unwrap(), Some(after));
}
